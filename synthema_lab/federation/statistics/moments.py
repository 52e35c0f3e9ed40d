"""What is the mean of a variable, and how far does it spread, over all sites?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...dictionary.variable import plain
from ...errors import ArgumentRefused, DataMismatch
from .disclosure import hidden_entries, named_unless_shown, shown_count
from .display import Shown, span, text
from .levels import codes, levels, numeric
from .noise import Sensitivity

if TYPE_CHECKING:
    from .consortium import Consortium

_COLUMNS = ("patients", "mean", "low", "high", "variance", "variance_low", "variance_high")


@dataclass(frozen=True, eq=False, repr=False)
class Moments(Shown):
    """Mean and variance of a variable, by group.

    Attributes
    ----------
    variable : str
    unit : str
    by : str or None
    groups : DataFrame
        One row a group that may be shown (index ``"all"`` without groups):
        patients, mean with its 95% interval (low, high; Student's t), and
        variance (of a sample, n - 1) with its 95% interval (chi-square; right
        for a normal variable only, and NaN with noise).
    unused : int or None
        Patients who miss a value; None where it may not be shown.
    suppressed : tuple of str
    noised : bool
        Whether the sites added noise; the interval of the mean allows for it.
    """

    variable: str
    unit: str
    by: str | None
    groups: pd.DataFrame
    unused: int | None
    suppressed: tuple[str, ...] = ()
    noised: bool = False

    def __getitem__(self, group: str) -> pd.Series:
        return self.groups.loc[group]

    def table(self) -> pd.DataFrame:
        """Mean and variance, one group a line."""
        return self.groups.copy()

    def _title(self) -> str:
        by = f" by {self.by}" if self.by else ""
        return f"Mean and variance of {self.variable}{self.unit}{by}" + (
            ", with noise" if self.noised else ""
        )

    def _shown(self) -> pd.DataFrame:
        rows = {
            group: {
                "patients": text(row["patients"]),
                "mean": text(row["mean"], 4),
                "95% interval": span(row["low"], row["high"], 4),
                "variance": text(row["variance"], 4),
                "95% interval ": span(row["variance_low"], row["variance_high"], 4),
            }
            for group, row in self.groups.iterrows()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _notes(self) -> tuple[str, ...]:
        return (*super()._notes(), f"Patients with a missing value: {text(self.unused)}.")


def mean_variance(
    consortium: Consortium,
    variable: str,
    by: str | None = None,
    *,
    limits: tuple[float, float] | None = None,
    where: str | None = None,
) -> Moments:
    """Mean and variance of a numeric variable over all sites.

    Parameters
    ----------
    consortium : Consortium
    variable : str
        A number or an integer.
    by : str, optional
        A category or boolean; one mean for each level.
    limits : tuple of float, optional
        Public limits of the variable; its hard limits in the dictionary if not given.
    where : str, optional
        A condition in the dictionary's rule language.

    Returns
    -------
    Moments

    Raises
    ------
    ArgumentRefused
        If the variable is not numeric or has no limits.
    DataMismatch
        If a site holds a value beyond the limits.
    BudgetExhausted

    Notes
    -----
    Values are centred at the middle of the limits and divided by half their
    width, so that each lies in -1 to 1. Each site adds up, by group, patients,
    values and squared values. One patient added or removed moves these three
    numbers of one group, each by at most 1: the sensitivity. The mean is off by
    at most the encoding error of a sum (see `Consortium.openings`) times half the
    width of the limits over n.

    Groups of fewer patients than the smallest cell are left out, and another
    with a single such group, so that the mean of all does not give it away.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> consortium = Consortium(cohort.sites(), cohort.dictionary)
    >>> mean_variance(consortium, "age_years", by="sex").groups["mean"].round(2).to_dict()
    {'F': 60.98, 'M': 60.5}
    """
    asked = numeric(consortium.variable(variable))
    low, high = _limits(variable, asked.range if limits is None else limits)
    groups = ("all",) if by is None else levels(consortium.variable(by))
    variables = (variable,) if by is None else (variable, by)
    key = ("moments", variables, low, high, where)
    opened = consortium.sum(
        f"mean and variance of {variable}"
        + (f" by {by}" if by else "")
        + (f" where {where}" if where else ""),
        partial(local_moments, variable=variable, by=by, groups=len(groups), low=low, high=high),
        variables=variables,
        where=where,
        clip=float(consortium.largest_site),
        sensitivity=Sensitivity(1.0, coordinates=3),
        unused=True,
        key=key,
    )
    noise = float(consortium.opening(key).noise_sd[0])
    counts = np.maximum(np.rint(opened[:-1].reshape(-1, 3)[:, 0]), 0).astype(np.int64)
    hidden = hidden_entries(counts, consortium.smallest_cell)[:-1]
    shown = {
        group: _group(row, (low + high) / 2, (high - low) / 2, noise)
        for group, row, gone in zip(groups, opened[:-1].reshape(-1, 3), hidden, strict=True)
        if not gone and np.rint(row[0]) > 0
    }
    unused = shown_count(max(int(np.rint(opened[-1])), 0), consortium.smallest_cell)
    return Moments(
        variable,
        f" ({asked.unit})" if asked.unit else "",
        by,
        pd.DataFrame.from_dict(shown, orient="index", columns=_COLUMNS).astype({"patients": int}),
        unused,
        tuple(f"{by}={g}" if by else g for g, gone in zip(groups, hidden, strict=True) if gone)
        + named_unless_shown(missing=unused),
        consortium.noise is not None,
    )


def local_moments(
    patients: pd.DataFrame, variable: str, by: str | None, groups: int, low: float, high: float
) -> np.ndarray:
    """The local part: by group, patients, scaled values and their squares.

    Returns
    -------
    numpy.ndarray of float64, shape (groups * 3,)

    Examples
    --------
    >>> site = pd.DataFrame({"age": [10.0, 20.0]})
    >>> local_moments(site, "age", None, 1, 0.0, 20.0).tolist()
    [2.0, 1.0, 1.0]
    """
    values = patients[variable].to_numpy(dtype=np.float64)
    beyond = int(((values < low) | (values > high)).sum())
    if beyond:
        raise DataMismatch(
            f"{beyond} values of {variable} lie beyond its limits.",
            f"{plain(low)} to {plain(high)}.",
            "See dictionary.check(patients) at that site; nothing has left it.",
        )
    scaled = (values - (low + high) / 2) / ((high - low) / 2)
    group = codes(patients, [by] if by else [], [groups] if by else [])
    sums = [
        np.bincount(group, weights=weights, minlength=groups)
        for weights in (np.ones_like(scaled), scaled, scaled**2)
    ]
    return np.stack(sums, axis=1).ravel()


def _group(row: np.ndarray, centre: float, half: float, noise_sd: float) -> tuple[float, ...]:
    """One line of the result, from the three opened sums of a group."""
    from scipy.stats import chi2, t

    n = float(np.rint(row[0]))
    scaled = row[1] / n
    spread = (row[2] - n * scaled**2) / (n - 1) if n > 1 else np.nan
    spread = max(spread, 0.0) if spread == spread else np.nan
    # To first order the noise on n, in patients, moves the scaled mean by -mean / n of it.
    error = np.sqrt(spread / n + noise_sd**2 * (1 + scaled**2) / n**2)
    margin = float(t.ppf(0.975, n - 1)) * error if n > 1 else np.nan
    mean, variance = centre + half * scaled, half**2 * spread
    bounds = (np.nan, np.nan)
    if n > 1 and not noise_sd:
        bounds = tuple(variance * (n - 1) / chi2.ppf([0.975, 0.025], n - 1))
    return (n, mean, mean - half * margin, mean + half * margin, variance, *bounds)


def _limits(variable: str, limits: tuple[float, float] | None) -> tuple[float, float]:
    if limits is None or len(limits) != 2 or not -np.inf < limits[0] < limits[1] < np.inf:
        raise ArgumentRefused(
            f"{variable} has no limits, within which its values could be summed.",
            "A lower and a higher limit that are public.",
            "Declare a range in the dictionary, or use limits=(0, 100).",
        )
    return float(limits[0]), float(limits[1])
