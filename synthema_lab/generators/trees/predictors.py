"""What does a tree see of the variables drawn before?

Numbers stand in their order. The levels of a category with more than two are
ordered, for each variable that is to be predicted, along the first principal
component of its level means, missing being a level too; with two outcomes that
order holds the best split (Breiman et al. 1984), with more it comes near it
(Coppersmith, Hong and Hosking 1999). One more column tells how a patient fared
against what all others of that time did: the martingale residual of the outcome
(Therneau, Grambsch and Fleming 1990), 1 or 0 events seen less those expected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .intervals import Intervals


def expected_events(time: np.ndarray, event: np.ndarray, codes: int) -> np.ndarray:
    """Events expected up to each code of time (Nelson and Aalen), those within it by half.

    Parameters
    ----------
    time : numpy.ndarray of int, shape (patients,)
        Codes; the last one is missing.
    event : numpy.ndarray of int, shape (patients,)
        1 where an event was seen.
    codes : int
        How many codes time has.

    Examples
    --------
    >>> expected_events(np.array([0, 0, 1, 2]), np.array([1, 0, 1, 1]), 4).tolist()
    [0.125, 0.5, 1.25, nan]
    """
    known = time < codes - 1
    at = np.bincount(time[known], minlength=codes)
    seen = np.bincount(time[known & (event == 1)], minlength=codes)
    hazard = seen / np.maximum(np.cumsum(at[::-1])[::-1], 1)
    expected = np.cumsum(hazard) - hazard / 2
    expected[-1] = np.nan
    return expected


def residuals(event: np.ndarray, time: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Events seen less those expected; not a number where the outcome is missing."""
    return np.where(event == 2, np.nan, event == 1) - expected[time]


def targets(intervals: Intervals, codes: np.ndarray) -> np.ndarray:
    """What the splits of a regression tree are to keep together, shape (patients, columns).

    A number's rank among the patients, as a share of its even spread, and whether
    it is missing.
    """
    gone = codes == intervals.missing
    counts = np.bincount(codes[~gone], minlength=intervals.missing)
    rank = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
    level = np.append(rank, 0.5)[codes] * np.sqrt(12)
    return np.column_stack([level, gone])


def axes(
    earlier: Sequence[Intervals], codes: np.ndarray, told: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Where each code of each earlier variable lies on the axis that is split.

    Parameters
    ----------
    earlier : sequence of Intervals
    codes : numpy.ndarray of int, shape (patients, variables)
    told : numpy.ndarray of float, shape (patients, columns)
        What is to be predicted.

    Returns
    -------
    tuple of numpy.ndarray
        One a variable, of length codes; not a number where missing has no place.
    """
    centred = told - told.mean(axis=0)
    found = []
    for one, column in zip(earlier, codes.T, strict=False):
        if one.ordered:
            found.append(np.append(np.arange(one.missing, dtype=float), np.nan))
            continue
        counts = np.bincount(column, minlength=one.missing + 1)
        sums = np.stack([np.bincount(column, y, minlength=counts.size) for y in centred.T], axis=1)
        means = sums / np.maximum(counts, 1)[:, None]
        directions = np.linalg.svd(means * np.sqrt(counts)[:, None], full_matrices=False)[2]
        along = means @ directions[0]
        found.append(along if along[np.argmax(np.abs(along))] >= 0 else -along)
    return tuple(found)


def seen_by_trees(
    where: Sequence[np.ndarray], codes: np.ndarray, outcome: np.ndarray | None
) -> np.ndarray:
    """The columns a tree splits, shape (rows, variables, and one for the outcome)."""
    columns = [axis[column] for axis, column in zip(where, codes.T, strict=False)]
    if outcome is not None:
        columns.append(outcome)
    return np.stack(columns, axis=1).astype(np.float32)
