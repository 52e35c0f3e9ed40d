"""What is alike in all procedures that open one sum of whole numbers?"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from ...dictionary import DataDictionary
from ...secure_aggregation import OpenedSum
from ..study.errors import StudyRefused

if TYPE_CHECKING:
    from ..study.study import Study


def whole_number_terms(sites: int, largest: int) -> dict[str, Any]:
    """Sum terms with room for whole numbers up to `largest` at each site, in 32 bits.

    Examples
    --------
    >>> whole_number_terms(3, 10_000)
    {'modulus_bits': 32, 'scale': 1, 'clip': 10000.0}
    """
    return {"modulus_bits": 32, "scale": 1, "clip": float(min(largest, (2**31 - 1) // sites))}


def require_settings(study: Study, known: Collection[str]) -> None:
    """Refuse settings that the procedure does not have.

    Raises
    ------
    StudyRefused
    """
    unknown = [name for name, _ in study.settings if name not in known]
    if unknown:
        raise StudyRefused(
            f"Its settings are not those of {study.generator}: {', '.join(unknown)}.",
            f"One of: {', '.join(known)}.",
            "Correct generator.settings in the draft, and submit it again.",
        )


def variables_of(study: Study, dictionary: DataDictionary) -> list[str]:
    """Names of the study's variables.

    Raises
    ------
    StudyRefused
        If one is not in the dictionary.
    """
    names = [name for name, _ in study.variables]
    foreign = [name for name in names if name not in dictionary.variables]
    if foreign:
        raise StudyRefused(
            f"Not in the data dictionary {dictionary.name}: {', '.join(foreign)}.",
            "Variables of the dictionary that the study names.",
            "Correct variables in the draft, and submit it again.",
        )
    return names


class OneSum:
    """The one sum of a study, once it was opened.

    Attributes
    ----------
    total : numpy.ndarray of int64 or None
    sites : int
        How many sites' vectors are in it.
    """

    def __init__(self) -> None:
        self.total: np.ndarray | None = None
        self.sites = 0

    def take(self, opened: OpenedSum) -> None:
        """Keep the sum."""
        self.total, self.sites = np.asarray(opened.total, dtype=np.int64), len(opened.survivors)
