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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from .columns import MISSING, Columns
from .gains import measure_gains
from .guessing import ATTACKS, FEWEST_OF_A_VALUE, guessed_right
from .knowledge import sensitive_variables
from .metric import Estimate, Measure
from .places import stacked
from .reference import Reference

FEWEST = 20
NOTHING = (
    f"no sensitive variable has {FEWEST_OF_A_VALUE} members and non-members with each of two "
    "values, and enough synthetic rows"
)


def attribute_inference_gain(candidate: Columns, reference: Reference) -> Estimate:
    """Clearest gain in guessing a sensitive variable of a training patient."""
    members, outsiders = reference.train, reference.holdout
    if min(members.rows, outsiders.rows) < FEWEST:
        return Estimate.absent(f"fewer than {FEWEST} members or non-members")
    if len(members.variables) < 2:
        return Estimate.absent("with one variable there is nothing to guess from")
    records = stacked(members, outsiders)
    member = np.arange(records.rows) < members.rows
    sensitive = [
        name
        for name in sensitive_variables(reference.dictionary, members.variables)
        if name not in reference.constant
    ]
    weights = weights_of(sensitive, records, member, candidate)
    guesses = guessed_right(candidate, records, tuple(weights), reference)
    return gain_of_guesses(guesses, weights, member, len(sensitive), reference)


def gain_of_guesses(
    guesses: Iterable[tuple[str, str, np.ndarray]], weights: Mapping[str, np.ndarray],
    member: np.ndarray, sensitive: int, reference: Reference,
) -> Estimate:  # fmt: skip
    """How much more often guesses are right for members.

    Parameters
    ----------
    guesses : iterable of (str, str, ndarray of bool, shape (records,))
        Variable, attack, and whether the guess is right.
    weights : mapping of str to ndarray, shape (records,)
        As `weights_of` gives them.
    member : ndarray of bool, shape (records,)
    sensitive : int
        Variables that were to be guessed.
    reference : Reference
        Of its patients nothing is used.

    Returns
    -------
    Estimate
    """
    if not weights:
        return Estimate.absent(NOTHING)
    names, attacks, success = zip(*guesses, strict=True)
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
        len(member), note, {"attribute_inference": table.round(4).reset_index(drop=True)}
    )
    more = f"; over {len(weights)} variables the median is {every['detectable'].median():.3f}"
    if sensitive > len(weights):
        more += (
            f"; {sensitive - len(weights)} left out with fewer than {FEWEST_OF_A_VALUE} patients "
            "of a value"
        )
    return replace(estimate, note=estimate.note + more)


def weights_of(
    names: Sequence[str], records: Columns, member: np.ndarray, candidate: Columns
) -> dict[str, np.ndarray]:
    """How much each record counts, by variable; those that cannot be judged are left out.

    Each value of a category counts alike, and a value that fewer than ten members or
    non-members have does not count.
    """
    found = {name: _weight(name, records, member) for name in names}
    return {
        name: weight
        for name, weight in found.items()
        if weight is not None and (~candidate.missing(name)).sum() >= FEWEST
    }


def _weight(name: str, records: Columns, member: np.ndarray) -> np.ndarray | None:
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
