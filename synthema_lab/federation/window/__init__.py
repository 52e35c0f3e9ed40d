"""What does a hospital show to a researcher who has not asked for anything yet?

`publish_window` puts invented patients and the data dictionary of each cohort
into the outbox, signed; `connect` reads the windows of several hospitals, and
from there a study is drafted, submitted and waited for.
"""

from __future__ import annotations

from .connecting import Hospitals, connect
from .hospital import Hospital
from .shown import publish_window
from .submission import Submission

__all__ = ["Hospital", "Hospitals", "Submission", "connect", "publish_window"]
