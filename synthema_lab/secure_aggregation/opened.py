"""What comes out of a completed round?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .settings import RoundSettings


@dataclass(frozen=True, eq=False)
class OpenedSum:
    """The sum of a completed round.

    Parameters
    ----------
    total : numpy.ndarray, shape (length,)
        int64 where the scale is 1, else float64.
    survivors : tuple of str
        The sites whose vectors are in the sum.
    settings : RoundSettings
    """

    total: np.ndarray
    survivors: tuple[str, ...]
    settings: RoundSettings

    def __repr__(self) -> str:
        return (
            f"OpenedSum(round {self.settings.round_id}: {self.total.size} coordinates over "
            f"{len(self.survivors)} of {self.settings.sites} sites)"
        )
