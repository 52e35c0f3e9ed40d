"""What would an attacker guess, and is it right?

Guesses depend on the synthetic table and on what is known of a record, never on
other patients: hospitals that make them apart make the same. What is near enough for a
number is a tenth of the interquartile range of the records that are asked about together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .columns import MISSING, Columns
from .knowledge import quasi_identifiers
from .places import distances
from .reference import Reference

TOLERANCE = 0.1
FEWEST_OF_A_VALUE = 10
TREES = {"max_iter": 30, "learning_rate": 0.2, "max_leaf_nodes": 15, "min_samples_leaf": 5}
ATTACKS = {
    "nearest_all": "the nearest synthetic row, knowing every other variable",
    "nearest_quasi": "the nearest synthetic row, knowing the quasi-identifiers",
    "boosted_quasi": "boosted trees, knowing the quasi-identifiers",
}


def attacks_on(name: str, quasi: Sequence[str]) -> tuple[str, ...]:
    """The attacks that there are on a variable, by what may be known of a patient.

    Examples
    --------
    >>> attacks_on("wbc_gl", ("age_years", "sex")) == tuple(ATTACKS)
    True
    >>> attacks_on("age_years", ("age_years",))
    ('nearest_all', 'nearest_quasi')
    """
    known = [one for one in quasi if one != name]
    return tuple(ATTACKS)[: 3 if known else 2 if quasi else 1]


def guessed_right(
    candidate: Columns, records: Columns, targets: Sequence[str], reference: Reference
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Guess every target of every record from a table, in every way.

    Parameters
    ----------
    candidate : Columns
        What the attacker was given.
    records : Columns
        Patients of whom something is known.
    targets : sequence of str
        Of each at least one row of the table must have a value.
    reference : Reference
        Of its patients nothing is used.

    Yields
    ------
    (str, str, ndarray of bool, shape (records,))
        Target, a key of `ATTACKS`, and whether the guess is right; never where the
        record has no value.
    """
    # Which of several rows at one distance is nearest must not follow the order of the table.
    order = reference.rng("order of the synthetic rows").permutation(candidate.rows)
    for name, attack, guess in _guesses(records, candidate.take(order), targets, reference):
        yield name, attack, _right(name, guess, records, reference)


def _right(name: str, guess: np.ndarray, records: Columns, reference: Reference) -> np.ndarray:
    if name in records.coded:
        codes = records.coded[name]
        return (guess == codes) & (codes != MISSING)
    values = records.numeric[name]
    if not np.isfinite(values).any():
        return np.zeros(records.rows, dtype=bool)
    low, high = np.nanquantile(values, [0.25, 0.75])
    if reference.dictionary.variables[name].type == "integer":
        guess = np.rint(guess)
    return np.abs(guess - values) <= TOLERANCE * (high - low) + 1e-9


def _guesses(
    records: Columns, synthetic: Columns, targets: Sequence[str], reference: Reference
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Target, attack, and a guess for every record."""
    order = {name: place for place, name in enumerate(records.variables)}
    named = quasi_identifiers(reference.dictionary, records.variables)
    quasi = [order[name] for name in named]
    attacks = ["nearest_all", "nearest_quasi"] if quasi else ["nearest_all"]
    nearest = np.empty((len(targets), len(attacks), records.rows), dtype=np.int64)
    for rows, apart in distances(records, synthetic, synthetic):
        whole = [apart.sum(axis=0), *([apart[quasi].sum(axis=0)] if quasi else [])]
        for number, name in enumerate(targets):
            unknown = np.flatnonzero(synthetic.missing(name))
            for attack, total in enumerate(whole):
                known = total - apart[order[name]] if attack == 0 else total.copy()
                if attack and order[name] in quasi:
                    known -= apart[order[name]]
                known[:, unknown] = np.inf
                nearest[number, attack, rows] = known.argmin(axis=1)
    for number, name in enumerate(targets):
        values = (synthetic.numeric if name in synthetic.numeric else synthetic.coded)[name]
        for attack in attacks_on(name, named):
            if attack != "boosted_quasi":
                yield name, attack, values[nearest[number, attacks.index(attack)]]
            else:
                known = [place for place in quasi if place != order[name]]
                yield name, attack, _boosted(name, known, records, synthetic)


def _boosted(name: str, known: list[int], records: Columns, synthetic: Columns) -> np.ndarray:
    """Guess of boosted trees; a category is the one that what is known makes likelier most."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    there = ~synthetic.missing(name)
    given, asked = synthetic.matrix()[there][:, known], records.matrix()[:, known]
    # A column of gaps alone is nothing that trees can be grown on.
    given[:, np.isnan(given).all(axis=0)] = 0.0
    numeric = name in synthetic.numeric
    values = (synthetic.numeric if numeric else synthetic.coded)[name][there]
    kinds, counts = np.unique(values, return_counts=True)
    if len(kinds) == 1:
        return np.full(records.rows, kinds[0])
    kind = HistGradientBoostingRegressor if numeric else HistGradientBoostingClassifier
    coded = [synthetic.variables[place] in synthetic.coded for place in known]
    model = kind(**TREES, early_stopping=False, random_state=0, categorical_features=coded)
    with threadpool_limits(limits=1):
        model.fit(given, values)
        if numeric:
            return model.predict(asked)
        share = counts / counts.sum()
        lift = model.predict_proba(asked) / share
        lift[:, counts < FEWEST_OF_A_VALUE] = 0.0
        return model.classes_[lift.argmax(axis=1)]
