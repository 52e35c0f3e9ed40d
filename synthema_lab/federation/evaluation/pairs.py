"""Do two variables go together as they do in real patients?

Two measures over the pairs that the dictionary names, on its public bins: how
far the tables of counts lie apart (total variation), and how far the strength
of association does (Cramer's V, corrected for chance after Bergsma 2013). The
first counts every cell, and with few patients mostly chance; the second is what
independent marginals fail on, whatever they get right one by one.

References
----------
Bergsma W. A bias-correction for Cramer's V and Tschuprow's T. Journal of the
Korean Statistical Society 2013; 42: 323-328.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ...validation.bootstrap import distance_interval
from ...validation.columns import Columns
from ...validation.metric import Estimate, Measure
from ...validation.reference import Reference
from .cells import Layout
from .opened import Tables


def pair_estimate(
    name: str, layout: Layout, real: Tables, other: Tables, sides: tuple[int, int],
    rng: np.random.Generator, draws: int,
) -> Estimate:  # fmt: skip
    """One of the two measures.

    Parameters
    ----------
    name : {"pairwise_distance", "association_difference"}
    layout : Layout
    real, other : dict of str to numpy.ndarray of int64
    sides : (int, int)
        Which side of `real`, and of `other`.
    rng : numpy.random.Generator
        Draws the cells again, as patients with replacement would fall.
    draws : int

    Returns
    -------
    Estimate
        From 0 to 1; the interval is that of `validation.bootstrap` for distances.
    """
    described, norm = _DESCRIBED[name]
    values, moves, rows = [], [], 0
    for one, two in layout.pairs:
        counts = [
            tables[f"pair {one} {two}"][side]
            for tables, side in zip((real, other), sides, strict=True)
        ]
        if min(part.sum() for part in counts) == 0:
            return Estimate.absent("a table has no rows")
        again = [described(_drawn(part, rng, draws)) for part in counts]
        found = [described(part[None]) for part in counts]
        difference = found[1] - found[0]
        values.append(float(norm(difference)[0]))
        moves.append(norm(again[1] - again[0] - difference))
        rows = int(counts[1].sum())
    if not values:
        return Estimate.absent("there are no two variables")
    value = float(np.mean(values))
    low, high = distance_interval(value, np.mean(moves, axis=0))
    table = pd.DataFrame(layout.pairs, columns=["variable", "other"])
    note = f"mean over {len(values)} pairs, on the dictionary's bins"
    return Estimate(
        value, low, high, rows, note, curves={name: table.assign(difference=np.round(values, 3))}
    )


def _drawn(counts: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    total = int(counts.sum())
    return rng.multinomial(total, counts.ravel() / total, size=draws).reshape(draws, *counts.shape)


def cell_shares(counts: np.ndarray) -> np.ndarray:
    """Share of each cell, shape (draws, cells), of tables of shape (draws, rows, columns)."""
    flat = counts.reshape(len(counts), -1)
    return flat / flat.sum(axis=1, keepdims=True)


def cramers_v(counts: np.ndarray) -> np.ndarray:
    """Cramer's V, corrected for chance.

    Parameters
    ----------
    counts : numpy.ndarray, shape (draws, rows, columns)
        Levels without patients do not count.

    Returns
    -------
    numpy.ndarray, shape (draws, 1)
        From 0 to 1; 0 where a variable has one level.

    Examples
    --------
    >>> cramers_v(np.array([[[50, 0], [0, 50]], [[25, 25], [25, 25]]])).round(2).tolist()
    [[1.0], [0.0]]
    """
    total = counts.sum(axis=(1, 2)).astype(float)
    margins = counts.sum(axis=2), counts.sum(axis=1)
    expected = margins[0][:, :, None] * margins[1][:, None, :] / total[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.where(expected > 0, (counts - expected) ** 2 / expected, 0.0)
    levels = [(margin > 0).sum(axis=1).astype(float) for margin in margins]
    by_chance = (levels[0] - 1) * (levels[1] - 1) / (total - 1)
    strength = np.maximum(0.0, squares.sum(axis=(1, 2)) / total - by_chance)
    most = np.min([size - (size - 1) ** 2 / (total - 1) for size in levels], axis=0) - 1
    known = np.divide(strength, most, out=np.zeros_like(strength), where=most > 0)
    return np.sqrt(np.minimum(1.0, known))[:, None]


_DESCRIBED: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable]] = {
    "pairwise_distance": (cell_shares, lambda apart: np.abs(apart).sum(axis=1) / 2),
    "association_difference": (cramers_v, lambda apart: np.abs(apart).sum(axis=1)),
}


def _pooled(candidate: Columns, reference: Reference) -> Estimate:
    return Estimate.absent("it is computed from sums over public bins, by pair_estimate")


PAIRWISE = (
    Measure(
        "pairwise_distance",
        "Pairs of variables: mean distance",
        "fidelity",
        "minimise",
        (0.0, 1.0),
        "Half the summed difference of the shares of patients in each cell of two variables; "
        "mean over the dictionary's pairs.",
        frozenset(),
        "holdout",
        _pooled,
    ),
    Measure(
        "association_difference",
        "Pairs of variables: difference of association",
        "fidelity",
        "minimise",
        (0.0, 1.0),
        "Difference of Cramer's V, corrected for chance; mean over the dictionary's pairs.",
        frozenset(),
        "holdout",
        _pooled,
    ),
)
