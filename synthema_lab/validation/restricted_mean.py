"""Do synthetic patients live as long as real ones, and are they watched as long?

The restricted mean survival time is the area under a Kaplan-Meier curve
(Royston and Parmar 2013). Optimism is the mean gap between two curves and
short-sightedness how much sooner the table's observation ends (Norcliffe et al.
2023, SurvivalGAN). Times run to the dictionary's horizon, or to the last public
time at which ten real training patients are still at risk, if that is sooner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bootstrap import distance_interval, percentile_interval
from .columns import Columns
from .kaplan_meier import AT_RISK, public_grid, published_steps, survival_on_grid
from .metric import Estimate, Measure
from .reference import Reference
from .units import readable_unit

FINE = 240


def rmst_difference(candidate: Columns, reference: Reference) -> Estimate:
    """Absolute difference of restricted mean survival times, in the unit of the survival time.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.validation import prepare
    >>> cohort = load_cohort("leuksurv")
    >>> reference = prepare(cohort.patients[:200], None, cohort.dictionary, draws=20)
    >>> rmst_difference(reference.floor, reference).unit
    'days'
    """
    found = _compared(candidate, reference)
    if isinstance(found, str):
        return Estimate.absent(found)
    value = abs(found.difference)
    low, high = distance_interval(
        value, np.abs(found.differences - found.difference), (0.0, np.inf)
    )
    longer = "longer" if found.difference > 0 else "shorter"
    said = f", {longer} than in real patients" if value > 0 else ""
    within = f"in {found.unit}, " if found.unit else ""
    note = within + found.note + said
    return Estimate(value, low, high, candidate.rows, note, unit=found.unit)


def optimism(candidate: Columns, reference: Reference) -> Estimate:
    """Mean of the table's survival probability minus the real one; above 0 is too rosy."""
    found = _compared(candidate, reference)
    if isinstance(found, str):
        return Estimate.absent(found)
    low, high = percentile_interval(found.differences / found.until)
    value = found.difference / found.until
    return Estimate(value, min(low, value), max(high, value), candidate.rows, found.note)


def short_sightedness(candidate: Columns, reference: Reference) -> Estimate:
    """How much sooner the table's observation ends, as a share of the real one; 0 if not sooner.

    The end is the last public time at which the same share of patients is at
    risk as ten real training patients are, so that tables of any size compare
    and no single patient's time is read.
    """
    grid = _whole_grid(reference)
    train = reference.train
    if published_steps(train.time, train.event, grid) < 2:
        return Estimate.absent(f"fewer than {AT_RISK} real patients have a known survival time")
    if not np.isfinite(candidate.time).any():
        return Estimate.absent("no patient of the table has a known survival time")
    share = AT_RISK / int(np.isfinite(train.time).sum())
    real, other = (_end(columns, grid, share) for columns in (train, candidate))
    real_draws, other_draws = (
        _end(columns, grid, share, reference.counts(columns)) for columns in (train, candidate)
    )
    value = float(np.maximum(0.0, 1.0 - other / real)[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = percentile_interval(np.maximum(0.0, 1.0 - other_draws / real_draws))
    note = (
        f"observation ends where fewer than {share:.1%} are at risk; the synthetic times are "
        "read on a public grid"
    )
    if other[0] > real[0]:
        note += (
            f"; observation goes on for {other[0] / real[0] - 1:.1%} longer than in real patients"
        )
    return Estimate(value, min(low, value), max(high, value), candidate.rows, note)


@dataclass(frozen=True)
class _Compared:
    """Restricted means of the table minus those of real patients, once and resampled."""

    difference: float
    differences: np.ndarray
    until: float
    unit: str
    note: str


def _compared(candidate: Columns, reference: Reference) -> _Compared | str:
    survival = reference.dictionary.variables[reference.dictionary.survival.time]
    grid = public_grid(reference.dictionary.survival.horizon, survival.bins)
    train = reference.train
    steps = published_steps(train.time, train.event, grid)
    if steps < 2:
        return f"fewer than {AT_RISK} real patients have a known survival time"
    if not np.isfinite(candidate.time).any():
        return "no patient of the table has a known survival time"
    until = float(grid[steps - 1])
    once = [restricted_mean(table.time, table.event, until)[0] for table in (train, candidate)]
    drawn = [
        reference.once(
            ("restricted means", table.role),
            lambda t=table: restricted_mean(t.time, t.event, until, reference.counts(t)),
        )
        for table in (train, candidate)
    ]
    unit = readable_unit(survival.unit)
    note = f"up to {until:g} {unit}".rstrip()
    if until < grid[-1]:
        note += f", where {AT_RISK} real patients are still at risk"
    if np.nanmax(candidate.time) < until:
        note += "; the table's last curve value is carried on to there"
    return _Compared(float(once[1] - once[0]), drawn[1] - drawn[0], until, unit, note)


def restricted_mean(
    time: np.ndarray, event: np.ndarray, until: float, counts: np.ndarray | None = None
) -> np.ndarray:
    """Area under the Kaplan-Meier curve from 0 to a time, for many resamples at once.

    Parameters
    ----------
    time, event : ndarray, shape (rows,)
        Follow-up time and 1 for an observed event; rows that lack one are left out.
    until : float
        The last time, in the unit of `time`.
    counts : ndarray, shape (draws, rows), optional
        How often each patient is drawn; every patient once by default.

    Returns
    -------
    ndarray, shape (draws,)
        In the unit of `time`; not a number for a resample without patients.

    Examples
    --------
    Half of two patients die at time 1, and the other is alive at time 3:

    >>> restricted_mean(np.array([1.0, 4.0]), np.array([1.0, 0.0]), 3.0)
    array([2.])
    """
    steps = np.unique(time[(event == 1) & (time < until)])
    edges = np.unique(np.r_[0.0, steps, until])
    curve = survival_on_grid(time, event, edges[:-1], counts)
    return curve @ np.diff(edges)


def _whole_grid(reference: Reference) -> np.ndarray:
    """Public times up to the hard limit of the survival time, or to the horizon without one."""
    survival = reference.dictionary.variables[reference.dictionary.survival.time]
    last = survival.range[1] if survival.range else reference.dictionary.survival.horizon
    return public_grid(max(last, reference.dictionary.survival.horizon), survival.bins, FINE)


def _end(
    columns: Columns, grid: np.ndarray, share: float, counts: np.ndarray | None = None
) -> np.ndarray:
    """The last grid time at which at least a share of patients is at risk, shape (draws,)."""
    counts = np.ones((1, columns.rows)) if counts is None else counts
    known = np.isfinite(columns.time)
    place = np.searchsorted(grid, columns.time[known], side="right")
    watched = np.zeros((len(counts), len(grid) + 1))
    order = np.argsort(place, kind="stable")
    places, first = np.unique(place[order], return_index=True)
    watched[:, places] = np.add.reduceat(counts[:, known][:, order], first, axis=1)
    at_risk = np.cumsum(watched[:, ::-1], axis=1)[:, ::-1][:, 1:]
    enough = at_risk >= share * counts[:, known].sum(axis=1, keepdims=True) - 1e-9
    return np.where(enough.any(axis=1), grid[enough.sum(axis=1) - 1], np.nan)


MEASURES = (
    Measure(
        "rmst_difference",
        "Restricted mean survival difference",
        "clinical",
        "minimise",
        (0.0, float("inf")),
        "Difference between the mean survival times up to the horizon, in the dictionary's unit "
        "of time.",
        frozenset({"survival"}),
        "holdout",
        rmst_difference,
        unit="unit of time",
    ),
    Measure(
        "optimism",
        "Optimism of the survival curve",
        "clinical",
        0.0,
        (-1.0, 1.0),
        "Mean survival probability minus that of real patients over the horizon; above 0 "
        "promises too much, below 0 too little.",
        frozenset({"survival"}),
        "holdout",
        optimism,
    ),
    Measure(
        "short_sightedness",
        "Short-sightedness",
        "clinical",
        "minimise",
        (0.0, 1.0),
        "How much sooner observation ends than in real patients, as a share of the real time; "
        "independent columns keep the times, so the floor is no bar.",
        frozenset({"survival"}),
        "holdout",
        short_sightedness,
    ),
)
