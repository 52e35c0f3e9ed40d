"""How do laboratory values of one patient hang together?

A Gaussian copula. The template holds correlations of values in adults with
HbSS without treatment, after age and genetics (assumed sizes, signs from the
literature); fetal haemoglobin comes first, so that what a gene does to it
reaches the other values.
"""

from __future__ import annotations

import numpy as np

NAMES = (
    "hbf", "hb", "mcv", "retic", "wbc", "plt", "ldh", "bili", "ast", "crp", "creat", "ntprobnp",
    "trv",
)  # fmt: skip

# Solved so that the correlations in simulated untreated adults with HbSS, to which
# alpha-thalassaemia, sex and age add their part, are those listed in `targets`.
_PAIRS = {
    ("hb", "ldh"): -0.40,
    ("hb", "retic"): -0.475,
    ("hbf", "hb"): 0.34,
    ("hb", "bili"): -0.25,
    ("ldh", "ast"): 0.63,
    ("ldh", "bili"): 0.35,
    ("retic", "bili"): 0.40,
    ("mcv", "retic"): 0.20,
    ("wbc", "plt"): 0.30,
    ("wbc", "crp"): 0.30,
    ("hbf", "mcv"): 0.40,
    ("hbf", "wbc"): -0.20,
    ("ldh", "trv"): 0.28,
    ("creat", "ntprobnp"): 0.56,
}


def template() -> np.ndarray:
    """The correlation matrix in the order of `NAMES`; positive definite."""
    matrix = np.eye(len(NAMES))
    for (one, other), value in _PAIRS.items():
        at, beside = NAMES.index(one), NAMES.index(other)
        matrix[at, beside] = matrix[beside, at] = value
    return matrix


def draw(hbf_score: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Standard normal scores of every value, given that of HbF.

    Parameters
    ----------
    hbf_score : array, shape (patients,)
        Standard normal score of ln HbF, its genetic part included.
    rng : numpy.random.Generator

    Returns
    -------
    dict of str to array, shape (patients,)
        By the names of `NAMES`.
    """
    root = np.linalg.cholesky(template())
    scores = {NAMES[0]: hbf_score}
    drawn = [hbf_score]
    # Sums in a fixed order, so that every machine adds alike.
    for row, name in enumerate(NAMES[1:], start=1):
        drawn.append(rng.standard_normal(len(hbf_score)))
        total = np.zeros(len(hbf_score))
        for weight, part in zip(root[row], drawn, strict=False):
            if weight:
                total += weight * part
        scores[name] = total
    return scores
