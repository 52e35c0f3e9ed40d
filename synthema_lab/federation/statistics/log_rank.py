"""Do groups differ in survival, over all sites?

The log-rank test (Mantel 1966; Peto and Peto 1972) on a public time grid, from
the same table that survival curves rest on. It equals the pooled test on times
rounded up to the grid, ties included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...errors import ArgumentRefused
from .disclosure import hidden_entries, named_unless_shown, shown_count
from .display import Shown, span, text, with_holes
from .exits import at_risk, open_exits

if TYPE_CHECKING:
    from .consortium import Consortium

_Z = 1.959963984540054


@dataclass(frozen=True, eq=False, repr=False)
class LogRank(Shown):
    """Result of a log-rank test.

    Attributes
    ----------
    time, event, by : str
    statistic : float
        Chi-square.
    degrees : int
        Groups with patients, less one.
    p_value : float
    groups : DataFrame
        By group: patients, events (nullable integers, missing where hidden)
        and expected (float, NaN where hidden).
    hazard_ratio : tuple of (float, float, float) or None
        With two groups and nothing hidden: that of the second to the first by
        Peto's one-step estimate, with its 95% interval. Biased towards 1 when far
        from it.
    unused : int or None
    suppressed : tuple of str
    noised : bool
        Whether the sites added noise; the test then allows for it.
    """

    time: str
    event: str
    by: str
    statistic: float
    degrees: int
    p_value: float
    groups: pd.DataFrame
    hazard_ratio: tuple[float, float, float] | None
    unused: int | None
    suppressed: tuple[str, ...] = ()
    noised: bool = False

    def _title(self) -> str:
        return (
            f"Log-rank test, {self.event} over {self.time} by {self.by}: chi-square "
            f"{self.statistic:.4g} on {self.degrees} degrees of freedom, p = {self.p_value:.3g}"
            + (", with noise" if self.noised else "")
        )

    def _shown(self) -> pd.DataFrame:
        shown = self.groups.astype(object)
        shown["expected"] = [
            text(None if np.isnan(value) else value, 4) for value in self.groups["expected"]
        ]
        for name in ("patients", "events"):
            shown[name] = [text(None if pd.isna(value) else value) for value in self.groups[name]]
        return shown

    def _notes(self) -> tuple[str, ...]:
        notes = super()._notes()
        if self.hazard_ratio is not None:
            ratio, low, high = self.hazard_ratio
            notes += (f"Hazard ratio (Peto) {text(ratio)}, 95% interval {span(low, high)}.",)
        return (*notes, f"Patients with a missing value: {text(self.unused)}.")


def logrank(
    consortium: Consortium,
    by: str,
    grid: float | Sequence[float] | None = None,
    *,
    time: str | None = None,
    event: str | None = None,
    where: str | None = None,
) -> LogRank:
    """Compare the survival of groups over all sites.

    Parameters
    ----------
    consortium : Consortium
    by : str
        A category or boolean that forms the groups.
    grid : float or sequence of float, optional
        See `time_grid`; quarters of a year up to the horizon if not given.
    time, event : str, optional
        The dictionary's outcome if not given.
    where : str, optional
        A condition in the dictionary's rule language.

    Returns
    -------
    LogRank

    Raises
    ------
    DisclosureRefused
        If the grid is too fine.
    ArgumentRefused
        If fewer than two groups have patients.
    DataMismatch, BudgetExhausted

    Notes
    -----
    The table by interval is not shown, only its sums over time, hidden where
    they are small. The statistic is that of the whole grid, nothing merged. With
    noise, the variance that the noise adds to observed less expected events,
    to first order, is added to theirs.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> logrank(Consortium(cohort.sites(), cohort.dictionary), "age_group").degrees
    3
    """
    from scipy.stats import chi2

    exits = open_exits(consortium, by, grid, time, event, where)
    events, censored = exits.events.astype(float), exits.censored.astype(float)
    excess, variance = excess_events(events, censored)
    information = variance
    if exits.noise_variance:
        slope = _slope(events, censored)
        variance = variance + exits.noise_variance * slope @ slope.T
    leaving = exits.events.sum(axis=1) + exits.censored.sum(axis=1)
    present = np.flatnonzero(leaving > 0)
    if len(present) < 2:
        raise ArgumentRefused(
            f"Fewer than two groups of {by} have patients.",
            "Two groups or more.",
            "Choose another variable, or widen the condition.",
        )
    tested = present[1:]  # the excesses add up to 0: one group follows from the others
    inverse = np.linalg.pinv(variance[np.ix_(tested, tested)], hermitian=True)
    statistic = float(excess[tested] @ inverse @ excess[tested])
    degrees = len(present) - 1
    observed = exits.events.sum(axis=1)
    counts = np.stack([observed, leaving - observed], axis=1)[present]
    hidden = hidden_entries(counts, consortium.smallest_cell)[:-1, :-1].any(axis=1)
    names = [exits.groups[number] for number in present]
    groups = pd.DataFrame(
        {
            "patients": with_holes(leaving[present], hidden),
            "events": with_holes(observed[present], hidden),
            "expected": np.where(hidden, np.nan, (observed - excess)[present]),
        },
        index=pd.Index(names, name=by),
    )
    ratio = None
    second = tested[0]
    if degrees == 1 and not hidden.any() and information[second, second] > 0:
        known = float(information[second, second])
        middle = float(excess[second]) / known
        margin = _Z * float(np.sqrt(variance[second, second])) / known
        ratio = tuple(float(np.exp(middle + sign * margin)) for sign in (0, -1, 1))
    unused = shown_count(exits.unused, consortium.smallest_cell)
    return LogRank(
        exits.time,
        exits.event,
        by,
        statistic,
        degrees,
        float(chi2.sf(statistic, degrees)),
        groups,
        ratio,
        unused,
        tuple(f"{by}={name}" for name, gone in zip(names, hidden, strict=True) if gone)
        + named_unless_shown(missing=unused),
        exits.noise_variance > 0,
    )


def excess_events(events: np.ndarray, censored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Observed less expected events of each group, and their covariance.

    Parameters
    ----------
    events, censored : numpy.ndarray, shape (groups, intervals)

    Returns
    -------
    excess : numpy.ndarray, shape (groups,)
        Adds up to 0.
    variance : numpy.ndarray, shape (groups, groups)
        Hypergeometric, with its correction for ties.

    Examples
    --------
    >>> excess, variance = excess_events(np.array([[1, 0], [0, 1]]), np.zeros((2, 2)))
    >>> excess.tolist(), float(variance[1, 1])
    ([0.5, -0.5], 0.25)
    """
    risk = at_risk(events, censored)
    everyone, died = risk.sum(axis=0), events.sum(axis=0)
    share = np.divide(risk, everyone, out=np.zeros_like(risk, dtype=float), where=everyone > 0)
    several = np.maximum(everyone - 1, 1)
    weight = np.where(everyone > 1, died * (everyone - died) / several, 0.0)
    excess = (events - share * died).sum(axis=1)
    return excess, np.diag(share @ weight) - (share * weight) @ share.T


def _slope(events: np.ndarray, censored: np.ndarray) -> np.ndarray:
    """How far a patient more in each cell moves the excess, shape (groups, cells)."""
    table = np.stack([events, censored], axis=1)
    base = excess_events(events, censored)[0]
    slope = np.empty((len(events), table.size))
    for cell in range(table.size):
        more = table.copy()
        more.reshape(-1)[cell] += 1
        slope[:, cell] = excess_events(more[:, 0], more[:, 1])[0] - base
    return slope
