"""How far apart are the survival curves, overall and by risk group?

The largest vertical gap between two Kaplan-Meier curves on the public grid,
up to the horizon, for as long as at least ten real patients are at risk.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .bootstrap import distance_interval
from .columns import Columns
from .kaplan_meier import (
    at_risk_on_grid,
    public_grid,
    published_steps,
    survival_on_grid,
)
from .metric import Estimate, Measure
from .reference import Reference
from .units import readable_unit

FEWEST_IN_GROUP = 30
ROUND_TO = 5
TRUNCATED = "curves are read on a public grid and end where fewer than 10 real patients are at risk"


def km_gap(candidate: Columns, reference: Reference) -> Estimate:
    """Largest gap between two overall survival curves."""
    gap, moved, table = _gap(candidate, reference, None)
    low, high = distance_interval(gap, moved)
    return Estimate(gap, low, high, candidate.rows, TRUNCATED, curves={"survival": table})


def km_gap_by_group(candidate: Columns, reference: Reference) -> Estimate:
    """Mean over the risk groups of the largest gap within each."""
    codes = reference.train.risk_group
    large = [
        code
        for code in range(len(reference.train.risk_levels))
        if (codes == code).sum() >= FEWEST_IN_GROUP
    ]
    if not large:
        return Estimate.absent(f"no risk group has {FEWEST_IN_GROUP} real patients")
    gaps, moves, tables, empty = [], [], [], 0
    for code in large:
        gap, moved, table = _gap(candidate, reference, code)
        empty += int(not (candidate.risk_group == code).any())
        gaps.append(gap)
        moves.append(moved)
        tables.append(table)
    value = float(np.mean(gaps))
    low, high = distance_interval(value, np.mean(moves, axis=0))
    note = f"{len(large)} risk groups with at least {FEWEST_IN_GROUP} real patients; {TRUNCATED}"
    if empty:
        note += f"; {empty} group(s) absent from the table count as a gap of 1"
    table = pd.concat(tables, ignore_index=True)
    return Estimate(value, low, high, candidate.rows, note, curves={"survival_by_group": table})


def _gap(
    candidate: Columns, reference: Reference, code: int | None
) -> tuple[float, np.ndarray, pd.DataFrame]:
    """The gap, how far resamples move it, and the two curves."""
    survival = reference.dictionary.variables[reference.dictionary.survival.time]
    grid = public_grid(reference.dictionary.survival.horizon, survival.bins)
    train = reference.train
    label = "all" if code is None else _group_label(reference, train.risk_levels[code])
    real = _Curve(train, reference.counts(reference.train), grid, code)
    other = _Curve(candidate, reference.counts(candidate), grid, code)
    steps = max(1, published_steps(real.time, real.event, grid))
    real_all, other_all = real.once[:steps], other.once[:steps]
    if np.isnan(other_all).all():
        gap, moved = 1.0, np.zeros(reference.draws)
    else:
        difference = other_all - real_all
        gap = float(np.abs(difference).max())
        moves = (other.draws - real.draws)[:, :steps] - difference
        moved = np.abs(np.nan_to_num(moves)).max(axis=1)
    real_patients = candidate.role in ("train", "holdout")
    shown = published_steps(other.time, other.event, grid) if real_patients else len(grid)
    table = pd.concat(
        [real.published("real", label, steps), other.published("candidate", label, shown)],
        ignore_index=True,
    )
    return gap, moved, table.assign(time_unit=readable_unit(survival.unit))


def _group_label(reference: Reference, level: str) -> str:
    return str(reference.dictionary.variables[reference.dictionary.risk_group].categories[level])


class _Curve:
    """One table's survival curve on the grid, with its resamples."""

    def __init__(
        self, columns: Columns, counts: np.ndarray, grid: np.ndarray, code: int | None
    ) -> None:
        inside = np.ones(columns.rows, bool) if code is None else columns.risk_group == code
        self.time, self.event, self.grid = columns.time[inside], columns.event[inside], grid
        self.once = survival_on_grid(self.time, self.event, grid)[0]
        self.draws = survival_on_grid(self.time, self.event, grid, counts[:, inside])

    def published(self, table: str, group: str, steps: int) -> pd.DataFrame:
        """The curve as a table; the number at risk rounded to five."""
        known = np.isfinite(self.draws).any(axis=1)
        draws = self.draws[known] if known.any() else np.full((1, len(self.grid)), np.nan)
        low, high = (
            np.quantile(draws, [0.025, 0.975], axis=0) if known.any() else (draws[0], draws[0])
        )
        at_risk = at_risk_on_grid(self.time, self.event, self.grid)
        return pd.DataFrame(
            {
                "table": table,
                "group": group,
                "time": self.grid,
                "survival": self.once.round(3),
                "low": low.round(3),
                "high": high.round(3),
                "at_risk": (ROUND_TO * np.round(at_risk / ROUND_TO)).astype(int),
            }
        ).head(steps)


MEASURES = (
    Measure(
        "km_gap",
        "Kaplan-Meier gap",
        "clinical",
        "minimise",
        (0.0, 1.0),
        "Largest difference in survival probability at any time up to the horizon.",
        frozenset({"survival"}),
        "holdout",
        km_gap,
    ),
    Measure(
        "km_gap_by_group",
        "Kaplan-Meier gap within risk groups",
        "clinical",
        "minimise",
        (0.0, 1.0),
        "The same largest difference inside each risk group, averaged over the groups.",
        frozenset({"survival", "risk_group"}),
        "holdout",
        km_gap_by_group,
    ),
)
