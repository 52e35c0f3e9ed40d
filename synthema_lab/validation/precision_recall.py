"""Are synthetic patients typical where real ones are, and is every kind there?

Alpha-precision and beta-recall (Alaa et al. 2022). Precision asks, for every
share alpha, whether that share of synthetic rows lies in the ball around the
centre of the real patients that holds alpha of them. Recall asks, for every
share beta, whether that share of real patients has a synthetic row nearer than
the nearest other real patient, among the beta most central synthetic rows. Both
are 1 less twice the mean distance from the diagonal.

Rows are placed where a step of a number is a share of the training patients
passed and another category is a step of one, as for the attacks. Neighbours
are sought among as many rows of either table, drawn if one is larger; else the
larger would always be nearer. Other real patients stay well short of a recall of
1, since a patient's nearest neighbour is as likely to be in either table: read
it against the ceiling. A copy reaches 1 in both: neither is evidence of privacy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import distance_interval
from .columns import Columns
from .metric import Estimate, Measure
from .places import Scale
from .reference import Reference

FEWEST = 25
SHOWN = np.arange(1, 20) / 20
NO_EVIDENCE = "a copy of the training patients reaches 1"


def alpha_precision(candidate: Columns, reference: Reference) -> Estimate:
    """How evenly synthetic rows fill the balls around the centre of real patients.

    Returns
    -------
    Estimate
        Its `curves` hold ``alpha_precision``: the share of rows in the ball by
        the share of real patients in it.
    """
    absent = _lacking(candidate, reference)
    if absent:
        return Estimate.absent(absent)
    real = reference.once(
        ("rows placed", "train"), lambda: Scale(reference.train).place(reference.train)
    )
    other = _placed(candidate, reference)
    centre = real.mean(axis=0)
    inner, outer = (np.abs(table - centre).sum(axis=1).round(9) for table in (real, other))
    ones = np.ones((1, len(inner))), np.ones((1, len(outer)))
    steps = np.sort(inner)
    found = _share_within(outer, steps, ones[1]) - _share_within(inner, steps, ones[0])
    drawn = _share_within(outer, steps, reference.counts(candidate))
    drawn -= _share_within(inner, steps, reference.counts(reference.train))
    value, low, high = _agreement(found, drawn)
    radius = np.quantile(inner, SHOWN, method="inverted_cdf")
    table = _levels("alpha", _share_within(outer, radius, ones[1])[0], len(inner))
    curves = {"alpha_precision": table}
    return Estimate(value, low, high, candidate.rows, NO_EVIDENCE, curves=curves)


def beta_recall(candidate: Columns, reference: Reference) -> Estimate:
    """How much of the real patients the synthetic rows reach, level by level.

    The interval draws patients and rows again among the neighbours found, and
    seeks no new ones: a patient drawn twice would be its own neighbour.

    Returns
    -------
    Estimate
        Its `curves` hold ``beta_recall``: the share of real patients reached by
        the share of synthetic rows allowed.
    """
    absent = _lacking(candidate, reference)
    if absent:
        return Estimate.absent(absent)
    real = reference.once(
        ("rows placed", "train"), lambda: Scale(reference.train).place(reference.train)
    )
    reached = _reach(real, _placed(candidate, reference), reference.rng("rows of the recall"))
    ones = np.ones((1, len(real))), np.ones((1, candidate.rows))
    within, allowed = _recall(reached, *ones)
    found = within - allowed
    drawn = np.subtract(
        *_recall(reached, reference.counts(reference.train), reference.counts(candidate))
    )
    value, low, high = _agreement(found, drawn)
    note = f"{NO_EVIDENCE}; {reached.share:.0%} of real patients have a synthetic row nearer than "
    note += "any other patient"
    if len(real) != candidate.rows:
        note += f"; neighbours are sought among {min(len(real), candidate.rows)} rows of each table"
    at = np.searchsorted(allowed[0], SHOWN - 1e-9)
    table = _levels("beta", within[0, at], len(real))
    return Estimate(value, low, high, len(real), note, curves={"beta_recall": table})


@dataclass(frozen=True)
class _Reached:
    """Which real patients are reached, and how central the row is that reaches them.

    Parameters
    ----------
    near : ndarray of bool, shape (real rows,)
    of_nearest : ndarray, shape (real rows,)
        Distance of the nearest synthetic row from the centre of its table.
    of_all : ndarray, shape (synthetic rows,)
        That distance for every synthetic row.
    """

    near: np.ndarray
    of_nearest: np.ndarray
    of_all: np.ndarray

    @property
    def share(self) -> float:
        return float(self.near.mean())


def _reach(real: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> _Reached:
    from scipy.spatial.distance import cdist

    size = min(len(real), len(other))
    some_real, some_other = (
        np.sort(rng.choice(len(table), size, replace=False))
        if len(table) > size
        else np.arange(size)
        for table in (real, other)
    )
    among = cdist(real, real[some_real], "cityblock")
    among[some_real, np.arange(size)] = np.inf
    across = cdist(real, other[some_other], "cityblock")
    nearest = across.argmin(axis=1)
    near = across.min(axis=1) <= among.min(axis=1) + 1e-9
    central = np.abs(other - other.mean(axis=0)).sum(axis=1).round(9)
    return _Reached(near, central[some_other[nearest]], central)


def _recall(
    reached: _Reached, real_counts: np.ndarray, other_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Recall, and the share of rows allowed, as far out as each row, shapes (draws, rows)."""
    steps = np.sort(reached.of_all)
    hits = real_counts * reached.near
    within = _share_within(reached.of_nearest, steps, hits)
    within *= (hits.sum(axis=1) / real_counts.sum(axis=1))[:, None]
    return within, _share_within(reached.of_all, steps, other_counts)


def _agreement(found: np.ndarray, drawn: np.ndarray) -> tuple[float, float, float]:
    """One less twice the mean distance from the diagonal, with its interval."""
    gap = min(0.5, float(np.abs(found).mean()))
    near, far = distance_interval(gap, np.abs(drawn - found).mean(axis=1), (0.0, 0.5))
    return 1 - 2 * gap, 1 - 2 * far, 1 - 2 * near


def _share_within(distances: np.ndarray, radii: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weighted share of rows at most each radius away, shape (draws, radii)."""
    order = np.argsort(distances, kind="stable")
    upto = np.hstack([np.zeros((len(counts), 1)), np.cumsum(counts[:, order], axis=1)])
    position = np.searchsorted(distances[order], radii, side="right")
    return upto[:, position] / np.maximum(upto[:, -1:], 1.0)


def _placed(columns: Columns, reference: Reference) -> np.ndarray:
    return reference.once(
        ("rows placed", columns.role), lambda: Scale(reference.train).place(columns)
    )


def _levels(name: str, shares: np.ndarray, patients: int) -> pd.DataFrame:
    """The curve, without levels that hold fewer than ten real patients."""
    table = pd.DataFrame({name: SHOWN, "share": shares.round(2)})
    held = np.minimum(SHOWN, 1 - SHOWN) * patients
    return table[held >= 10].reset_index(drop=True)


def _lacking(candidate: Columns, reference: Reference) -> str:
    if min(candidate.rows, reference.train.rows) < FEWEST:
        return f"a table has fewer than {FEWEST} rows"
    return "" if candidate.variables else "the tables hold no variable"


MEASURES = (
    Measure(
        "alpha_precision",
        "Alpha-precision",
        "fidelity",
        "maximise",
        (0.0, 1.0),
        "Whether synthetic patients are as typical, and as unusual, as real ones. A copy reaches "
        "1: it is no evidence of privacy.",
        frozenset(),
        "holdout",
        alpha_precision,
        standard_only=True,
    ),
    Measure(
        "beta_recall",
        "Beta-recall",
        "fidelity",
        "maximise",
        (0.0, 1.0),
        "Whether every kind of real patient has a synthetic one nearby. Other real patients stay "
        "well short of 1; a copy reaches it, so it is no evidence of privacy.",
        frozenset(),
        "holdout",
        beta_recall,
        standard_only=True,
    ),
)
