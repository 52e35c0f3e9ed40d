"""How many patients are alive at each time, over all sites?

The estimator of Kaplan and Meier (1958) on a public time grid, from
secure-summed tables of events and censorings, with Greenwood's variance on the
log-log scale (Kalbfleisch and Prentice 2002). It equals the pooled estimate
from times rounded up to the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .disclosure import hidden_entries, named_unless_shown, shown_count
from .display import Shown, span, text
from .exits import Exits, at_risk, open_exits
from .intervals import delayed, finest_merge, merged
from .product_limit import log_log_interval, noise_variance, product_limit

if TYPE_CHECKING:
    from .consortium import Consortium


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalCurve:
    """One group\'s curve, on the intervals that may be shown.

    Attributes
    ----------
    group : str
        Empty without groups.
    start, end : numpy.ndarray, shape (intervals,)
        In the unit of the time variable; survival is that at `end`.
    at_risk, events, censored : numpy.ndarray of int64, shape (intervals,)
        Who is followed beyond the grid is censored in the last interval.
    survival, low, high : numpy.ndarray of float64, shape (intervals,)
        Share alive, 0 to 1, with a 95% interval (NaN where survival is 0 or 1).
    """

    group: str
    start: np.ndarray
    end: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def n(self) -> int:
        """Patients in the group."""
        return int(self.at_risk[0])

    @property
    def median(self) -> tuple[float, float, float]:
        """Median survival and its 95% interval (Brookmeyer and Crowley 1982); inf if not reached.

        The ends of intervals: as coarse as the grid.
        """
        return tuple(self._reached(curve) for curve in (self.survival, self.low, self.high))

    def at(self, time: float) -> tuple[float, float, float]:
        """Survival at the last interval\'s end up to `time`, with its interval."""
        place = int(np.searchsorted(self.end, time, side="right")) - 1
        if place < 0:
            return 1.0, np.nan, np.nan
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])

    def table(self) -> pd.DataFrame:
        """The curve, one interval a line."""
        columns = ("start", "end", "at_risk", "events", "censored", "survival", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in columns})

    def _reached(self, curve: np.ndarray) -> float:
        reached = np.flatnonzero(curve <= 0.5 + 1e-12)
        return float(self.end[reached[0]]) if reached.size else np.inf


@dataclass(frozen=True, eq=False, repr=False)
class SurvivalCurves(Shown):
    """Curves by group.

    Attributes
    ----------
    time, event : str
    by : str or None
    curves : mapping of str to SurvivalCurve
        By group; one with an empty name without groups.
    unused : int or None
        Patients that miss a value; None where it may not be shown.
    suppressed : tuple of str
        Groups without a curve, and edges of the grid that were merged away.
    noised : bool
        Whether the sites added noise; the intervals then allow for it.
    """

    time: str
    event: str
    by: str | None
    curves: dict[str, SurvivalCurve]
    unused: int | None
    suppressed: tuple[str, ...] = ()
    noised: bool = False
    unit: str = field(default="")

    def __getitem__(self, group: str) -> SurvivalCurve:
        return self.curves[group]

    def table(self) -> pd.DataFrame:
        """All curves below each other."""
        parts = [curve.table().assign(group=name) for name, curve in self.curves.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _title(self) -> str:
        groups = f" by {self.by}" if self.by else ""
        noise = ", with noise" if self.noised else ""
        return f"Survival (Kaplan-Meier), {self.event} over {self.time}{groups}{noise}"

    def _shown(self) -> pd.DataFrame:
        rows = {}
        for name, curve in self.curves.items():
            middle, low, high = curve.median
            last, last_low, last_high = curve.at(curve.end[-1])
            rows[name or "all"] = {
                "patients": text(curve.n),
                "events": text(int(curve.events.sum())),
                f"median{self.unit}": text(middle, 4),
                "95% interval": span(low, high, 4),
                f"alive at {curve.end[-1]:g}{self.unit}": f"{last:.3f}",
                "95% interval ": "" if np.isnan(last_low) else f"{last_low:.3f} to {last_high:.3f}",
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _notes(self) -> tuple[str, ...]:
        return (*super()._notes(), f"Patients with a missing value: {text(self.unused)}.")


def kaplan_meier(
    consortium: Consortium,
    by: str | None = None,
    grid: float | Sequence[float] | None = None,
    *,
    time: str | None = None,
    event: str | None = None,
    where: str | None = None,
) -> SurvivalCurves:
    """Survival curves over all sites.

    Parameters
    ----------
    consortium : Consortium
    by : str, optional
        A category or boolean; one curve for each level.
    grid : float or sequence of float, optional
        See `time_grid`; quarters of a year up to the horizon if not given.
    time, event : str, optional
        The dictionary\'s outcome if not given.
    where : str, optional
        A condition in the dictionary\'s rule language.

    Returns
    -------
    SurvivalCurves

    Raises
    ------
    DisclosureRefused
        If the grid is too fine.
    ArgumentRefused, DataMismatch, BudgetExhausted

    Notes
    -----
    The coordinator sees the table on the whole grid. What is returned has
    neighbouring intervals merged, group by group, into as many as possible of
    which each has no event or at least the smallest cell. Censored patients are
    moved to the end of the interval with which they are at least the smallest
    cell: until then they count as at risk, which puts survival a little too
    high. So all numbers at risk, and their
    differences, may be shown. It is the estimate of Kaplan and Meier from
    times rounded up to those edges.

    Groups with too few events or censorings in all have no curve, and another
    one is left out with a single such group. One patient is in one cell of
    the table: that is its sensitivity.

    With noise, the variance of the noise is carried to the intervals to first
    order, along the gradient of log survival in the cells.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.federation.statistics import Consortium
    >>> cohort = load_cohort("leuksurv")
    >>> curves = kaplan_meier(Consortium(cohort.sites(), cohort.dictionary), grid=365)
    >>> curves[""].table()[["end", "at_risk", "events"]].head(2).values.tolist()
    [[365.0, 1043.0, 651.0], [730.0, 364.0, 147.0]]
    """
    exits = open_exits(consortium, by, grid, time, event, where)
    smallest = consortium.smallest_cell
    outcome = np.stack([exits.events.sum(axis=1), exits.censored.sum(axis=1)], axis=1)
    hidden = hidden_entries(outcome, smallest)[:-1, :-1].any(axis=1)
    curves, suppressed = {}, []
    for number, group in enumerate(exits.groups):
        if hidden[number]:
            suppressed.append(f"{by}={group}" if by else "all patients")
        elif outcome[number].sum() > 0:
            curves[group] = _curve(exits, number, smallest)
            lost = len(exits.edges) - 1 - len(curves[group].end)
            if lost:
                suppressed.append((f"{by}={group}: " if by else "") + f"{lost} edges of the grid")
    unit = consortium.dictionary.variables[exits.time].unit
    unused = shown_count(exits.unused, smallest)
    return SurvivalCurves(
        exits.time,
        exits.event,
        by,
        curves,
        unused,
        (*suppressed, *named_unless_shown(missing=unused)),
        exits.noise_variance > 0,
        f" ({unit})" if unit else "",
    )


def _curve(exits: Exits, number: int, smallest_cell: int) -> SurvivalCurve:
    ends = finest_merge(exits.events[number], smallest_cell)
    events, censored = merged(exits.events[number], ends), merged(exits.censored[number], ends)
    blocks = finest_merge(censored, smallest_cell)
    censored = delayed(censored, blocks)
    survival, variance = product_limit(events, censored)
    if exits.noise_variance:
        cells = np.diff([0, *ends])
        noise = exits.noise_variance * np.stack([cells, delayed(cells, blocks)])
        variance = variance + noise_variance(events, censored, noise)
    low, high = log_log_interval(survival, variance)
    edges = exits.edges[[0, *ends]]
    return SurvivalCurve(
        exits.groups[number],
        edges[:-1],
        edges[1:],
        at_risk(events, censored),
        events,
        censored,
        survival,
        low,
        high,
    )
