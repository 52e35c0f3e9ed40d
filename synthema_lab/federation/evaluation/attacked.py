"""How do hits of attacks become sums, and what do the sums say?

Every hospital attacks its own patients, learnt from and held out, with what the
synthetic cohort alone tells. It gives the number of its patients whom each guess,
or each join, gets right; the sums are written out again as one row a patient, of
which the pooled suite's own code makes gains, intervals and chance. Rows are written
out for each attack by itself, so that attacks that succeed on the same patients pass
for independent ones: the limit for the clearest of them is a little wider for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...validation.attribute_inference import FEWEST, gain_of_guesses, weights_of
from ...validation.columns import MISSING, Columns
from ...validation.guessing import ATTACKS, attacks_on, guessed_right
from ...validation.knowledge import quasi_identifiers
from ...validation.linkability import SPLITS, gain_of_joins, joins
from ...validation.metric import Estimate
from ...validation.places import stacked
from ...validation.reference import Reference

Sums = dict[str, np.ndarray]


def guesses_of_a_site(
    table: Columns, train: Columns, held: Columns, sensitive: Sequence[str], reference: Reference
) -> Sums:
    """Trials, and hits by attack, of the guesses made with a table.

    Parameters
    ----------
    table : Columns
        What attackers were given.
    train, held : Columns
        A hospital's patients. What is near enough for a number follows from them.
    sensitive : sequence of str
    reference : Reference
        Of its patients nothing is used.

    Returns
    -------
    dict of str to numpy.ndarray of int64, shape (sides, levels, 1 + attacks)
        By variable; a number has one level. What the table does not tell has no trials.
    """
    records, sides = stacked(train, held), np.repeat([0, 1], [train.rows, held.rows])
    told = [name for name in sensitive if (~table.missing(name)).sum() >= FEWEST]
    found, codes = {}, {name: _levels(records, name) for name in sensitive}
    for name in sensitive:
        levels = len(records.levels[name]) if name in records.coded else 1
        found[name] = np.zeros((2, levels, 1 + len(ATTACKS)), dtype=np.int64)
        if name in told:
            _add(found[name][:, :, 0], sides, codes[name], codes[name] != MISSING)
    if not told:
        return found
    for name, attack, right in guessed_right(table, records, told, reference):
        place = 1 + list(ATTACKS).index(attack)
        _add(found[name][:, :, place], sides, codes[name], right)
    return found


def joins_of_a_site(
    table: Columns, train: Columns, held: Columns, reference: Reference
) -> np.ndarray:
    """How many patients are joined in how many splits.

    Returns
    -------
    numpy.ndarray of int64, shape (sides, attacks, splits + 1)
    """
    joined = np.rint(joins(table, stacked(train, held), reference) * SPLITS).astype(int)
    return np.stack(
        [
            [np.bincount(column, minlength=SPLITS + 1) for column in part.T]
            for part in np.split(joined, [train.rows])
        ]
    )


def guessing_gain(
    sums: Sums, table: Columns, rows: tuple[int, int], reference: Reference
) -> Estimate:
    """The pooled suite's gain of guesses, from sums over hospitals.

    Parameters
    ----------
    sums : dict of str to numpy.ndarray, shape (sides, levels, 1 + attacks)
    table : Columns
        What attackers were given.
    rows : (int, int)
        Patients learnt from and held out.
    reference : Reference
    """
    if min(rows) < FEWEST:
        return Estimate.absent(f"fewer than {FEWEST} members or non-members")
    rng = reference.rng("guesses written out")
    numeric, coded, hits = {}, {}, []
    quasi = quasi_identifiers(reference.dictionary, reference.train.variables)
    for name, part in sums.items():
        order = [rng.permutation(count) for count in rows]
        codes = np.concatenate(
            [_padded(side[:, 0], one) for side, one in zip(part, order, strict=True)]
        )
        if name in table.numeric:
            numeric[name] = np.where(codes == MISSING, np.nan, 0.0)
        else:
            coded[name] = codes
        for attack in attacks_on(name, quasi):
            right = part[:, :, 1 + list(ATTACKS).index(attack)]
            hits.append((name, attack, _right(codes, right, rows, rng)))
    member = np.repeat([True, False], rows)
    records = Columns(
        len(member), numeric, coded, {}, None, None, None, (), pd.DataFrame(), "records"
    )
    weights = weights_of(list(sums), records, member, table)
    kept = (hit for hit in hits if hit[0] in weights)
    return gain_of_guesses(kept, weights, member, len(sums), reference)


def joining_gain(sums: np.ndarray, table: Columns, reference: Reference) -> Estimate:
    """The pooled suite's gain of joins, from sums of shape (sides, attacks, splits + 1)."""
    rows = sums.sum(axis=2)[:, 0].astype(int)
    if min(*rows, table.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    rng = reference.rng("joins written out")
    written = [
        [rng.permutation(np.repeat(np.arange(SPLITS + 1), counts)) for counts in side]
        for side in sums.astype(int)
    ]
    joined = np.concatenate([np.column_stack(side) for side in written]) / SPLITS
    return gain_of_joins(joined, np.repeat([True, False], rows), table, reference)


def _levels(records: Columns, name: str) -> np.ndarray:
    if name in records.coded:
        return records.coded[name]
    return np.where(np.isfinite(records.numeric[name]), 0, MISSING)


def _add(table: np.ndarray, sides: np.ndarray, codes: np.ndarray, chosen: np.ndarray) -> None:
    np.add.at(table, (sides[chosen], codes[chosen]), 1)


def _padded(trials: np.ndarray, order: np.ndarray) -> np.ndarray:
    """A level for each patient of a side, missing where there was no trial, in a given order."""
    known = np.repeat(np.arange(len(trials)), trials.astype(int))
    return np.r_[known, np.full(len(order) - len(known), MISSING)][order]


def _right(
    codes: np.ndarray, hits: np.ndarray, rows: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """As many patients of each side and level as were hit, drawn at random."""
    right = np.zeros(len(codes), dtype=bool)
    for begin, count, side in zip((0, rows[0]), rows, hits.astype(int), strict=True):
        for level, number in enumerate(side):
            who = begin + np.flatnonzero(codes[begin : begin + count] == level)
            right[rng.permutation(who)[:number]] = True
    return right
