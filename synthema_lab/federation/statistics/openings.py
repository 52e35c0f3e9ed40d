"""What has been opened to the coordinator, and how exactly?"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Opening:
    """One vector that the coordinator saw: a sum over all sites.

    Attributes
    ----------
    purpose : str
        What it was opened for.
    length : int
        How many numbers.
    error : numpy.ndarray of float64, shape (length,)
        Bound on the absolute encoding error of each number; 0 for whole numbers.
    noised : bool
        Whether the sites added noise.
    epsilon : float or None
        Proven for this opening alone; None without noise.
    noise_sd : numpy.ndarray of float64, shape (length,)
        Standard deviation of the noise in each number; 0 without noise.
    values : numpy.ndarray, shape (length,)
        What was opened, kept for the audit. It has not been through the
        disclosure rule: do not print it.

    Examples
    --------
    >>> opening = Opening("number of patients", 2, np.zeros(2), False, None, np.zeros(2),
    ...                   np.array([731, 12]))
    >>> print(opening)
    number of patients: 2 whole numbers, exact, without noise
    """

    purpose: str
    length: int
    error: np.ndarray = field(repr=False)
    noised: bool
    epsilon: float | None
    noise_sd: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)

    def __str__(self) -> str:
        kind = "whole numbers" if self.values.dtype.kind == "i" else "real numbers"
        largest = float(self.error.max(initial=0))
        exact = f"within {largest:.2g}" if largest else "exact"
        noise = f"epsilon {self.epsilon:.2f}" if self.noised else "without noise"
        return f"{self.purpose}: {self.length} {kind}, {exact}, {noise}"


def as_table(openings: list[Opening]) -> pd.DataFrame:
    """Openings one a line, without their values.

    Returns
    -------
    DataFrame
        purpose, numbers, kind (whole or real), error (largest bound of the
        encoding error), noise_sd (largest), epsilon (NaN without noise).
    """
    return pd.DataFrame(
        {
            "purpose": [one.purpose for one in openings],
            "numbers": [one.length for one in openings],
            "kind": ["whole" if one.values.dtype.kind == "i" else "real" for one in openings],
            "error": [float(one.error.max(initial=0)) for one in openings],
            "noise_sd": [float(one.noise_sd.max(initial=0)) for one in openings],
            "epsilon": [np.nan if one.epsilon is None else one.epsilon for one in openings],
        }
    )
