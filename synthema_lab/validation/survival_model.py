"""Which Cox model does each table imply, with covariates planned once on real patients?

What was planned and fitted is kept with the reference, so that every measure that needs
a model of a table uses the same one.
"""

from __future__ import annotations

import numpy as np

from .columns import Columns
from .concordance import concordance
from .covariates import CovariatePlan, plan_covariates
from .cox import CoxFit, cox_draws, fit_cox
from .reference import Reference

RIDGE = 1e-3
FEWEST_EVENTS = 10


def planned(reference: Reference) -> CovariatePlan:
    """The covariates, from the real training patients."""
    return reference.once(
        ("covariates", "train"), lambda: plan_covariates(reference.train, reference.dictionary)
    )


def too_little(plan: CovariatePlan, *tables: Columns) -> str:
    """Why no model can be fitted to these tables; empty if one can."""
    if not plan.compared.any():
        return "no covariate varies enough to be modelled"
    if min(np.nansum(table.event) for table in tables) < FEWEST_EVENTS:
        return f"a table has fewer than {FEWEST_EVENTS} events"
    return ""


def fitted(reference: Reference, columns: Columns, plan: CovariatePlan) -> CoxFit:
    """The model of one table."""
    return reference.once(
        ("cox", columns.role), lambda: fit_cox(*plan.design(columns), ridge=RIDGE)
    )


def refitted(reference: Reference, columns: Columns, plan: CovariatePlan) -> np.ndarray:
    """Its log hazard ratios on resampled patients, shape (draws, covariates)."""

    def draw() -> np.ndarray:
        counts = reference.counts(columns)[:, plan.known(columns)]
        start = fitted(reference, columns, plan).log_hazard_ratios
        return cox_draws(*plan.design(columns), counts, start, RIDGE)

    return reference.once(("cox draws", columns.role), draw)


def ranked(reference: Reference, plan: CovariatePlan, fit: CoxFit) -> np.ndarray:
    """C-index of a model on the held-out patients, then on each resample of them."""
    design, time, event = plan.design(reference.holdout)
    risk = design @ fit.log_hazard_ratios
    counts = reference.counts(reference.holdout)[:, plan.known(reference.holdout)]
    return np.r_[concordance(risk, time, event), concordance(risk, time, event, counts)]


def no_event_held_out(reference: Reference) -> str:
    """Why no model can be judged on the held-out patients; empty if one can."""
    event = reference.holdout.event[CovariatePlan.known(reference.holdout)]
    return "" if event.sum() else "the held-out patients have no event"
