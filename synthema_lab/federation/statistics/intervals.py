"""Which edges of a time grid may stay, so that no interval shows a few patients?"""

from __future__ import annotations

import numpy as np

from .disclosure import DisclosureRefused, small


def finest_merge(counts: np.ndarray, smallest_cell: int) -> np.ndarray:
    """Merge neighbouring intervals into as many as possible that may be shown.

    An interval may be shown if it counts nobody, or at least the smallest cell.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (intervals,)
        Events, or censorings. Not negative.
    smallest_cell : int

    Returns
    -------
    numpy.ndarray of int64
        One past the last old interval of each new one; ends with their number.

    Raises
    ------
    DisclosureRefused
        If even all intervals together may not be shown.

    Notes
    -----
    Dynamic programming over the last edge. Which edges stay depends on the
    counts, and so says a little about them.

    Examples
    --------
    >>> finest_merge(np.array([5, 2, 3, 0, 6]), 5).tolist()
    [1, 3, 4, 5]
    """
    intervals = len(counts)
    summed = np.concatenate([[0], np.cumsum(counts)])
    most = np.full(intervals + 1, -1)
    most[0] = 0
    before = np.zeros(intervals + 1, dtype=np.int64)
    for end in range(1, intervals + 1):
        fit = (most[:end] >= 0) & ~small(summed[end] - summed[:end], smallest_cell)
        if fit.any():
            reach = np.where(fit, most[:end], -1)
            before[end] = end - 1 - int(np.argmax(reach[::-1]))
            most[end] = reach.max() + 1
    if most[intervals] < 0:
        raise DisclosureRefused(
            "There are too few events or censored patients for a curve.",
            f"None, or at least {smallest_cell}, of each.",
            "Ask about more patients, or a longer time.",
        )
    ends = [intervals]
    while before[ends[-1]] > 0:
        ends.append(int(before[ends[-1]]))
    return np.array(ends[::-1])


def merged(counts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Counts on merged intervals.

    Examples
    --------
    >>> merged(np.array([5, 2, 3, 0, 6]), np.array([1, 3, 4, 5])).tolist()
    [5, 5, 0, 6]
    """
    return np.add.reduceat(counts, [0, *ends[:-1]])


def delayed(counts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Counts moved to the last of the intervals that are merged, shape (intervals,).

    Examples
    --------
    >>> delayed(np.array([5, 2, 3, 0, 6]), np.array([1, 3, 4, 5])).tolist()
    [5, 0, 5, 0, 6]
    """
    later = np.zeros_like(counts)
    later[ends - 1] = merged(counts, ends)
    return later
