"""How much better than by chance can a model guess which table a patient is from?

A logistic regression gives every row its propensity of being synthetic. Their
mean squared distance from the share of synthetic rows is the pMSE (Woo et al.
2009). It is divided by what it would be if both tables were drawn from the same
patients (Snoke et al. 2018), found by shuffling which row belongs to which
table. One is what other real patients would reach; a copy reaches 0.

The terms are those of the linear two-sample test and, since averages and shares
do not tell what goes together, the squares and products of the ten leading
principal components of both tables together. The components are made without
knowing which row is real, so that the shuffles stay fair.
"""

from __future__ import annotations

import numpy as np

from .bootstrap import percentile_interval
from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference
from .two_sample import FEWEST
from .two_sample_linear import linear_design

COMPONENTS = 10
SHUFFLES = 50
PENALTY = 1.0


def pmse_ratio(candidate: Columns, reference: Reference) -> Estimate:
    """Propensity mean squared error over its mean when the labels are shuffled.

    The interval lets both tables be drawn again and the model follow by one
    Newton step. A ratio above 1 holds the part that chance adds; it is taken
    out before drawing, so that chance is added once and not twice.
    """
    from threadpoolctl import threadpool_limits

    train = reference.train
    if min(train.rows, candidate.rows) < FEWEST:
        return Estimate.absent(f"a table has fewer than {FEWEST} rows")
    design = _with_products(linear_design(train, candidate))
    if not design.shape[1]:
        return Estimate.absent("every variable is constant over both tables")
    label = np.r_[np.zeros(train.rows), np.ones(candidate.rows)]
    rng = reference.rng("shuffles of the propensity")
    with threadpool_limits(limits=1):
        fitted = _propensities(design, label)
        found = float(((fitted - label.mean()) ** 2).mean())
        shuffled = np.empty(SHUFFLES)
        for number in range(SHUFFLES):
            guess = _propensities(design, rng.permutation(label))
            shuffled[number] = ((guess - label.mean()) ** 2).mean()
        expected = float(shuffled.mean())
        ratio = found / expected
        counts = np.hstack([reference.counts(train), reference.counts(candidate)])
        drawn = _drawn_again(design, label, fitted, counts, ratio) / expected
    # Below 1 the shift is negative: the draws cannot fall under what chance adds.
    drawn = np.maximum(drawn - drawn.mean() + ratio, 0.0)
    low, high = percentile_interval(drawn)
    note = (
        f"pMSE {found:.4f} over {expected:.4f}, the mean of {SHUFFLES} shuffles; "
        f"{design.shape[1]} terms"
    )
    if high < 1:
        note += (
            "; below 1: closer to the training patients than other patients would be, which a "
            "table made from their shares, or a copy, is; no evidence of privacy"
        )
    return Estimate(ratio, low, high, len(label), note)


def _with_products(terms: np.ndarray) -> np.ndarray:
    """The terms, and squares and products of the leading components, standardised."""
    from sklearn.decomposition import PCA

    leading = min(COMPONENTS, terms.shape[1], len(terms) - 1)
    if leading < 1:
        return terms
    scores = PCA(leading, svd_solver="covariance_eigh").fit_transform(terms)
    first, second = np.triu_indices(leading)
    products = scores[:, first] * scores[:, second]
    products -= products.mean(axis=0)
    spread = products.std(axis=0)
    kept = spread > 1e-9
    return np.hstack([terms, products[:, kept] / spread[kept]])


def _propensities(design: np.ndarray, label: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=PENALTY, solver="newton-cholesky")
    return model.fit(design, label).predict_proba(design)[:, 1]


def _drawn_again(
    design: np.ndarray, label: np.ndarray, fitted: np.ndarray, counts: np.ndarray, ratio: float
) -> np.ndarray:
    """The mean squared error of each resample, the model following by one Newton step."""
    terms = np.hstack([np.ones((len(label), 1)), design])
    weight = fitted * (1 - fitted)
    curvature = (terms * weight[:, None]).T @ terms
    curvature[np.diag_indices_from(curvature)] += np.r_[1e-9, np.full(design.shape[1], 1 / PENALTY)]
    steps = np.linalg.solve(curvature, terms.T @ ((counts - 1) * (label - fitted)).T)
    moved = weight * (terms @ steps).T
    kept = np.sqrt(max(0.0, 1 - 1 / ratio)) if ratio > 0 else 0.0
    errors = (kept * (fitted - label.mean()) + moved) ** 2
    return (counts * errors).mean(axis=1)


MEASURES = (
    Measure(
        "pmse_ratio",
        "Propensity error over its chance level (pMSE ratio)",
        "fidelity",
        1.0,
        (0.0, float("inf")),
        "How well a regression guesses who is synthetic, relative to guessing between two groups "
        "of the same patients; 1 is as other real patients, above 1 the tables differ.",
        frozenset(),
        "holdout",
        pmse_ratio,
        standard_only=True,
    ),
)
