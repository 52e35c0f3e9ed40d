"""Is each variable, taken alone, distributed as in real patients?

Numbers by the Kolmogorov-Smirnov distance among the values that are there,
categories by the total variation distance with a missing value as its own
category, and missingness by the difference of the shares missing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .admission import listed
from .bootstrap import distance_interval
from .columns import Columns
from .marginals import FEWEST, ROUND_TO
from .metric import Estimate, Measure
from .reference import Reference


def univariate_distance(candidate: Columns, reference: Reference) -> Estimate:
    """Mean distance over the variables, with a table by variable."""
    rows, moves = [], []
    real_counts, other_counts = reference.counts(reference.train), reference.counts(candidate)
    for name in reference.train.variables:
        if name in reference.train.numeric:
            kind = "Kolmogorov-Smirnov"
            value, moved = _ks(
                reference.train.numeric[name], candidate.numeric[name], real_counts, other_counts
            )
        else:
            kind = "total variation"
            value, moved = _total_variation(
                reference.train.coded[name],
                candidate.coded[name],
                real_counts,
                other_counts,
                len(reference.train.levels[name]),
            )
        low, high = distance_interval(value, moved)
        label = reference.dictionary.variables[name].label
        rows.append((name, label, kind, value, low, high))
        moves.append(moved)
    table = pd.DataFrame(
        rows, columns=["variable", "label", "distance_kind", "distance", "low", "high"]
    )
    known = table["distance"].notna().to_numpy()
    if not known.any():
        return Estimate.absent("no variable has values in both tables")
    value = float(table["distance"].mean())
    low, high = distance_interval(
        value, np.mean([m for m, k in zip(moves, known, strict=True) if k], axis=0)
    )
    note = f"mean over {int(known.sum())} variables"
    constant = [name for name in reference.constant if name in reference.train.variables]
    if constant:
        note += f"; constant in the real table: {listed(constant)}"
    if not known.all():
        empty = table["variable"][~known].tolist()
        note += f"; without values in one table: {listed(empty)}"
    return Estimate(value, low, high, candidate.rows, note, curves={"univariate": table})


def missingness_difference(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of the share missing, over the variables."""
    real, other = _missing(reference.train), _missing(candidate)
    difference = other.mean(axis=0) - real.mean(axis=0)
    value = float(np.abs(difference).mean())
    counts = reference.counts(reference.train), reference.counts(candidate)
    drawn = counts[1] @ other / candidate.rows - counts[0] @ real / reference.train.rows
    low, high = distance_interval(value, np.abs(drawn - difference).mean(axis=1))
    table = pd.DataFrame(
        {
            "variable": reference.train.variables,
            "label": [reference.dictionary.variables[v].label for v in reference.train.variables],
            "real": _published(real.sum(axis=0), reference.train.rows),
            "candidate": other.mean(axis=0).round(3),
        }
    )
    note = "" if real.any() or other.any() else "no value is missing in either table"
    return Estimate(value, low, high, candidate.rows, note, curves={"missingness": table})


def _missing(columns: Columns) -> np.ndarray:
    return np.isnan(columns.matrix()).astype(float)


def _published(counts: np.ndarray, rows: int) -> np.ndarray:
    """Shares of real patients: counts rounded to five, and hidden from 1 to 9."""
    shares = ROUND_TO * np.round(counts / ROUND_TO) / rows
    return np.where((counts > 0) & (counts < FEWEST), np.nan, shares).round(3)


def _ks(
    real: np.ndarray, other: np.ndarray, real_counts: np.ndarray, other_counts: np.ndarray
) -> tuple[float, np.ndarray]:
    grid = np.unique(np.r_[real[np.isfinite(real)], other[np.isfinite(other)]])
    ones = np.ones((1, len(real))), np.ones((1, len(other)))
    if not np.isfinite(real).any() or not np.isfinite(other).any():
        return float("nan"), np.zeros(len(real_counts))
    found = _ecdf(other, grid, ones[1]) - _ecdf(real, grid, ones[0])
    drawn = _ecdf(other, grid, other_counts) - _ecdf(real, grid, real_counts)
    return float(np.abs(found).max()), np.abs(np.nan_to_num(drawn - found)).max(axis=1)


def _ecdf(values: np.ndarray, grid: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Share at or below each grid value, shape (draws, grid)."""
    known = np.isfinite(values)
    values, counts = values[known], counts[:, known]
    order = np.argsort(values, kind="stable")
    below = np.hstack([np.zeros((len(counts), 1)), np.cumsum(counts[:, order], axis=1)])
    position = np.searchsorted(values[order], grid, side="right")
    with np.errstate(invalid="ignore", divide="ignore"):
        return below[:, position] / below[:, -1:]


def _total_variation(
    real: np.ndarray,
    other: np.ndarray,
    real_counts: np.ndarray,
    other_counts: np.ndarray,
    levels: int,
) -> tuple[float, np.ndarray]:
    real_is, other_is = (np.eye(levels + 1)[codes + 1] for codes in (real, other))
    found = other_is.mean(axis=0) - real_is.mean(axis=0)
    drawn = other_counts @ other_is / len(other) - real_counts @ real_is / len(real)
    return float(np.abs(found).sum() / 2), np.abs(drawn - found).sum(axis=1) / 2


MEASURES = (
    Measure(
        "univariate_distance",
        "Single variables: mean distance",
        "fidelity",
        "minimise",
        (0.0, 1.0),
        "Largest difference between two cumulative distributions, or half the summed "
        "difference of category shares; mean over variables.",
        frozenset(),
        "holdout",
        univariate_distance,
    ),
    Measure(
        "missingness_difference",
        "Missing values: mean difference",
        "fidelity",
        "minimise",
        (0.0, 1.0),
        "Difference between the shares of patients who lack a value; mean over variables.",
        frozenset(),
        "holdout",
        missingness_difference,
    ),
)
