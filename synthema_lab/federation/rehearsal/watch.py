"""What passes by the coordinator while hospitals sum their counts?

One honest round, with everything kept that a picture of it needs: what each
hospital counted, what it sent, and what the coordinator has when it adds up one
hospital, two, and so on, after taking off every mask that was opened to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...secure_aggregation.errors import TooFewSites
from .curious import Curious
from .played import Played


@dataclass(frozen=True, eq=False, repr=False)
class Watched:
    """A round that was watched.

    Parameters
    ----------
    hospitals : tuple of str
    counted : numpy.ndarray of int64, shape (hospitals, cells)
        What each hospital put in; only the hospital itself knows its row.
    sent : numpy.ndarray of uint32, shape (hospitals, cells)
        What it sent. Drawn afresh in every run, so never part of a figure's data.
    added_up : numpy.ndarray of uint32, shape (hospitals, cells)
        What the coordinator has of the first hospital, of the first two, and so
        on. All rows but the last are drawn afresh in every run.
    total : numpy.ndarray of int64, shape (cells,)
        The opened sum.
    """

    hospitals: tuple[str, ...]
    counted: np.ndarray
    sent: np.ndarray
    added_up: np.ndarray
    total: np.ndarray

    def __str__(self) -> str:
        return (
            f"{len(self.hospitals)} hospitals summed {self.total.size} counts; the sum holds "
            f"{int(self.total.sum())} patients"
        )

    __repr__ = __str__


def watch(counts: Mapping[str, np.ndarray], bound: int = 10**6) -> Watched:
    """Sum counts over the whole protocol and keep what passes by.

    Parameters
    ----------
    counts : mapping of hospital to numpy.ndarray of int, shape (cells,)
        At least three, of equal length.
    bound : int
        Largest count; with hospitals times bound below ``2**31`` a count is sent
        in four bytes.

    Returns
    -------
    Watched

    Raises
    ------
    TooFewSites
        With fewer than three hospitals.

    Examples
    --------
    >>> seen = watch({"A": np.array([1, 2]), "B": np.array([3, 0]), "C": np.array([5, 5])})
    >>> seen.total.tolist(), seen.added_up[-1].tolist()
    ([9, 7], [9, 7])
    >>> print(seen)
    3 hospitals summed 2 counts; the sum holds 16 patients
    """
    vectors = [np.asarray(vector) for vector in counts.values()]
    if len(vectors) < 3:
        raise TooFewSites(
            f"A sum over {len(vectors)} hospitals was asked for.",
            "At least three: with two, each learns the other's counts.",
            "Give the counts of three hospitals or more.",
        )
    scene = Played(vectors=vectors, length=vectors[0].size, clip=bound).play()
    curious = Curious(scene)
    bared = [curious.bared(name) for name in scene.names]
    return Watched(
        tuple(counts),
        np.array(vectors, dtype=np.int64),
        np.array([curious.uploads[name] for name in scene.names]),
        np.array(list(itertools.accumulate(bared))),
        scene.total,
    )
