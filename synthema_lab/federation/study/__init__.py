"""What does a researcher ask for, and how does the owner of the data read it?

A `Study` is data, signed by its researcher and known by its hash. A `Review`
is what a hospital sees before approving it.
"""

from __future__ import annotations

from .difference import Change, differences
from .drafting import complete
from .errors import KeyFileRefused, StudyForged, StudyRefused
from .keyfile import fingerprint, load_key, make_key
from .page import page, write_page
from .parts import Output, PrivacyBudget, Researcher, SumTerms
from .review import Account, Review
from .signed import SignedStudy, cancellation, require_cancellation
from .study import Study

__all__ = [
    "Account",
    "Change",
    "KeyFileRefused",
    "Output",
    "PrivacyBudget",
    "Researcher",
    "Review",
    "SignedStudy",
    "Study",
    "StudyForged",
    "StudyRefused",
    "SumTerms",
    "cancellation",
    "complete",
    "differences",
    "fingerprint",
    "load_key",
    "make_key",
    "page",
    "require_cancellation",
    "write_page",
]
