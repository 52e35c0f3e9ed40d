"""Are two or more categories independent, and if not, how far from it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .display import span, text

_Z = 1.959963984540054


@dataclass(frozen=True)
class Association:
    """What a table of counts says about independence.

    Attributes
    ----------
    statistic : float
        Pearson's chi-square of mutual independence, without a continuity
        correction, over the levels that have patients; NaN with noise.
    degrees : int
    p_value : float
    smallest_expected : float
        Smallest expected count; below 5 the p-value is rough.
    odds_ratio : tuple of (float, float, float) or None
        For two by two levels: ``n11 n22 / (n12 n21)`` with Woolf's 95% interval;
        None otherwise, or with an empty cell.

    Examples
    --------
    >>> print(associated(np.array([[10, 20], [30, 40]])))
    Chi-square 0.794 on 1 degrees of freedom, p = 0.373; smallest expected count 12.
    Odds ratio 0.667, 95% interval 0.273 to 1.63.
    """

    statistic: float
    degrees: int
    p_value: float
    smallest_expected: float
    odds_ratio: tuple[float, float, float] | None = None

    def __str__(self) -> str:
        if np.isnan(self.statistic):
            lines = ["No chi-square test: its distribution does not hold for counts with noise."]
        else:
            lines = [
                f"Chi-square {text(self.statistic)} on {self.degrees} degrees of freedom, "
                f"p = {self.p_value:.3g}; smallest expected count {text(self.smallest_expected)}."
            ]
        if self.odds_ratio is not None:
            ratio, low, high = self.odds_ratio
            lines.append(f"Odds ratio {text(ratio)}, 95% interval {span(low, high)}.")
        return "\n".join(lines)


def associated(counts: np.ndarray, noise_variance: float = 0.0) -> Association | None:
    """Test a table for independence.

    Parameters
    ----------
    counts : numpy.ndarray of int64
        Two dimensions or more.
    noise_variance : float
        Of each count; it widens the interval of the odds ratio.

    Returns
    -------
    Association or None
        None if fewer than two variables have two levels with patients.
    """
    from scipy.stats import chi2_contingency

    table = counts
    for axis in range(counts.ndim):
        others = tuple(other for other in range(counts.ndim) if other != axis)
        table = np.compress(counts.sum(axis=others) > 0, table, axis=axis)
    if sum(size > 1 for size in table.shape) < 2:
        return None
    ratio = _odds_ratio(counts, noise_variance)
    found = chi2_contingency(table, correction=False)
    smallest = float(found.expected_freq.min())
    if noise_variance:
        return Association(np.nan, int(found.dof), np.nan, smallest, ratio)
    return Association(float(found.statistic), int(found.dof), float(found.pvalue), smallest, ratio)


def _odds_ratio(counts: np.ndarray, noise_variance: float) -> tuple[float, float, float] | None:
    if counts.shape != (2, 2) or (counts == 0).any():
        return None
    middle = np.log(counts[0, 0] * counts[1, 1] / (counts[0, 1] * counts[1, 0]))
    margin = _Z * np.sqrt((1 / counts + noise_variance / counts**2).sum())
    return tuple(float(np.exp(middle + sign * margin)) for sign in (0, -1, 1))
