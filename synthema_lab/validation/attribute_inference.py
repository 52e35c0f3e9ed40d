"""What does the synthetic table tell about a patient of whom something is known?

The attacker knows a part of a record, learns from the synthetic table how a
sensitive variable follows from it, and guesses. Much can be guessed about
anybody, since variables belong together; that is what the population tells and
no leak. The same guesses are therefore made for held-out patients, and what
counts is how much more often they are right for training patients (Giomi et
al. 2023; Stadler, Oprisanu and Troncoso 2022).

A guess of a category is right if it is the patient's, and each value counts
alike however rare it is: what is rare harms most when told. A guess of a number
is right within a tenth of the interquartile range. Both are shares of patients,
so that variables of all kinds stand beside each other, whatever their units.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .columns import MISSING, Columns
from .gains import measure_gains
from .metric import Estimate, Measure
from .places import distances, stacked
from .reference import Reference
from .small_groups import EASILY_KNOWN, quasi_identifiers

FEWEST = 20
FEWEST_OF_A_VALUE = 10
TOLERANCE = 0.1
TREES = {"max_iter": 30, "learning_rate": 0.2, "max_leaf_nodes": 15, "min_samples_leaf": 5}
ATTACKS = {
    "nearest_all": "the nearest synthetic row, knowing every other variable",
    "nearest_quasi": "the nearest synthetic row, knowing the quasi-identifiers",
    "boosted_quasi": "boosted trees, knowing the quasi-identifiers",
}


def attribute_inference_gain(candidate: Columns, reference: Reference) -> Estimate:
    """Clearest gain in guessing a sensitive variable of a training patient."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows) < FEWEST:
        return Estimate.absent(f"fewer than {FEWEST} members or non-members")
    if len(members.variables) < 2:
        return Estimate.absent("with one variable there is nothing to guess from")
    records = stacked(members, outsiders)
    member = np.arange(records.rows) < members.rows
    weights = {}
    for name in sensitive_variables(reference):
        weight = _weight(name, records, member)
        if weight is not None and (~candidate.missing(name)).sum() >= FEWEST:
            weights[name] = weight
    left_out = len(sensitive_variables(reference)) - len(weights)
    if not weights:
        return Estimate.absent(
            f"no sensitive variable has {FEWEST_OF_A_VALUE} members and non-members with each of "
            "two values, and enough synthetic rows"
        )
    names, attacks, success = [], [], []
    rng = reference.rng("order of the synthetic rows")
    synthetic = candidate.take(rng.permutation(candidate.rows))
    for name, attack, guess in _guesses(records, synthetic, tuple(weights), reference):
        names.append(name)
        attacks.append(attack)
        success.append(_right(name, guess, records, reference))
    found = measure_gains(
        np.column_stack(success).astype(float),
        np.column_stack([weights[name] for name in names]),
        member,
        reference.rng("shuffled labels of the guesses"),
    )
    every = pd.DataFrame(
        {
            "variable": names, "attack": attacks, "members": found.inside, "others": found.outside,
            "gain": found.gain, "low": found.low, "high": found.high,
            "detectable": found.detectable,
        }
    )  # fmt: skip
    table = every.loc[every.groupby("variable", sort=False)["gain"].idxmax()]
    labels = [reference.dictionary.variables[name].label for name in table["variable"]]
    table.insert(1, "label", labels)
    note = f"{names[found.best]}, guessed from {ATTACKS[attacks[found.best]]}"
    estimate = found.estimate(
        records.rows, note, {"attribute_inference": table.round(4).reset_index(drop=True)}
    )
    more = f"; over {len(weights)} variables the median is {every['detectable'].median():.3f}"
    if left_out:
        more += f"; {left_out} left out with fewer than {FEWEST_OF_A_VALUE} patients of a value"
    return Estimate(
        estimate.value, estimate.low, estimate.high, estimate.n, estimate.note + more,
        estimate.chance, estimate.curves,
    )  # fmt: skip


def sensitive_variables(reference: Reference) -> tuple[str, ...]:
    """What an attacker wants to learn.

    Returns
    -------
    tuple of str
        Modelled variables of class "sensitive"; where the dictionary marks
        none, all but the quasi-identifiers and what is easily known.
    """
    variables, names = reference.dictionary.variables, reference.train.variables
    marked = tuple(name for name in names if variables[name].identifier == "sensitive")
    known = set(quasi_identifiers(reference))
    rest = (name for name in names if name not in known and not EASILY_KNOWN.search(name))
    return tuple(name for name in marked or rest if name not in reference.constant)


def _weight(name: str, records: Columns, member: np.ndarray) -> np.ndarray | None:
    """How much each record counts for a variable; nothing if it cannot be judged."""
    if name in records.numeric:
        known = np.isfinite(records.numeric[name])
        enough = min((known & member).sum(), (known & ~member).sum()) >= FEWEST
        return known.astype(float) if enough else None
    codes = records.coded[name]
    weight = np.zeros(records.rows)
    kept = 0
    for level in np.unique(codes[codes != MISSING]):
        has = codes == level
        if min((has & member).sum(), (has & ~member).sum()) >= FEWEST_OF_A_VALUE:
            weight[has] = 1 / has.sum()
            kept += 1
    return weight if kept > 1 else None


def _right(name: str, guess: np.ndarray, records: Columns, reference: Reference) -> np.ndarray:
    if name in records.coded:
        return guess == records.coded[name]
    values = records.numeric[name]
    low, high = np.nanquantile(values, [0.25, 0.75])
    if reference.dictionary.variables[name].type == "integer":
        guess = np.rint(guess)
    return np.abs(guess - values) <= TOLERANCE * (high - low) + 1e-9


def _guesses(
    records: Columns, synthetic: Columns, targets: tuple[str, ...], reference: Reference
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Target, attack, and a guess for every record."""
    order = {name: place for place, name in enumerate(records.variables)}
    quasi = [order[name] for name in quasi_identifiers(reference)]
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
        for attack, label in enumerate(attacks):
            yield name, label, values[nearest[number, attack]]
        known = [place for place in quasi if place != order[name]]
        if known:
            yield name, "boosted_quasi", _boosted(name, known, records, synthetic)


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


MEASURES = (
    Measure(
        "attribute_inference_gain",
        "Attribute inference, beyond what the population tells",
        "privacy",
        "minimise",
        (-1.0, 1.0),
        "How much more often a sensitive value is guessed right for a training patient than for "
        "another patient, by an attacker who knows the rest.",
        frozenset({"holdout"}),
        "chance",
        attribute_inference_gain,
        rows="attack",
    ),
)
