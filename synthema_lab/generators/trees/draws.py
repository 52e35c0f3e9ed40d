"""Which code is drawn from a leaf, and how is chance kept small?

Drawn alone, each patient adds noise of their own to every hazard ratio. Balanced
draws halve the codes again and again; which half a row takes is decided by
systematic sampling (Madow 1949): running sums of the rows' probabilities, taken
along the outcome, are hit at even distances. Each row keeps its probabilities
exactly, and how often a code occurs among rows of like outcome stays within one of
what is expected.
"""

from __future__ import annotations

import numpy as np

_HALVINGS = 3
_WINDOW = 40


def draw_codes(
    contents: np.ndarray,
    leaves: np.ndarray,
    size: int,
    windows: np.ndarray | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """One code a row, from its leaf.

    Parameters
    ----------
    contents : numpy.ndarray of int
        Leaf times `size` plus code, sorted.
    leaves : numpy.ndarray of int, shape (rows,)
    size : int
        Number of codes.
    windows : numpy.ndarray of int, shape (rows,), or None
        Rows of like outcome have the same number; see `outcome_windows`. None
        draws each row alone.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int64, shape (rows,)

    Examples
    --------
    >>> leaf_of_ten = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    >>> rng = np.random.default_rng(1)
    >>> everybody = np.zeros(200, dtype=int)
    >>> int(draw_codes(leaf_of_ten, everybody, 3, everybody, rng).sum())
    20
    """
    first = np.searchsorted(contents, leaves * size)
    last = np.searchsorted(contents, (leaves + 1) * size)
    low, width = np.zeros(len(leaves), dtype=np.int64), 1 << int(np.ceil(np.log2(max(size, 2))))
    for _ in range(0 if windows is None else _HALVINGS):
        if width == 1:
            break
        width //= 2
        middle = np.searchsorted(contents, leaves * size + np.minimum(low + width, size))
        upper = _systematic((last - middle) / (last - first), low, windows, rng)
        low = np.where(upper, low + width, low)
        first, last = np.where(upper, middle, first), np.where(upper, last, middle)
    place = first + np.floor(rng.random(len(leaves)) * (last - first)).astype(np.int64)
    return contents[place] - leaves * size


def outcome_windows(outcome: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Windows of rows next to each other by outcome; missing ones come last.

    Parameters
    ----------
    outcome : numpy.ndarray of float, shape (rows,)
    rng : numpy.random.Generator
        Orders rows of equal outcome.

    Returns
    -------
    numpy.ndarray of int, shape (rows,)
    """
    order = np.lexsort((rng.random(len(outcome)), outcome))
    windows = np.empty(len(outcome), dtype=np.int64)
    windows[order] = np.arange(len(outcome)) // _WINDOW
    return windows


def _systematic(
    chance: np.ndarray, cell: np.ndarray, windows: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """True with each row's chance, spread evenly along cells and windows."""
    # In a window the order is drawn anew for each variable: else their draws would depend.
    order = np.lexsort((rng.random(len(chance)), windows, cell))
    passed = np.floor(np.cumsum(chance[order]) - rng.random())
    taken = np.empty(len(chance), dtype=bool)
    taken[order] = np.diff(passed, prepend=-1.0) > 0
    return np.where(chance <= 0, False, np.where(chance >= 1, True, taken))
