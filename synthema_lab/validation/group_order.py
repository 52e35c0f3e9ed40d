"""Are the risk groups' survival curves ordered as in real patients?

In each group the deaths observed are divided by those that the log-rank test
expects if all groups fared alike (Peto et al. 1977). Each pair of groups is in
the real order or not, and counts by how sure its order is in real patients, so
that two groups who fare alike do not decide (a weighted tau of Kendall 1938).
Groups with fewer than ten real patients or five expected deaths are left out.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from .bootstrap import distance_interval, percentile_interval
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 10
EXPECTED = 5.0


def risk_group_order(candidate: Columns, reference: Reference) -> Estimate:
    """Weighted agreement of the order of groups: 1 as in real patients, -1 reversed."""
    train, horizon = reference.train, reference.dictionary.survival.horizon
    if candidate.risk_group is None:
        return Estimate.absent("the table has no risk group")
    large = reference.once(("groups in order", "train"), lambda: _large(train, horizon))
    if len(large) < 2:
        return Estimate.absent(
            f"fewer than two risk groups have {FEWEST} real patients of whom {EXPECTED:g} or more "
            "would be expected to die"
        )
    ratios = [_ratios(table, reference, large, horizon) for table in (train, candidate)]
    (real, real_draws), (other, other_draws) = ratios
    if np.isnan(other).all():
        return Estimate.absent("the table does not tell the survival of any risk group")
    pairs = np.array(list(combinations(range(len(large)), 2)))
    with np.errstate(invalid="ignore"):
        signs = [
            np.nan_to_num(np.sign(r[..., pairs[:, 0]] - r[..., pairs[:, 1]]))
            for r in (real, real_draws, other, other_draws)
        ]
    weight = np.abs(signs[1].mean(axis=0)) * (signs[0] != 0)
    if not weight.sum():
        return Estimate.absent("real patients of the risk groups fare alike")
    value = float((weight * signs[0] * signs[2]).sum() / weight.sum())
    drawn = (signs[1] * signs[3]) @ weight / weight.sum()
    low, high = distance_interval(value, np.abs(drawn - value), (-1.0, 1.0))
    note = f"{len(large)} risk groups; {int((weight >= 0.95).sum())} of {len(pairs)} pairs in a "
    note += "clear order in real patients"
    if len(large) < len(train.risk_levels):
        note += f"; {len(train.risk_levels) - len(large)} group(s) with too few patients or deaths"
    if np.isnan(other).any():
        note += f"; {int(np.isnan(other).sum())} group(s) whose survival the table does not tell"
    categories = reference.dictionary.variables[reference.dictionary.risk_group].categories
    named = [str(categories.get(c, c)) for c in (train.risk_levels[g] for g in large)]
    few = _few_deaths(train, large, horizon)
    if few.any():
        note += f"; {int(few.sum())} with fewer than {FEWEST} real deaths counted and not shown"
    real, real_draws = np.where(few, np.nan, real), np.where(few, np.nan, real_draws)
    if candidate.role in ("train", "holdout"):
        few = _few_deaths(candidate, large, horizon)
        other, other_draws = np.where(few, np.nan, other), np.where(few, np.nan, other_draws)
    table = pd.DataFrame(
        {
            "group": named,
            "real": real.round(2),
            **_band("real", real_draws),
            "candidate": other.round(2),
            **_band("candidate", other_draws),
        }
    )
    return Estimate(value, low, high, candidate.rows, note, curves={"group_order": table})


def _large(train: Columns, horizon: float) -> list[int]:
    """Groups with enough real patients, and enough deaths expected for an order to be seen."""
    watched = np.isfinite(train.time)
    sizes = [int((train.risk_group[watched] == g).sum()) for g in range(len(train.risk_levels))]
    large = [code for code, size in enumerate(sizes) if size >= FEWEST]
    if not large:
        return []
    member = np.stack([train.risk_group == code for code in large])
    once = np.ones((1, train.rows))
    expected = log_rank(train.time, train.event, member, horizon, once)[1][0]
    return [code for code, deaths in zip(large, expected, strict=True) if deaths >= EXPECTED]


def _few_deaths(columns: Columns, groups: list[int], horizon: float) -> np.ndarray:
    """Which groups have too few deaths up to the horizon for their ratio to be shown."""
    dead = (columns.event == 1) & (columns.time <= horizon)
    return np.array([(dead & (columns.risk_group == code)).sum() < FEWEST for code in groups])


def _ratios(
    columns: Columns, reference: Reference, groups: list[int], horizon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Observed over expected deaths by group, shapes (groups,) and (draws, groups)."""
    member = np.stack([columns.risk_group == code for code in groups])

    def ratios(counts: np.ndarray) -> np.ndarray:
        observed, expected = log_rank(columns.time, columns.event, member, horizon, counts)
        return np.divide(observed, expected, out=np.full_like(expected, np.nan), where=expected > 0)

    return ratios(np.ones((1, columns.rows)))[0], reference.once(
        ("observed over expected", columns.role), lambda: ratios(reference.counts(columns))
    )


def log_rank(
    time: np.ndarray,
    event: np.ndarray,
    member: np.ndarray,
    horizon: float,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Deaths observed, and expected by the log-rank test if all groups fared alike.

    Parameters
    ----------
    time, event : ndarray, shape (rows,)
        Follow-up time and 1 for an observed event; rows that lack one are left out.
    member : ndarray of bool, shape (groups, rows)
        Who belongs to each group; rows in no group are left out.
    horizon : float
        Later deaths do not count.
    counts : ndarray, shape (draws, rows)
        How often each patient is drawn.

    Returns
    -------
    tuple of ndarray, shapes (draws, groups)
        Observed and expected deaths; each sums to the same over the groups.

    Examples
    --------
    >>> member = np.array([[True, True, False, False], [False, False, True, True]])
    >>> time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)
    >>> observed, expected = log_rank(time, event, member, 9.0, np.ones((1, 4)))
    >>> observed, expected.round(2)
    (array([[2., 2.]]), array([[0.83, 3.17]]))
    """
    known = np.isfinite(time) & np.isfinite(event) & member.any(axis=0)
    if not (event[known & (time <= horizon)] == 1).any():
        return np.zeros((len(counts), len(member))), np.zeros((len(counts), len(member)))
    order = np.flatnonzero(known)[np.argsort(time[known], kind="stable")]
    time, counts, member = time[order], counts[:, order], member[:, order]
    dead = ((event[order] == 1) & (time <= horizon)).astype(float)
    moments = np.unique(time[dead == 1])
    at_risk_from = np.searchsorted(time, moments, side="left")
    # Patients at one time follow one another, so the deaths of a moment are one slice.
    until = np.searchsorted(time, moments, side="right")
    summed = np.pad(np.cumsum(counts * dead, axis=1), ((0, 0), (1, 0)))
    deaths = summed[:, until] - summed[:, at_risk_from]
    at_risk = [
        np.cumsum((counts * inside)[:, ::-1], axis=1)[:, ::-1][:, at_risk_from]
        for inside in (np.ones(len(time)), *member)
    ]
    hazard = np.divide(deaths, at_risk[0], out=np.zeros_like(deaths), where=at_risk[0] > 0)
    expected = np.stack([(hazard * group).sum(axis=1) for group in at_risk[1:]], axis=1)
    return (counts * dead) @ member.T.astype(float), expected


def _band(name: str, draws: np.ndarray) -> dict[str, np.ndarray]:
    intervals = np.array([percentile_interval(column) for column in draws.T]).round(2)
    return {f"{name}_low": intervals[:, 0], f"{name}_high": intervals[:, 1]}


MEASURES = (
    Measure(
        "risk_group_order",
        "Order of the risk groups",
        "clinical",
        "maximise",
        (-1.0, 1.0),
        "Whether the groups fare better or worse than one another as in real patients; 1 the "
        "same order, -1 the reverse.",
        frozenset({"survival", "risk_group"}),
        "holdout",
        risk_group_order,
    ),
)
