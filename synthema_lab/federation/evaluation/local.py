"""What does a site count and find by itself, on its own patients?

Counts over public cells; attacks run here on the site's patients, of which only
histograms of the scores are summed; and rates (a classifier, a prognostic
model) that come with a weight and a variance, to be averaged over sites. Where
sums are to be differentially private, only tables are made in which a patient
changes one cell.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...validation import membership, two_sample
from ...validation.admission import refuse_overlap
from ...validation.attacks import attack_scores
from ...validation.columns import Columns, groups_of_copies, read_columns
from ...validation.metric import Estimate
from ...validation.reference import Reference
from ...validation.registry import measure
from .cells import LOCAL, SIDES, Layout
from .counting import row_counts
from .hazards import fitted, plan_of, summed
from .score_grid import EDGES, counted

STEPS = 100
"""Rates are summed in hundredths of a patient."""
DRAWS = 200
_Z = 1.959964


def site_counts(
    layout: Layout,
    synthetic: pd.DataFrame,
    patients: pd.DataFrame,
    held_out: pd.DataFrame,
    seed: int,
) -> dict[str, np.ndarray]:
    """All that a site gives to the sum, before noise.

    Parameters
    ----------
    layout : Layout
    synthetic, patients, held_out : pandas.DataFrame
        Conformed. Either of the last two may be empty.
    seed : int
        Of folds and resamples; it protects nothing.

    Returns
    -------
    dict of str to numpy.ndarray of int64
        By table of the layout.

    Raises
    ------
    DataMismatch
        If a value lies outside the dictionary's limits, or patients held out are
        among those learnt from.
    """
    sides = [row_counts(layout, table) for table in (patients, held_out)]
    counts = {name: np.stack([side[name] for side in sides]) for name in sides[0]}
    if layout.private:
        return counts
    candidate, train, held = (
        read_columns(table[list(layout.columns)], layout.dictionary, layout.columns, role)
        for table, role in ((synthetic, "candidate"), (patients, "train"), (held_out, "holdout"))
    )
    if train.rows and held.rows:
        refuse_overlap(train, held, layout.dictionary)
    counts["copies"] = np.array([_copies(candidate, side) for side in (train, held)])
    counts |= _attacks(candidate, train, held, seed)
    if layout.covariates:
        plan = plan_of(layout.dictionary, layout.columns, candidate)
        counts["cox"] = np.stack(
            [summed(fitted(plan, side), layout.covariates) for side in (train, held)]
        )
    reference = Reference(
        layout.dictionary, train, held if held.rows else None, candidate, (), (), (),
        "quick", DRAWS, seed,
    )  # fmt: skip
    return counts | _rates(layout, reference, candidate)


def _copies(candidate: Columns, patients: Columns) -> int:
    """Synthetic rows that equal a patient in every variable."""
    real, other = groups_of_copies(patients.matrix(), candidate.matrix())
    return int(np.isin(other, real).sum())


def _attacks(candidate: Columns, train: Columns, held: Columns, seed: int) -> dict[str, np.ndarray]:
    """Histograms of every attack; empty at a site with too few patients to attack."""
    if min(train.rows, held.rows) < membership.FEWEST:
        return {
            f"attack {name}": np.zeros((SIDES, len(edges) + 1), np.int64)
            for name, edges in EDGES.items()
        }
    scores = attack_scores(candidate, train, held, np.random.default_rng(seed))
    return {
        f"attack {name}": np.stack([counted(name, side) for side in both])
        for name, both in scores.items()
    }


def _rates(layout: Layout, reference: Reference, candidate: Columns) -> dict[str, np.ndarray]:
    """Rates as weight, weighted rate and weighted variance, in whole steps."""
    c_index = measure("c_index")
    held, train = reference.holdout, reference.train
    found = dict.fromkeys(LOCAL, Estimate.absent("not enough patients"))
    found["c2st_auc"] = two_sample.c2st_auc(candidate, reference)
    if held is not None:
        found["c2st_auc_held"] = two_sample.c2st_auc(held, reference)
        if not c_index.missing(reference) and np.nansum(train.event) > 0:
            found["c_index"] = c_index.estimate(candidate, reference)
            found["c_index_train"] = c_index.estimate(train, reference)
    weights = {"c_index": held, "c_index_train": held}
    return {
        f"local {name}": _weighed(estimate, (weights.get(name) or train).rows)
        for name, estimate in found.items()
    }


def _weighed(estimate: Estimate, patients: int) -> np.ndarray:
    """Weight, weight times rate, and squared weight times variance."""
    if not (np.isfinite(estimate.value) and np.isfinite(estimate.low)):
        return np.zeros(3, dtype=np.int64)
    variance = ((estimate.high - estimate.low) / (2 * _Z)) ** 2
    parts = [patients, STEPS * patients * estimate.value, STEPS * patients**2 * variance]
    return np.round(parts).astype(np.int64)
