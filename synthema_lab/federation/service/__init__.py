"""What does a hospital's site do while studies run?

`Service` is the loop behind ``synthema site serve``: it takes in studies, and
answers the letters of those that are approved. `StudyPart` is a site's part in
one study; `computing` says where its vectors are computed.
"""

from __future__ import annotations

from .apart import Apart
from .computing import Computing, InProcess
from .part import StudyPart
from .service import Service

__all__ = ["Apart", "Computing", "InProcess", "Service", "StudyPart"]
