"""What does a site count and find by itself, on its own patients?

Counts over public cells; attacks run here on the site's patients, of which only
histograms of the scores are summed; and rates (a classifier, a prognostic
model) that come with a weight and a variance, to be averaged over sites. Where
sums are to be differentially private, only tables are made in which a patient
changes one cell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ...generators import floor_table
from ...validation import membership
from ...validation.admission import refuse_overlap
from ...validation.columns import Columns, groups_of_copies, read_columns
from ...validation.membership_worst import scores_of_the_rarest
from ...validation.reference import Reference
from .attacked import guesses_of_a_site, joins_of_a_site
from .cells import Layout
from .counting import row_counts
from .effects import SIZE, summed_effect
from .hazards import fitted, plan_of, summed
from .rates import site_rates
from .score_grid import EDGES, counted

DRAWS = 200
MEMBERS = 2
"""Patients learnt from to one held out, among whom an attack on membership is tried."""


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
    from threadpoolctl import threadpool_limits

    sides = [row_counts(layout, table) for table in (patients, held_out)]
    counts = {name: np.stack([side[name] for side in sides]) for name in sides[0]}
    if layout.private:
        return counts
    columns = list(layout.columns)
    candidate, train, held = (
        read_columns(table[columns], layout.dictionary, layout.columns, role)
        for table, role in ((synthetic, "candidate"), (patients, "train"), (held_out, "holdout"))
    )
    empty = {
        table.name: np.zeros(table.shape, np.int64)
        for table in layout.tables
        if table.name not in counts
    }
    if not train.rows:
        return counts | empty
    if held.rows:
        refuse_overlap(train, held, layout.dictionary)
    drawn = floor_table(patients[columns], layout.dictionary, candidate.rows, seed)
    floor = read_columns(drawn, layout.dictionary, layout.columns, "floor")
    reference = Reference(
        layout.dictionary, train, held if held.rows else None, floor, (), (), (), "quick", DRAWS,
        seed,
    )  # fmt: skip
    # One thread: on so few patients more are slower, and no number depends on the machine.
    with threadpool_limits(limits=1):
        return empty | counts | _found(layout, candidate, reference, held)


def _found(
    layout: Layout, candidate: Columns, reference: Reference, held: Columns
) -> dict[str, np.ndarray]:
    """What attacks, models and published findings give here."""
    train, floor = reference.train, reference.floor
    counts: dict[str, np.ndarray] = {}
    attacked = [_attacked(layout, table, reference, held) for table in (candidate, floor)]
    counts |= {name: np.stack([one[name] for one in attacked]) for name in attacked[0]}
    if layout.covariates:
        plan = plan_of(layout.dictionary, layout.columns, candidate)
        counts["cox"] = np.stack(
            [summed(fitted(plan, side), layout.covariates) for side in (train, held)]
        )
    for one in layout.findings:
        counts[f"effect {one.name}"] = np.stack(
            [
                summed_effect(one, side, layout.dictionary, reference.counts(side))
                if side.rows
                else np.zeros(SIZE, np.int64)
                for side in (train, held)
            ]
        )
    return counts | site_rates(candidate, reference)


def _attacked(
    layout: Layout, table: Columns, reference: Reference, held: Columns
) -> dict[str, np.ndarray]:
    """What attacks find with one table, each of shape (sides, ...)."""
    train = reference.train
    found = {"copies": np.array([_copies(table, side) for side in (train, held)])}
    compared = None
    if held.rows:
        compared = reference.once(("as many", "train"), lambda: _as_many(reference))
    if compared is None or min(compared.train.rows, compared.holdout.rows) < membership.FEWEST:
        scored = {name: (np.empty(0), np.empty(0)) for name in EDGES}
        rarest = scored
    else:
        scored = membership.scores_of(table, compared)
        rarest = scores_of_the_rarest(table, compared)
    for whom, scores in (("attack", scored), ("rarest", rarest)):
        found |= {
            f"{whom} {name}": np.stack([counted(name, side) for side in scores[name]])
            for name in EDGES
        }
    guessed = guesses_of_a_site(table, train, held, layout.sensitive, reference)
    found |= {f"guesses {name}": part for name, part in guessed.items()}
    if "joins" in layout:
        found["joins"] = joins_of_a_site(table, train, held, reference)
    return found


def _as_many(reference: Reference) -> Reference:
    """The hospital with `MEMBERS` patients learnt from to one held out.

    How well a patient is told from others depends on how many these are. Where hospitals
    hold out different shares, members of one would be compared with non-members of another.
    """
    train, held = reference.train, reference.holdout
    rows = min(train.rows, MEMBERS * held.rows)
    others = min(held.rows, rows // MEMBERS)
    rng = reference.rng("members to one non-member")
    fewer = [
        table.take(np.sort(rng.permutation(table.rows)[:number]))
        for table, number in ((train, rows), (held, others))
    ]
    return replace(reference, train=fewer[0], holdout=fewer[1], _kept={})


def _copies(candidate: Columns, patients: Columns) -> int:
    """Synthetic rows that equal a patient in every variable."""
    real, other = groups_of_copies(patients.matrix(), candidate.matrix())
    return int(np.isin(other, real).sum())
