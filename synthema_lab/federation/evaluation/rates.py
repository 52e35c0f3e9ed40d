"""Which measures does a hospital take on its own patients, to be averaged over hospitals?

Those that need rows side by side: classifiers, prognostic models, predicates
that single out. Each comes with a weight and a variance. A rate within a hospital
is not the same as over all patients: a classifier that learns from fewer patients
tells fewer tables apart, and a predicate that points at one patient here may meet
another elsewhere. What predicates gain is summed and not averaged: each was read off one
synthetic row, and points at a patient of one hospital if at any.

The floor is made in the same hospital, of its own patients, with as many rows as the
synthetic cohort, so that the two compare. A hospital gives all that there is of a
measure or nothing, so that value and floor are of the same hospitals; only one that
holds nobody out gives no ceiling.
"""

from __future__ import annotations

import numpy as np

from ...validation.columns import Columns
from ...validation.metric import Estimate
from ...validation.reference import Reference
from ...validation.registry import measure

_COMPARED = ("candidate", "floor", "ceiling")
RATES = {
    "c2st_auc": _COMPARED,
    "c2st_linear_auc": _COMPARED,
    "c_index": _COMPARED,
    "outcome_auc": _COMPARED,
    "brier_score": _COMPARED,
    "reverse_c_index": _COMPARED,
    "singling_out_gain": ("candidate", "floor", "chance"),
}
"""Measures, and what each is taken of."""
STEPS, SQUARES = 100, 10
"""Rates are summed in hundredths of a patient, variances in tenths of a squared patient."""
SIZE = 4
MOST = 20_000_000
"""No hospital gives a larger number: what would be larger is left out."""
ADDED = "singling_out_gain"
EQUAL = 1000
"""Weight of every hospital where values are added up."""
Z = 1.959964


def site_rates(candidate: Columns, reference: Reference) -> dict[str, np.ndarray]:
    """Every rate as weight, weighted rate and weighted variance, in whole steps.

    Parameters
    ----------
    candidate : Columns
    reference : Reference
        The hospital's patients; its floor is of them.

    Returns
    -------
    dict of str to numpy.ndarray of int64, shape (4,)
        By name of the table: weight, weighted rate, weighted variance, and 1 for the
        hospital; zeros for a rate that these patients do not give.
    """
    found = {}
    for name, roles in RATES.items():
        one = measure(name)
        survival = "survival" in one.needs
        able = not one.missing(reference) and not (survival and not _events(reference.train))
        tables = {"candidate": candidate, "floor": reference.floor}
        if one.ceiling != "chance":
            tables["ceiling"] = getattr(reference, one.ceiling)
        estimates = {
            role: one.estimate(table, reference)
            for role, table in tables.items()
            if able and table is not None and not (survival and not _events(table))
        }
        if "candidate" in estimates:
            chance = estimates["candidate"].chance
            estimates["chance"] = Estimate(chance, chance, chance)
        judged = reference.holdout if one.group == "utility" else reference.train
        weight = EQUAL if name == ADDED else 0 if judged is None else judged.rows
        given = {role: _weighed(estimates.get(role), weight) for role in roles}
        asked = [role for role in roles if tables.get(role, candidate) is not None]
        whole = all(given[role][-1] for role in asked)
        for role in roles:
            found[f"rate {name} {role}"] = given[role] if whole else np.zeros(SIZE, np.int64)
    return found


def averaged(name: str, total: np.ndarray, chance: float = np.nan) -> Estimate:
    """The mean over hospitals, weighted by their patients, or the sum where `ADDED`.

    Parameters
    ----------
    name : str
        A key of `RATES`.
    total : numpy.ndarray, shape (4,)
        The sum of what hospitals gave.
    chance : float
        What the measure gives where nothing leaks.

    Examples
    --------
    >>> one, other = (np.array([n, n * rate * STEPS, n**2 * SQUARES * 0.01, 1])
    ...               for n, rate in ((50, 0.5), (150, 0.7)))
    >>> averaged("c2st_auc", one + other).value
    0.65
    """
    weight, weighted, variance, hospitals = (float(part) for part in total)
    if weight == 0:
        return Estimate.absent("no hospital has patients enough for it")
    value, error = weighted / STEPS / weight, np.sqrt(variance / SQUARES) / weight
    least, most = measure(name).range
    note = f"mean of the own values of {int(hospitals)} hospitals, weighted by their patients"
    if name == ADDED:
        value, error = hospitals * value, hospitals * error
        note = (
            f"summed over {int(hospitals)} hospitals: which share of the predicates point at one "
            "patient in one of them, of what a copy would gain"
        )
    value = min(max(value, least), most)
    return Estimate(
        value, max(least, value - Z * error), min(most, value + Z * error), int(weight), note,
        chance,
    )  # fmt: skip


def _events(columns: Columns) -> float:
    return 0.0 if columns.event is None else float(np.nansum(columns.event))


def _weighed(estimate: Estimate | None, patients: int) -> np.ndarray:
    """Weight, weight times rate, squared weight times variance, and 1; zeros for nothing."""
    nothing = np.zeros(SIZE, dtype=np.int64)
    if estimate is None or not patients:
        return nothing
    if not (np.isfinite(estimate.value) and np.isfinite(estimate.low)):
        return nothing
    variance = ((estimate.high - estimate.low) / (2 * Z)) ** 2
    parts = [patients, STEPS * patients * estimate.value, SQUARES * patients**2 * variance, 1]
    return bounded(np.array(parts, dtype=float))


def bounded(parts: np.ndarray) -> np.ndarray:
    """Whole numbers, or zeros where one is not finite or too large to be summed.

    Examples
    --------
    >>> bounded(np.array([1.4, 2.0])).tolist(), bounded(np.array([1.0, 1e12])).tolist()
    ([1, 2], [0, 0])
    """
    if not np.isfinite(parts).all() or np.abs(parts).max(initial=0.0) > MOST:
        return np.zeros(len(parts), dtype=np.int64)
    return np.round(parts).astype(np.int64)
