"""Would a researcher choose the same model on synthetic patients as on real ones?

Several kinds of model predict the event by the horizon, out of fold, on the table and
on the real training patients. Compared is the order of their areas under the curve, by
pairs: each pair counts as far as real patients, drawn again, agree on its order.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from .bootstrap import percentile_interval, weighted_auc
from .columns import Columns, groups_of_copies
from .horizon_outcome import HorizonOutcome, horizon_outcome, too_few
from .metric import Estimate, Measure
from .reference import Reference
from .two_sample import folds_of_copies

FOLDS = 5
KINDS = ("logistic regression", "decision tree", "boosted trees", "nearest neighbours",
         "naive Bayes")  # fmt: skip


def model_ranking(candidate: Columns, reference: Reference) -> Estimate:
    """Agreement of the order of models, from -1 (reversed) over 0 to 1 (the same)."""
    real, other = (horizon_outcome(one, reference) for one in (reference.train, candidate))
    refused = too_few(real, other)
    if refused:
        return Estimate.absent(refused)
    drawn = [
        reference.once(("areas of models", one.role), lambda one=one, out=out: _areas(
            one, out, reference))
        for one, out in ((reference.train, real), (candidate, other))
    ]  # fmt: skip
    if any(areas is None for areas in drawn):
        return Estimate.absent(f"a table holds fewer than {FOLDS} different patients")
    on_real, on_other = drawn
    value = _agreement(on_real, on_other[:1])[0]
    low, high = percentile_interval(_agreement(on_real, on_other[1:]))
    table = pd.DataFrame(
        {"model": KINDS, "real": on_real[0].round(3), "candidate": on_other[0].round(3)}
    )
    note = (
        f"{len(KINDS)} models, {FOLDS} folds; the interval resamples predictions out of fold; "
        f"best on real patients: {KINDS[int(on_real[0].argmax())]}, on the table: "
        f"{KINDS[int(on_other[0].argmax())]}"
    )
    return Estimate(float(value), low, high, len(other.rows), note, curves={"models": table})


def _agreement(real: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Weighted agreement of pairs for each row of `other`; shapes (draws, models)."""
    pairs = np.array(list(combinations(range(len(KINDS)), 2))).T
    certain = np.sign(real[1:, pairs[0]] - real[1:, pairs[1]]).mean(axis=0)
    ordered = np.sign(other[:, pairs[0]] - other[:, pairs[1]])
    return (ordered * certain).sum(axis=1) / np.maximum(np.abs(certain).sum(), 1e-9)


def _areas(columns: Columns, outcome: HorizonOutcome, reference: Reference) -> np.ndarray | None:
    """Area under the curve of each kind: first of all patients, then of each draw."""
    copies = groups_of_copies(outcome.predictors)[0]
    rng = reference.rng(f"folds of the models, {columns.role}")
    fold = folds_of_copies(copies, outcome.outcome.astype(float), rng, FOLDS)
    if fold is None:
        return None
    positive, negative = np.flatnonzero(outcome.outcome), np.flatnonzero(~outcome.outcome)
    counts = reference.counts(columns)[:, outcome.rows]
    counts = np.vstack([np.ones((1, counts.shape[1])), counts])
    found = []
    for kind in KINDS:
        scores = np.full(len(fold), 0.5)
        for held in range(FOLDS):
            learnt = fold != held
            if outcome.outcome[learnt].all() or not outcome.outcome[learnt].any():
                continue
            model = _model(kind, outcome.categorical)
            model.fit(outcome.predictors[learnt], outcome.outcome[learnt])
            scores[~learnt] = model.predict_proba(outcome.predictors[~learnt])[:, 1]
        found.append(
            weighted_auc(scores[positive], scores[negative], counts[:, positive],
                         counts[:, negative])
        )  # fmt: skip
    return np.nan_to_num(np.column_stack(found), nan=0.5)


def _model(kind: str, categorical: np.ndarray):
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    if kind == "boosted trees":
        return HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=8, min_samples_leaf=20, early_stopping=False,
            categorical_features=categorical, random_state=0,
        )  # fmt: skip
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    codes = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=-1, keep_empty_features=True),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    prepared = ColumnTransformer(
        [("numbers", numbers, ~categorical), ("codes", codes, categorical)]
    )
    last = {
        "logistic regression": LogisticRegression(C=0.1, max_iter=500),
        "decision tree": DecisionTreeClassifier(max_depth=4, min_samples_leaf=20, random_state=0),
        "nearest neighbours": KNeighborsClassifier(15),
        "naive Bayes": GaussianNB(var_smoothing=1e-2),
    }[kind]
    return make_pipeline(prepared, last)


MEASURES = (
    Measure(
        "model_ranking",
        "Order of models kept",
        "utility",
        "maximise",
        (-1.0, 1.0),
        "Whether five kinds of model that predict the event by the horizon come in the same order "
        "on the table as on real patients; 0 is no relation.",
        frozenset({"survival"}),
        "holdout",
        model_ranking,
        standard_only=True,
    ),
)
