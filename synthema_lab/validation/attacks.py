"""Which scores would an attacker use to tell members from non-members?

The attacker holds the synthetic table, a patient's record, and other real
patients of the same population (the reference). Each score is high when the
record looks like one that the generator was trained on. A record is never in
its own reference: held-out patients are split into folds, every record (member
or not) is given a fold, and its reference is the other folds. Members and
non-members thus face references of the same size and kind, and under no
leakage their scores are exchangeable.

The battery: distance to the nearest synthetic row; the same relative to the
nearest reference row; the ratio of kernel densities (DOMIAS, van Breugel et
al. 2023); and exact agreement with one synthetic row, each agreement weighted
by how rare the value is in the reference.
"""

from __future__ import annotations

import numpy as np

from .columns import Columns
from .places import Scale, blocks, city_block

FOLDS = 5
BLOCK = 256
SMALLEST = 1e-6

ATTACKS = {
    "nearest": "distance to the nearest synthetic row",
    "nearest_calibrated": "that distance relative to the nearest reference patient",
    "density_ratio": "density of synthetic rows over density of reference patients",
    "exact_values": "rare values shared exactly with one synthetic row",
}


def attack_scores(
    synthetic: Columns, members: Columns, outsiders: Columns, rng: np.random.Generator
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Scores of every attack for members and for non-members.

    Parameters
    ----------
    synthetic : Columns
        What the attacker was given.
    members, outsiders : Columns
        Training patients, and real patients who were held out.
    rng : numpy.random.Generator
        Draws the folds.

    Returns
    -------
    dict of str to (ndarray of shape (members,), ndarray of shape (outsiders,))
        By attack; a higher score says "member".
    """
    count = members.rows
    fold = np.r_[folds(rng, count), folds(rng, outsiders.rows)]
    scale = Scale(synthetic)
    space = [scale.place(table) for table in (synthetic, members, outsiders)]
    records = np.vstack(space[1:])
    nearest = np.empty((2, len(records)))
    for rows in blocks(len(records), max(map(len, space)), BLOCK):
        nearest[0, rows] = city_block(records[rows], space[0]).min(axis=1)
        apart = city_block(records[rows], space[2])
        apart[fold[rows, None] == fold[None, count:]] = np.inf
        nearest[1, rows] = apart.min(axis=1)
    scores = {
        "nearest": -nearest[0],
        "nearest_calibrated": np.log(nearest[1] + SMALLEST) - np.log(nearest[0] + SMALLEST),
        "density_ratio": _density_ratio(records, space[0], space[2], fold, count, nearest),
        "exact_values": _exact_values(synthetic, members, outsiders, fold),
    }
    return {name: (score[:count], score[count:]) for name, score in scores.items()}


def _density_ratio(records, synthetic, reference, fold, count, nearest) -> np.ndarray:
    """Log ratio of two Laplace kernel densities, both at one bandwidth."""
    width = max(float(np.median(nearest)), SMALLEST)
    ratio = np.empty(len(records))
    for rows in blocks(len(records), max(len(synthetic), len(reference)), BLOCK):
        high = np.exp(-city_block(records[rows], synthetic) / width).mean(axis=1)
        near = np.exp(-city_block(records[rows], reference) / width)
        near[fold[rows, None] == fold[None, count:]] = 0.0
        ratio[rows] = np.log(high + 1e-12) - np.log(near.mean(axis=1) + 1e-12)
    return ratio


def _exact_values(
    synthetic: Columns, members: Columns, outsiders: Columns, fold: np.ndarray
) -> np.ndarray:
    """Largest summed rarity of the values a record shares with one synthetic row."""
    tables = [
        np.nan_to_num(table.matrix(), nan=-np.inf) for table in (synthetic, members, outsiders)
    ]
    records, count = np.vstack(tables[1:]), members.rows
    rarity = np.empty(records.shape)
    for number in range(FOLDS):
        reference = tables[2][fold[count:] != number]
        asked = fold == number
        for column in range(records.shape[1]):
            known = np.sort(reference[:, column])
            values = records[asked, column]
            seen = np.searchsorted(known, values, "right") - np.searchsorted(known, values, "left")
            rarity[asked, column] = -np.log((seen + 1) / (len(known) + 2))
    scores = np.empty(len(records))
    for rows in blocks(len(records), len(tables[0]), BLOCK):
        summed = np.zeros((len(records[rows]), len(tables[0])))
        for column in range(records.shape[1]):
            same = records[rows, column, None] == tables[0][None, :, column]
            summed += same * rarity[rows, column, None]
        scores[rows] = summed.max(axis=1)
    return scores


def folds(rng: np.random.Generator, rows: int) -> np.ndarray:
    """A fold for each row, all as large."""
    return rng.permutation(np.arange(rows) % FOLDS)
