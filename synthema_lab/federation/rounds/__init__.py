"""In what form do a researcher and a site speak while a study runs?"""

from __future__ import annotations

from .letters import Letter, LetterRefused, pack, unpack
from .series import RESEARCHER, SeriesTerms, new_series

__all__ = [
    "RESEARCHER",
    "Letter",
    "LetterRefused",
    "SeriesTerms",
    "new_series",
    "pack",
    "unpack",
]
