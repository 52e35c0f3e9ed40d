"""Are two variables together distributed as in real patients?

The total variation distance between the tables of counts of each pair that the
dictionary names, over its public bins. Independent marginals fail here,
whatever they get right one by one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...validation.bootstrap import distance_interval
from ...validation.columns import Columns
from ...validation.metric import Estimate, Measure
from ...validation.reference import Reference
from .cells import Layout
from .opened import Tables


def pairwise_distance(
    layout: Layout, real: Tables, other: Tables, sides: tuple[int, int],
    rng: np.random.Generator, draws: int,
) -> Estimate:  # fmt: skip
    """Mean total variation over the pairs.

    Parameters
    ----------
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
    values, moves, rows = [], [], 0
    for one, two in layout.pairs:
        name = f"pair {one} {two}"
        counts = real[name][sides[0]].ravel(), other[name][sides[1]].ravel()
        totals = [int(part.sum()) for part in counts]
        if min(totals) == 0:
            return Estimate.absent("a table has no rows")
        shares = [part / total for part, total in zip(counts, totals, strict=True)]
        again = [
            rng.multinomial(total, share, size=draws) / total
            for total, share in zip(totals, shares, strict=True)
        ]
        difference = shares[1] - shares[0]
        values.append(float(np.abs(difference).sum() / 2))
        moves.append(np.abs(again[1] - again[0] - difference).sum(axis=1) / 2)
        rows = totals[1]
    if not values:
        return Estimate.absent("there are no two variables")
    value = float(np.mean(values))
    low, high = distance_interval(value, np.mean(moves, axis=0))
    table = pd.DataFrame(layout.pairs, columns=["variable", "other"]).assign(
        distance=np.round(values, 3)
    )
    note = f"mean over {len(values)} pairs, on the dictionary's bins"
    return Estimate(value, low, high, rows, note, curves={"pairs": table})


def _pooled(candidate: Columns, reference: Reference) -> Estimate:
    return Estimate.absent("it is computed from sums over public bins, see pairwise_distance")


PAIRWISE = Measure(
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
)
