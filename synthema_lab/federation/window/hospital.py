"""What does one hospital show of itself?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...secure_aggregation import Member
from ..study import fingerprint
from .shown import Shown


@dataclass(frozen=True)
class Hospital:
    """A hospital, as it shows itself.

    Attributes
    ----------
    name : str
    member : Member
        With the key that is to be compared with the hospital by telephone.
    exchange : pathlib.Path
    cohorts : mapping of str to Shown
    """

    name: str
    member: Member
    exchange: Path
    cohorts: Mapping[str, Shown] = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Of its identity key."""
        return fingerprint(self.member.key)

    def mock(self, cohort: str = "") -> pd.DataFrame:
        """Invented patients of a cohort; of the only one, if none is named."""
        return self._shown(cohort).mock.copy()

    def dictionary(self, cohort: str = "") -> DataDictionary:
        """The data dictionary of a cohort."""
        return self._shown(cohort).dictionary

    def _shown(self, cohort: str) -> Shown:
        named = cohort or (next(iter(self.cohorts)) if len(self.cohorts) == 1 else "")
        if named not in self.cohorts:
            raise ArgumentRefused(
                f"{self.name} shows no cohort {cohort or 'that goes without a name'}.",
                f"One of: {', '.join(self.cohorts) or 'none'}.",
                "Name one of these.",
            )
        return self.cohorts[named]
