"""Can a classifier tell synthetic patients from real ones?

A classifier two-sample test (Lopez-Paz and Oquab 2017): gradient-boosted trees
are asked to tell the tables apart, and the area under the ROC curve is read on
predictions out of fold. Identical rows always share a fold, so that a copied
row cannot teach its own label.

What this cannot undo: a table that repeats real values column by column, or
holds near copies of rows, looks more real than it is, since a value or a
neighbour met with one label in training stands for the other when held out.
Read it beside the share of values repeated verbatim.
"""

from __future__ import annotations

import numpy as np

from .bootstrap import percentile_interval, weighted_auc
from .columns import Columns, groups_of_copies
from .metric import Estimate, Measure
from .reference import Reference

FOLDS = 5
FEWEST = 25
TREES = {"max_iter": 100, "learning_rate": 0.1, "max_leaf_nodes": 15, "min_samples_leaf": 15}


def c2st_auc(candidate: Columns, reference: Reference) -> Estimate:
    """Area under the ROC curve of gradient-boosted trees, out of fold."""
    train = reference.train
    if min(train.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    scores = out_of_fold(train, candidate, reference.rng("c2st"), FOLDS)
    if scores is None:
        return Estimate.absent(f"the tables hold fewer than {FOLDS} different rows")
    value, low, high = told_apart(scores, candidate, reference)
    note = f"{FOLDS} folds; identical rows share a fold"
    if high < 0.5:
        note += (
            "; below 0.5: rows on both sides resemble each other one by one, as near copies of "
            "training rows do, and then this value says nothing about fidelity"
        )
    return Estimate(value, low, high, train.rows + candidate.rows, note)


def told_apart(
    scores: np.ndarray, candidate: Columns, reference: Reference
) -> tuple[float, float, float]:
    """Area under the ROC curve, with its interval, of scores of the training rows, then others."""
    real, other = np.split(scores, [reference.train.rows])
    ones = np.ones((1, len(other))), np.ones((1, len(real)))
    value = float(weighted_auc(other, real, *ones)[0])
    counts = reference.counts(candidate), reference.counts(reference.train)
    return value, *percentile_interval(weighted_auc(other, real, *counts))


def out_of_fold(
    real: Columns, other: Columns, rng: np.random.Generator, folds: int
) -> np.ndarray | None:
    """Probability of "not real" for every row of both tables, never seen in training.

    Parameters
    ----------
    real, other : Columns
        With the same variables.
    rng : numpy.random.Generator
        Draws the folds.
    folds : int
        Number of folds, at least 2.

    Returns
    -------
    ndarray of shape (real rows + other rows,), or None
        None if there are fewer different rows than folds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    table = np.vstack([real.matrix(), other.matrix()])
    label = np.r_[np.zeros(real.rows), np.ones(other.rows)]
    copies = np.concatenate(groups_of_copies(real.matrix(), other.matrix()))
    fold = folds_of_copies(copies, label, rng, folds)
    if fold is None:
        return None
    coded = [name in real.coded and len(real.levels[name]) < 250 for name in real.variables]
    scores = np.full(len(label), np.nan)
    # One thread: on tables of this size more threads are slower, and the
    # result must not depend on the machine.
    with threadpool_limits(limits=1):
        for held in range(folds):
            model = HistGradientBoostingClassifier(
                **TREES, early_stopping=False, categorical_features=coded, random_state=0
            )
            model.fit(table[fold != held], label[fold != held])
            scores[fold == held] = model.predict_proba(table[fold == held])[:, 1]
    return scores


def folds_of_copies(
    copies: np.ndarray, label: np.ndarray, rng: np.random.Generator, folds: int
) -> np.ndarray | None:
    """Give every group of identical rows one fold, balanced in size and label.

    Groups are shuffled, sorted by how many rows of each table they hold, and
    dealt out in turn.

    Examples
    --------
    >>> copies = np.array([0, 1, 2, 3, 0, 4])
    >>> fold = folds_of_copies(copies, np.zeros(6), np.random.default_rng(0), 2)
    >>> bool(fold[0] == fold[4])
    True
    """
    groups = int(copies.max()) + 1
    if groups < folds:
        return None
    real = np.bincount(copies, weights=label == 0, minlength=groups)
    other = np.bincount(copies, weights=label == 1, minlength=groups)
    order = np.lexsort((rng.permutation(groups), other, real))[::-1]
    dealt = np.empty(groups, dtype=int)
    dealt[order] = np.arange(groups) % folds
    return dealt[copies]


MEASURES = (
    Measure(
        "c2st_auc",
        "Classifier two-sample test (AUC)",
        "fidelity",
        0.5,
        (0.0, 1.0),
        "How often boosted trees pick the synthetic patient out of a real and a synthetic one; "
        "0.5 is guessing.",
        frozenset(),
        "holdout",
        c2st_auc,
    ),
)
