"""How do several statistics travel in one vector?

Each block has a public bound on its absolute values at a site: the clip, from
which the resolution of its coordinates follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Block:
    """One statistic of a vector.

    Parameters
    ----------
    name : str
    bounds : numpy.ndarray
        Of the statistic's shape: no absolute value at any site is larger.
    """

    name: str
    bounds: np.ndarray


@dataclass(frozen=True, eq=False)
class Packing:
    """Blocks in the order in which they travel.

    Parameters
    ----------
    blocks : tuple of Block

    Examples
    --------
    >>> packing = Packing((Block("events", np.array(100.0)), Block("sums", np.full(2, 9.0))))
    >>> packing.clip.tolist()
    [100.0, 9.0, 9.0]
    >>> packing.pack(events=25.0, sums=np.array([5.0, -9.0])).tolist()
    [25.0, 5.0, -9.0]
    >>> packing.unpack(np.array([70.0, 6.0, -3.0]))["sums"].tolist()
    [6.0, -3.0]
    """

    blocks: tuple[Block, ...]

    @property
    def clip(self) -> np.ndarray:
        """Largest absolute value of each coordinate, shape (length,)."""
        return np.concatenate([np.ravel(block.bounds) for block in self.blocks]).astype(float)

    def pack(self, **statistics: object) -> np.ndarray:
        """One site's vector, shape (length,)."""
        parts = [np.reshape(statistics[b.name], np.shape(b.bounds)) for b in self.blocks]
        return np.concatenate([np.ravel(part) for part in parts]).astype(float)

    def unpack(self, vector: np.ndarray) -> Mapping[str, np.ndarray]:
        """The statistics of a vector, by name."""
        found, start = {}, 0
        for block in self.blocks:
            size = np.size(block.bounds)
            found[block.name] = np.reshape(vector[start : start + size], np.shape(block.bounds))
            start += size
        return found


def upper(square: np.ndarray) -> np.ndarray:
    """The upper triangle of a symmetric matrix, row by row."""
    return square[np.triu_indices(len(square))]


def symmetric(triangle: np.ndarray, size: int) -> np.ndarray:
    """The symmetric matrix with that upper triangle, shape (size, size).

    Examples
    --------
    >>> symmetric(np.array([1.0, 2.0, 3.0]), 2).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    square = np.zeros((size, size))
    square[np.triu_indices(size)] = triangle
    return square + np.triu(square, 1).T
