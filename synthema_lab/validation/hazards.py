"""Do synthetic patients carry the hazard ratios of real ones?

The mean absolute difference of Cox log hazard ratios over the modelled
covariates, and the C-index on real held-out patients of the same model learnt
from a table.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .admission import listed
from .bootstrap import distance_interval, percentile_interval
from .columns import Columns
from .covariates import CovariatePlan
from .cox import CoxFit
from .metric import Estimate, Measure
from .reference import Reference
from .survival_model import (
    fitted,
    no_event_held_out,
    planned,
    ranked,
    refitted,
    too_little,
)


def log_hazard_ratio_error(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of log hazard ratios from those of the training patients."""
    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate)
    if refused:
        return Estimate.absent(refused)
    real = fitted(reference, reference.train, plan)
    other = fitted(reference, candidate, plan)
    real_draws, other_draws = (
        refitted(reference, reference.train, plan),
        refitted(reference, candidate, plan),
    )
    shown = plan.compared
    difference = (other.log_hazard_ratios - real.log_hazard_ratios)[shown]
    value = float(np.abs(difference).mean())
    moved = np.abs((other_draws - real_draws)[:, shown] - difference).mean(axis=1)
    low, high = distance_interval(value, moved, (0.0, np.inf))
    table = pd.concat(
        [
            _hazard_ratios(plan, real, real_draws, "real"),
            _hazard_ratios(plan, other, other_draws, "candidate"),
        ],
        ignore_index=True,
    )
    note = f"{int(shown.sum())} hazard ratios"
    if plan.left_out:
        note += f"; left out as constant or too rare: {listed(plan.left_out)}"
    return Estimate(value, low, high, candidate.rows, note, curves={"hazard_ratios": table})


def c_index(candidate: Columns, reference: Reference) -> Estimate:
    """C-index on held-out patients of a Cox model learnt from the candidate."""
    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate) or no_event_held_out(reference)
    if refused:
        return Estimate.absent(refused)
    value, *drawn = ranked(reference, plan, fitted(reference, candidate, plan))
    low, high = percentile_interval(drawn)
    note = "the interval resamples the held-out patients, with the fitted model as it is"
    judged = int(plan.known(reference.holdout).sum())
    return Estimate(float(value), low, high, judged, note)


def _hazard_ratios(plan: CovariatePlan, fit: CoxFit, draws: np.ndarray, table: str) -> pd.DataFrame:
    shown = plan.compared
    named = [c for c, keep in zip(plan.covariates, shown, strict=True) if keep]
    intervals = [percentile_interval(column) for column in draws[:, shown].T]
    return pd.DataFrame(
        {
            "table": table,
            "variable": [covariate.variable for covariate in named],
            "contrast": [covariate.label for covariate in named],
            "hazard_ratio": np.exp(fit.log_hazard_ratios[shown]).round(4),
            "low": np.exp([low for low, _ in intervals]).round(4),
            "high": np.exp([high for _, high in intervals]).round(4),
        }
    )


MEASURES = (
    Measure(
        "log_hr_error",
        "Log hazard ratio error",
        "clinical",
        "minimise",
        (0.0, float("inf")),
        "Mean difference between the log hazard ratios of a Cox model fitted on each table; "
        "numbers are scaled to one standard deviation.",
        frozenset({"survival"}),
        "holdout",
        log_hazard_ratio_error,
    ),
    Measure(
        "c_index",
        "C-index on real patients",
        "utility",
        "maximise",
        (0.0, 1.0),
        "How often a Cox model learnt from the table puts two real held-out patients in the "
        "right order; 0.5 is guessing.",
        frozenset({"survival", "holdout"}),
        "train",
        c_index,
    ),
)
