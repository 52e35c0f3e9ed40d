"""Does what is learnt from synthetic patients hold for real ones, and the reverse?

Train on synthetic, test on real (Esteban et al. 2017): a model learnt from a table is
judged on real patients who were held out. Beside the C-index of `hazards` stand the
error of predicted survival over time, and the area under the curve of a model that
is not a Cox model. In the reverse, a Cox model learnt from real patients is judged on
the table: a table from which the relations were lost gives it nothing to rank.
"""

from __future__ import annotations

import numpy as np

from .bootstrap import percentile_interval, weighted_auc
from .columns import Columns
from .concordance import concordance
from .horizon_outcome import HorizonOutcome, horizon_outcome, too_few
from .kaplan_meier import public_grid, survival_on_grid
from .metric import Estimate, Measure
from .reference import Reference
from .survival_model import fitted, no_event_held_out, planned, too_little

TREES = {"max_iter": 60, "learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 20}
AS_FITTED = "the interval resamples the patients judged, with the fitted model as it is"
LEAST_FOLLOWED = 0.05
"""Times at which fewer are still followed are left out: their weights would decide everything."""


def outcome_auc(candidate: Columns, reference: Reference) -> Estimate:
    """Area under the ROC curve, on held-out patients, of boosted trees learnt from a table."""
    learnt, judged = (horizon_outcome(one, reference) for one in (candidate, reference.holdout))
    refused = too_few(learnt, judged)
    if refused:
        return Estimate.absent(refused)
    scores = _boosted(learnt).predict_proba(judged.predictors)[:, 1]
    positive, negative = np.flatnonzero(judged.outcome), np.flatnonzero(~judged.outcome)
    counts = reference.counts(reference.holdout)[:, judged.rows]
    ones = np.ones((1, len(scores)))
    value, drawn = (
        weighted_auc(scores[positive], scores[negative], who[:, positive], who[:, negative])
        for who in (ones, counts)
    )
    low, high = percentile_interval(drawn)
    left = reference.holdout.rows - len(scores)
    note = f"{left} held-out patients of unknown outcome left out; {AS_FITTED}"
    return Estimate(float(value[0]), low, high, len(scores), note)


def brier_score(candidate: Columns, reference: Reference) -> Estimate:
    """Integrated Brier score, on held-out patients, of a Cox model learnt from a table.

    Squared error of the predicted chance to be alive, a mean over times up to the
    horizon, each patient weighted by the inverse chance to be still followed (Graf et
    al. 1999). 0.25 is what a coin gives.
    """
    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate) or no_event_held_out(reference)
    if refused:
        return Estimate.absent(refused)
    design, time, event = plan.design(reference.holdout)
    grid = public_grid(reference.dictionary.survival.horizon)[1:]
    followed = survival_on_grid(time, 1 - event, grid)[0]
    grid = grid[(followed > LEAST_FOLLOWED) & (grid < time.max())]
    if not len(grid):
        return Estimate.absent("the held-out patients are not followed")
    beta = fitted(reference, candidate, plan).log_hazard_ratios
    hazard = _baseline(*plan.design(candidate), beta, grid)
    alive = np.exp(-np.exp(np.clip(design @ beta, -30, 30))[:, None] * hazard)
    errors = _weighted_errors(alive, time, event, grid).mean(axis=1)
    counts = reference.counts(reference.holdout)[:, plan.known(reference.holdout)]
    low, high = percentile_interval(counts @ errors / counts.sum(axis=1))
    return Estimate(float(errors.mean()), low, high, len(time), AS_FITTED)


def reverse_c_index(candidate: Columns, reference: Reference) -> Estimate:
    """C-index, on a table, of a Cox model learnt from the real training patients."""
    plan = planned(reference)
    refused = too_little(plan, reference.train, candidate)
    if refused:
        return Estimate.absent(refused)
    beta = fitted(reference, reference.train, plan).log_hazard_ratios
    design, time, event = plan.design(candidate)
    counts = reference.counts(candidate)[:, plan.known(candidate)]
    value = float(concordance(design @ beta, time, event)[0])
    low, high = percentile_interval(concordance(design @ beta, time, event, counts))
    note = (
        "higher than the ceiling: the table is more orderly than real patients, as one without "
        f"rare courses is; {AS_FITTED}"
    )
    return Estimate(value, low, high, len(time), note)


def _boosted(learnt: HorizonOutcome):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        **TREES, early_stopping=False, categorical_features=learnt.categorical, random_state=0
    )
    return model.fit(learnt.predictors, learnt.outcome)


def _baseline(
    design: np.ndarray, time: np.ndarray, event: np.ndarray, beta: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Breslow's cumulative baseline hazard at each time of a grid."""
    order = np.argsort(time, kind="stable")
    time, event = time[order], event[order]
    weights = np.exp(np.clip(design[order] @ beta, -30, 30))
    times, first = np.unique(time, return_index=True)
    at_risk = np.cumsum(weights[::-1])[::-1][first]
    cumulative = np.cumsum(np.add.reduceat(event, first) / at_risk)
    return np.r_[0.0, cumulative][np.searchsorted(times, grid, side="right")]


def _weighted_errors(
    alive: np.ndarray, time: np.ndarray, event: np.ndarray, grid: np.ndarray
) -> np.ndarray:
    """Weighted squared errors, shape (patients, times)."""
    before = np.nextafter(time, 0.0)
    followed_at_grid = survival_on_grid(time, 1 - event, grid)[0]
    order = np.argsort(before, kind="stable")
    followed = np.empty(len(time))
    followed[order] = survival_on_grid(time, 1 - event, before[order])[0]
    dead = (time[:, None] <= grid) & (event[:, None] > 0)
    there = time[:, None] > grid
    weight_dead = 1.0 / np.maximum(followed, LEAST_FOLLOWED)[:, None]
    return np.where(dead, alive**2 * weight_dead, 0.0) + np.where(
        there, (1 - alive) ** 2 / followed_at_grid, 0.0
    )


_NEEDS = frozenset({"survival", "holdout"})
MEASURES = (
    Measure(
        "outcome_auc",
        "Event by the horizon predicted on real patients (AUC)",
        "utility",
        "maximise",
        (0.0, 1.0),
        "How often boosted trees learnt from the table give the higher risk to the one of two real "
        "held-out patients who has the event by the horizon; 0.5 is guessing.",
        _NEEDS,
        "train",
        outcome_auc,
    ),
    Measure(
        "brier_score",
        "Survival predicted on real patients (integrated Brier score)",
        "utility",
        "minimise",
        (0.0, 1.0),
        "Squared error of the chance of survival that a Cox model learnt from the table predicts "
        "for real held-out patients, over time; 0.25 is a coin.",
        _NEEDS,
        "train",
        brier_score,
    ),
    Measure(
        "reverse_c_index",
        "C-index of a real model on the table",
        "utility",
        "maximise",
        (0.0, 1.0),
        "How often a Cox model learnt from real patients puts two patients of the table in the "
        "right order; 0.5 is guessing.",
        frozenset({"survival"}),
        "holdout",
        reverse_c_index,
        standard_only=True,
    ),
)
