"""Does a model learnt from synthetic patients rank real patients?

Harrell's C: among pairs of patients whose order of events is known, the share
in which the one with the higher predicted risk has the event first.
"""

from __future__ import annotations

import numpy as np

BLOCK = 512


def concordance(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, counts: np.ndarray | None = None
) -> np.ndarray:
    """Harrell's C for many resamples at once.

    Parameters
    ----------
    risk : ndarray, shape (rows,)
        A higher risk predicts an earlier event.
    time, event : ndarray, shape (rows,)
        Follow-up time and 1 for an observed event.
    counts : ndarray, shape (draws, rows), optional
        How often each patient is drawn; every patient once by default.

    Returns
    -------
    ndarray, shape (draws,)
        Not a number where no pair can be compared. Equal risks count half.
        At equal times an event comes before a censoring, and two events
        cannot be compared.

    Examples
    --------
    >>> concordance(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 0.0]))
    array([1.])
    """
    counts = np.ones((1, len(time))) if counts is None else counts
    agreed, compared = np.zeros(len(counts)), np.zeros(len(counts))
    first = np.flatnonzero(event > 0)
    for begin in range(0, len(first), BLOCK):
        rows = first[begin : begin + BLOCK]
        later = (time[rows, None] < time) | ((time[rows, None] == time) & (event == 0))
        agrees = later * (
            (risk[rows, None] > risk).astype(float) + 0.5 * (risk[rows, None] == risk)
        )
        agreed += (counts[:, rows] * (counts @ agrees.T)).sum(axis=1)
        compared += (counts[:, rows] * (counts @ later.astype(float).T)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return agreed / compared
