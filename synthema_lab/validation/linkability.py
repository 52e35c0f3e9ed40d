"""Can two records of one patient be joined through the synthetic table?

The attacker holds two sources about the same patients that share no variable,
and joins a record of one to a record of the other when the same synthetic row
is among the nearest to both: the second criterion of the Article 29 working
party (Opinion 05/2014), measured as by Giomi et al. 2023. Variables belong
together in any population, so that some joins succeed for everybody: what
leaks is how much more often they succeed for training patients than for
patients who were held out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .columns import Columns
from .gains import measure_gains
from .metric import Estimate, Measure
from .places import distances, stacked
from .reference import Reference

FEWEST = 20
SPLITS = 10
NEIGHBOURS = {"nearest": 1, "nearest_five": 5}


def linkability_gain(candidate: Columns, reference: Reference) -> Estimate:
    """How much more often two halves of a record are joined if it was trained on."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    if len(members.variables) < 2:
        return Estimate.absent("one variable cannot be split in two")
    joined = joins(candidate, stacked(members, outsiders), reference)
    member = np.arange(len(joined)) < members.rows
    return gain_of_joins(joined, member, candidate, reference)


def joins(candidate: Columns, records: Columns, reference: Reference) -> np.ndarray:
    """In which share of random splits the halves of each record are joined.

    Parameters
    ----------
    candidate : Columns
        What the attacker was given.
    records : Columns
        With at least two variables.
    reference : Reference
        Of its patients nothing is used.

    Returns
    -------
    ndarray, shape (records, attacks of `NEIGHBOURS`)
        In steps of one in `SPLITS`.
    """
    count = len(records.variables)
    rng = reference.rng("halves of the linkability attack")
    halves = np.array([rng.permutation(count) < count // 2 for _ in range(SPLITS)])
    halves = np.concatenate([halves, ~halves]).astype(np.float32)
    # Which of several rows at one distance is nearest must not follow the order of the table.
    synthetic = candidate.take(rng.permutation(candidate.rows))
    joined = np.empty((records.rows, len(NEIGHBOURS)))
    for rows, apart in distances(records, synthetic, synthetic):
        halved = np.tensordot(halves, apart, axes=1)
        for place, number in enumerate(_neighbours(candidate)):
            near = np.argpartition(halved, number - 1, axis=2)[:, :, :number]
            both = near[:SPLITS, :, :, None] == near[SPLITS:, :, None, :]
            joined[rows, place] = both.any(axis=(2, 3)).mean(axis=0)
    return joined


def gain_of_joins(
    joined: np.ndarray, member: np.ndarray, candidate: Columns, reference: Reference
) -> Estimate:
    """How much more often the halves of members' records are joined.

    Parameters
    ----------
    joined : ndarray, shape (records, attacks)
        As `joins` gives it.
    member : ndarray of bool, shape (records,)
    candidate : Columns
    reference : Reference
        Of its patients nothing is used.

    Returns
    -------
    Estimate
    """
    found = measure_gains(joined, np.ones_like(joined), member, reference.rng("shuffled joins"))
    most = _neighbours(candidate)
    table = pd.DataFrame(
        {
            "attack": list(NEIGHBOURS), "neighbours": most,
            "members": found.inside.round(4), "others": found.outside.round(4),
            "gain": found.gain.round(4), "low": found.low.round(4), "high": found.high.round(4),
            "detectable": found.detectable.round(4),
        }
    )  # fmt: skip
    note = (
        f"joined when one synthetic row is among the {most[found.best]} nearest to both halves, "
        f"over {SPLITS} random halves of {len(candidate.variables)} variables"
    )
    return found.estimate(len(member), note, {"linkability": table})


def _neighbours(candidate: Columns) -> list[int]:
    return [min(number, max(1, candidate.rows // 10)) for number in NEIGHBOURS.values()]


MEASURES = (
    Measure(
        "linkability_gain",
        "Linkability, halves joined beyond chance",
        "privacy",
        "minimise",
        (-1.0, 1.0),
        "How much more often the synthetic table joins two halves of a training patient's record "
        "than of another patient's.",
        frozenset({"holdout"}),
        "chance",
        linkability_gain,
        rows="attack",
    ),
)
