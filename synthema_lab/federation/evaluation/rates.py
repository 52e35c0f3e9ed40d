"""Which measures does a hospital take on its own patients, to be averaged over hospitals?

Those that need rows side by side: classifiers, prognostic models, predicates
that single out. Each comes with a weight and a variance. A rate within a hospital
is not the same as over all patients: a classifier that learns from fewer patients
tells fewer tables apart, and a predicate that points at one patient here may meet
another elsewhere. The floor is made in the same hospital, of its own patients,
with as many rows as the synthetic cohort, so that the two compare.
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
STEPS = 100
"""Rates are summed in hundredths of a patient."""
WITHIN = {"singling_out_gain": "; within a hospital, where predicates meet fewer patients"}
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
    dict of str to numpy.ndarray of int64, shape (3,)
        By name of the table; zeros for a rate that these patients do not give.
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
        for role in roles:
            estimate = estimates.get(role, Estimate.absent("not enough patients"))
            found[f"rate {name} {role}"] = _weighed(estimate, judged)
    return found


def averaged(name: str, total: np.ndarray, chance: float = np.nan) -> Estimate:
    """The mean over hospitals, weighted by their patients.

    Parameters
    ----------
    name : str
        A key of `RATES`.
    total : numpy.ndarray, shape (3,)
        The sum of what hospitals gave.
    chance : float
        What the measure gives where nothing leaks.

    Examples
    --------
    >>> one, other = (np.array([n, n * rate * STEPS, n**2 * STEPS * 0.01])
    ...               for n, rate in ((50, 0.5), (150, 0.7)))
    >>> averaged("c2st_auc", one + other).value
    0.65
    """
    weight, weighted, variance = (float(part) for part in total)
    if weight == 0:
        return Estimate.absent("no hospital has patients enough for it")
    value, error = weighted / STEPS / weight, np.sqrt(variance / STEPS) / weight
    least, most = measure(name).range
    note = "mean of the hospitals' own values, weighted by their patients" + WITHIN.get(name, "")
    return Estimate(
        value, max(least, value - Z * error), min(most, value + Z * error), int(weight), note,
        chance,
    )  # fmt: skip


def _events(columns: Columns) -> float:
    return 0.0 if columns.event is None else float(np.nansum(columns.event))


def _weighed(estimate: Estimate, judged: Columns | None) -> np.ndarray:
    """Weight, weight times rate, and squared weight times variance."""
    if judged is None or not (np.isfinite(estimate.value) and np.isfinite(estimate.low)):
        return np.zeros(3, dtype=np.int64)
    patients = judged.rows
    variance = ((estimate.high - estimate.low) / (2 * Z)) ** 2
    parts = [patients, STEPS * patients * estimate.value, STEPS * patients**2 * variance]
    return np.round(parts).astype(np.int64)
