"""On which public grids are attack scores counted?

The pooled suite ranks patients by the exact score; hospitals that sum can only
say how many of their patients lie between two public edges. The grids are fine
where fair scores lie and where copies lie, and depend on no patient. Patients
between the same edges count as tied, so that the true-positive rate at a small
false-positive rate is never overstated by the grid.
"""

from __future__ import annotations

import numpy as np

FINE = 120
_LOG_RATIO = np.sinh(np.linspace(-4.0, 4.0, FINE))
"""For logarithms of ratios, which lie within plus or minus 27.6."""

EDGES = {
    "nearest": -np.r_[np.geomspace(100.0, 1e-4, FINE), 1e-9],
    "nearest_calibrated": _LOG_RATIO,
    "density_ratio": _LOG_RATIO,
    "exact_values": np.r_[np.linspace(0.0, 40.0, FINE), np.geomspace(40.4, 2000.0, FINE)],
}
"""Ascending edges by attack; the first and the last bin are open."""


def counted(attack: str, scores: np.ndarray) -> np.ndarray:
    """How many scores lie in each bin of an attack's grid.

    Parameters
    ----------
    attack : str
        A key of `validation.attacks.ATTACKS`.
    scores : numpy.ndarray, shape (patients,)
        Higher says "member".

    Returns
    -------
    numpy.ndarray of int64, shape (edges + 1,)

    Examples
    --------
    >>> counted("nearest", np.array([0.0, 0.0, -0.5]))[-1:].tolist()
    [2]
    """
    edges = EDGES[attack]
    return np.bincount(np.searchsorted(edges, scores, "left"), minlength=len(edges) + 1)


def expanded(counts: np.ndarray) -> np.ndarray:
    """Scores that have these counts: the number of the bin, once a patient.

    Examples
    --------
    >>> expanded(np.array([0, 2, 1])).tolist()
    [1.0, 1.0, 2.0]
    """
    return np.repeat(np.arange(len(counts)), counts).astype(float)
