"""What does a log-linear model expect, and how likely is everything it allows?

Sum-product message passing on a junction tree (Shafer and Shenoy 1990; Koller
and Friedman 2009, chapter 10), in plain arrays: a model here has tables of some
thousand cells at most, and is evaluated a few hundred times, in less time than
compiling a program for it takes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from .counts import Clique
from .junction import junction_tree

Potential = tuple[Clique, np.ndarray]
"""Variables in increasing order, and a logarithm for each combination of their codes."""


class JunctionTree:
    """Exact inference for potentials on given cliques.

    Parameters
    ----------
    sizes : sequence of int
        Number of codes of each variable.
    cliques : sequence of tuple of int
        Cliques that potentials may have.

    Examples
    --------
    >>> tree = JunctionTree([2, 2], [(0, 1)])
    >>> log_sum, expected = tree.expected([((0, 1), np.log([[1.0, 2.0], [3.0, 4.0]]))])
    >>> round(np.exp(log_sum)), expected((0,)).round(1).tolist()
    (10, [0.3, 0.7])
    """

    def __init__(self, sizes: Sequence[int], cliques: Sequence[Clique]) -> None:
        self.sizes = tuple(sizes)
        self.nodes, self.neighbours, self.order = junction_tree(self.sizes, cliques)
        self._roots = self._one_in_each_part()
        self._home = {clique: self._smallest(clique) for clique in map(tuple, cliques)}

    def _one_in_each_part(self) -> set[Clique]:
        seen: set[Clique] = set()
        roots = set()
        for node in self.nodes:
            if node in seen:
                continue
            roots.add(node)
            ahead = [node]
            while ahead:
                seen.add(reached := ahead.pop())
                ahead += [other for other in self.neighbours[reached] if other not in seen]
        return roots

    def _smallest(self, clique: Clique) -> Clique:
        around = [node for node in self.nodes if set(clique) <= set(node)]
        return min(around, key=lambda node: np.prod([self.sizes[i] for i in node]))

    def placed(self, potentials: Sequence[Potential]) -> dict[Clique, np.ndarray]:
        """Potentials summed into the nodes of the tree."""
        found = {node: np.zeros([self.sizes[i] for i in node]) for node in self.nodes}
        for clique, values in potentials:
            node = self._home.get(clique) or self._smallest(clique)
            found[node] = found[node] + widened(values, clique, node, self.sizes)
        return found

    def expected(self, potentials, fixed: dict[Clique, np.ndarray] | None = None):
        """The logarithm of the total, and a function that gives marginals.

        Parameters
        ----------
        potentials : sequence of Potential
        fixed : dict, optional
            What `placed` gave, to be added.

        Returns
        -------
        float, callable
            The callable takes a clique and returns its probabilities.
        """
        tables = self.calibrated(potentials, fixed)
        log_sum, done = 0.0, {}
        for node, table in tables.items():
            total = float(_summed_out(table, node, ()))
            # Parts of the tree that are not joined are independent: their totals multiply.
            log_sum += total if node in self._roots else 0.0
            done[node] = np.exp(table - total)

        @functools.cache
        def marginal(clique: Clique) -> np.ndarray:
            node = self._home.get(clique) or self._smallest(clique)
            return done[node].sum(axis=tuple(k for k, i in enumerate(node) if i not in clique))

        return log_sum, marginal

    def calibrated(
        self, potentials: Sequence[Potential], fixed: dict[Clique, np.ndarray] | None = None
    ) -> dict[Clique, np.ndarray]:
        """The logarithm of each node's marginal, but for a constant."""
        beliefs = self.placed(potentials)
        if fixed is not None:
            beliefs = {node: beliefs[node] + fixed[node] for node in self.nodes}
        messages: dict[tuple[Clique, Clique], Potential] = {}
        for source, target in self.order:
            table = self._gathered(beliefs, messages, source, without=target)
            shared = tuple(i for i in source if i in target)
            messages[source, target] = (shared, _summed_out(table, source, shared))
        return {node: self._gathered(beliefs, messages, node) for node in self.nodes}

    def connected_order(self) -> list[Clique]:
        """The nodes, each but the first of a part after one that it is joined to."""
        reached: list[Clique] = []
        for root in self.nodes:
            ahead = [root] if root in self._roots else []
            while ahead:
                reached.append(node := ahead.pop())
                ahead += [other for other in self.neighbours[node] if other not in reached]
        return reached

    def _gathered(self, beliefs, messages, node: Clique, without: Clique | None = None):
        table = beliefs[node]
        for other in self.neighbours[node]:
            if other != without:
                shared, values = messages[other, node]
                table = table + widened(values, shared, node, self.sizes)
        return table


def widened(values: np.ndarray, clique: Clique, within: Clique, sizes: Sequence[int]) -> np.ndarray:
    """Values of a clique, shaped to be added to those of a larger one.

    Examples
    --------
    >>> widened(np.zeros(3), (1,), (0, 1, 4), [2, 3, 2, 2, 5]).shape
    (1, 3, 1)
    """
    return values.reshape([sizes[i] if i in clique else 1 for i in within])


def forbidden(sizes: Sequence[int], clique: Clique, codes: np.ndarray) -> Potential:
    """A potential under which combinations of codes never occur.

    Examples
    --------
    >>> forbidden([2, 2], (1, 0), np.array([[0, 1]]))[1].tolist()
    [[0.0, 0.0], [-inf, 0.0]]
    """
    values = np.zeros([sizes[i] for i in clique])
    values[tuple(np.asarray(codes).T)] = -np.inf
    order = np.argsort(clique)
    return tuple(clique[i] for i in order), np.transpose(values, order)


def _summed_out(table: np.ndarray, node: Clique, kept: Clique) -> np.ndarray:
    # The hot path of a fit: scipy's logsumexp takes four times as long on such tables.
    gone = tuple(k for k, i in enumerate(node) if i not in kept)
    if not gone:
        return table
    highest = table.max(axis=gone, keepdims=True)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        summed = np.log(np.exp(table - highest).sum(axis=gone, keepdims=True))
    return (summed + highest).reshape([table.shape[k] for k, i in enumerate(node) if i in kept])
