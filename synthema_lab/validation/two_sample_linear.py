"""Can a linear model tell synthetic patients from real ones?

A classifier two-sample test (Lopez-Paz and Oquab 2017) with the plainest of
classifiers: a logistic regression on standardised numbers, indicators of each
category and indicators of each missing value. It sees shifts of single
variables, in average or share, and little else: tables that differ only in how
variables go together look the same to it. Read it beside the test with trees;
if both see a difference, this one says that it is a plain one.

Predictions are out of fold, and identical rows always share a fold.
"""

from __future__ import annotations

import numpy as np

from .columns import MISSING, Columns, groups_of_copies
from .metric import Estimate, Measure
from .reference import Reference
from .two_sample import FEWEST, FOLDS, folds_of_copies, told_apart

PENALTY = 1.0


def c2st_linear_auc(candidate: Columns, reference: Reference) -> Estimate:
    """Area under the ROC curve of a logistic regression, out of fold."""
    train = reference.train
    if min(train.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    design = linear_design(train, candidate)
    if not design.shape[1]:
        return Estimate.absent("every variable is constant over both tables")
    label = np.r_[np.zeros(train.rows), np.ones(candidate.rows)]
    copies = np.concatenate(groups_of_copies(train.matrix(), candidate.matrix()))
    # The folds are those of the test with trees, so that the two compare.
    fold = folds_of_copies(copies, label, reference.rng("c2st"), FOLDS)
    if fold is None:
        return Estimate.absent(f"the tables hold fewer than {FOLDS} different rows")
    value, low, high = told_apart(_out_of_fold(design, label, fold), candidate, reference)
    note = f"{FOLDS} folds, {design.shape[1]} terms; identical rows share a fold"
    if high < 0.5:
        note += (
            "; below 0.5: the shares and averages of the two tables are closer than those of two "
            "groups of patients would be, as in a table made from the shares of these patients"
        )
    return Estimate(value, low, high, train.rows + candidate.rows, note)


def linear_design(real: Columns, other: Columns) -> np.ndarray:
    """Both tables as standardised terms of a linear model, the real one first.

    A number is filled with the median of both tables where missing, and has an
    indicator of being missing; a category has an indicator of each level and of
    being missing. Terms are centred and divided by their standard deviation over
    both tables together, without a look at which is which; constant ones go.

    Parameters
    ----------
    real, other : Columns
        With the same variables.

    Returns
    -------
    ndarray of float, shape (real rows + other rows, terms)

    Examples
    --------
    >>> from dataclasses import replace
    >>> import pandas as pd
    >>> table = Columns(2, {"age": np.array([60.0, np.nan])}, {"sex": np.array([0, 1])},
    ...                 {"sex": ("F", "M")}, None, None, None, (), pd.DataFrame())
    >>> linear_design(table, replace(table, numeric={"age": np.array([70.0, 80.0])})).shape
    (4, 4)
    """
    parts = []
    for name in real.numeric:
        values = np.r_[real.numeric[name], other.numeric[name]]
        gap = np.isnan(values)
        if not gap.all():
            parts.append(np.where(gap, np.median(values[~gap]), values)[:, None])
        parts.append(gap.astype(float)[:, None])
    for name, levels in real.levels.items():
        codes = np.r_[real.coded[name], other.coded[name]]
        parts.append(np.eye(len(levels) + 1)[codes - MISSING])
    terms = np.hstack(parts) if parts else np.empty((real.rows + other.rows, 0))
    terms = terms[:, terms.min(axis=0) < terms.max(axis=0)] if len(terms) else terms
    terms = terms - terms.mean(axis=0)
    return terms / terms.std(axis=0)


def _out_of_fold(design: np.ndarray, label: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Log odds of "not real" for every row, never seen in training."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    scores = np.empty(len(label))
    with threadpool_limits(limits=1):
        for held in range(FOLDS):
            model = LogisticRegression(C=PENALTY, solver="newton-cholesky")
            model.fit(design[fold != held], label[fold != held])
            scores[fold == held] = model.decision_function(design[fold == held])
    # Rounded, so that equal rows stay equal whatever order a sum is taken in.
    return scores.round(9)


MEASURES = (
    Measure(
        "c2st_linear_auc",
        "Classifier two-sample test, linear (AUC)",
        "fidelity",
        0.5,
        (0.0, 1.0),
        "How often a logistic regression picks the synthetic patient out of a real and a "
        "synthetic one; 0.5 is guessing. It sees averages and shares, not what goes together.",
        frozenset(),
        "holdout",
        c2st_linear_auc,
        standard_only=True,
    ),
)
