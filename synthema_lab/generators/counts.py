"""What does a site count, and what does it add before the counts leave?

A marginal is the table of counts over the codes of a few variables (its
clique). A site counts its own patients, adds its share of the noise, and hands
one integer vector to the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..privacy import OpenedSums, skellam_share
from .encoder import Encoder

Clique = tuple[int, ...]
"""Positions of variables in the encoder's order."""

Total = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Takes one int64 vector a site and returns their sum; federation supplies a secure one."""


def addition(counts: Sequence[np.ndarray]) -> np.ndarray:
    """Sum the vectors in the clear: for one custodian who holds all rows.

    Examples
    --------
    >>> import numpy as np
    >>> addition([np.array([1, 2]), np.array([3, 4])]).tolist()
    [4, 6]
    """
    return np.sum(counts, axis=0, dtype=np.int64)


def marginal_counts(
    codes: np.ndarray, sizes: Sequence[int], cliques: Sequence[Clique]
) -> np.ndarray:
    """Counts of several marginals in one vector.

    Parameters
    ----------
    codes : numpy.ndarray of int, shape (patients, variables)
    sizes : sequence of int
        Number of codes of each variable.
    cliques : sequence of tuple of int

    Returns
    -------
    numpy.ndarray of int64, shape (sum of cells,)
        Marginals one after another, each in row-major order of its clique.

    Examples
    --------
    >>> import numpy as np
    >>> marginal_counts(np.array([[0, 1], [0, 0], [1, 1]]), (2, 2), [(0,), (0, 1)]).tolist()
    [2, 1, 1, 1, 0, 1]
    """
    parts = []
    for clique in cliques:
        shape = [sizes[position] for position in clique]
        cells = np.ravel_multi_index(tuple(codes[:, position] for position in clique), shape)
        parts.append(np.bincount(cells, minlength=int(np.prod(shape))))
    return np.concatenate(parts).astype(np.int64)


def noisy_counts(
    codes: np.ndarray,
    sizes: Sequence[int],
    cliques: Sequence[Clique],
    variances: Sequence[float] | None,
    counted: int,
) -> np.ndarray:
    """What one site hands to the sum: its counts and its share of the noise.

    Parameters
    ----------
    variances : sequence of float or None
        Variance that the sum must carry in each cell of each marginal, in
        squared patients; None switches noise off.
    counted : int
        Number of sites whose shares are counted on.
    """
    counts = marginal_counts(codes, sizes, cliques)
    if variances is None:
        return counts
    cells = [int(np.prod([sizes[position] for position in clique])) for clique in cliques]
    return counts + skellam_share(np.repeat(np.asarray(variances, dtype=float), cells), counted)


def split_marginals(
    vector: np.ndarray, sizes: Sequence[int], cliques: Sequence[Clique]
) -> tuple[np.ndarray, ...]:
    """Undo the concatenation of `marginal_counts`."""
    cells = [int(np.prod([sizes[position] for position in clique])) for clique in cliques]
    return tuple(np.split(vector, np.cumsum(cells)[:-1]))


def one_way_counts(opened: OpenedSums, encoder: Encoder) -> dict[str, np.ndarray]:
    """Counts of each variable's codes, from all opened marginals that hold it.

    Each marginal gives an estimate; they are averaged with weights inverse to
    the variance that its noise has after summing over the other variables.

    Returns
    -------
    dict of str to numpy.ndarray of float
        Code for missing left out.
    """
    sums: dict[str, np.ndarray] = {}
    weights: dict[str, float] = {}
    for number, clique in enumerate(opened.cliques):
        shape = [encoder.coded[name].size for name in clique]
        table = opened.sums[number].reshape(shape)
        variance = 1.0 if opened.variances is None else opened.variances[number]
        for axis, name in enumerate(clique):
            others = tuple(i for i in range(len(clique)) if i != axis)
            weight = shape[axis] / (variance * float(np.prod(shape)))
            sums[name] = sums.get(name, 0.0) + weight * table.sum(axis=others)
            weights[name] = weights.get(name, 0.0) + weight
    return {
        name: (total / weights[name])[: encoder.coded[name].present] for name, total in sums.items()
    }
