"""Which patients does a fitted joint distribution draw?

Node by node of its junction tree, those that share variables with a node drawn
before given what was drawn there. Post-processing of opened sums: it costs no
privacy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import GateFailed
from .belief import JunctionTree, forbidden
from .counts import Clique


@dataclass(frozen=True)
class GraphicalModel:
    """A fitted joint distribution over codes.

    Attributes
    ----------
    sizes : tuple of int
        Number of codes of each variable.
    total : float
        Estimated number of patients, from the noisy sums.
    cliques : tuple of tuple of int
    potentials : tuple of numpy.ndarray
        Log-potentials, one array a clique.
    zeros : tuple of (clique, numpy.ndarray)
        Structural zeros the model was fitted under.

    Examples
    --------
    >>> both_or_neither = (((0, 1), np.array([[0, 1], [1, 0]])),)
    >>> model = GraphicalModel((2, 2), 10.0, ((0,),), (np.log([1.0, 3.0]),), both_or_neither)
    >>> model.draw(4, np.random.default_rng(0)).sum(axis=0).tolist()
    [3, 3]
    """

    sizes: tuple[int, ...]
    total: float
    cliques: tuple[Clique, ...]
    potentials: tuple[np.ndarray, ...]
    zeros: tuple[tuple[Clique, np.ndarray], ...]

    def conditioned(self, left_out: Sequence[tuple[Clique, np.ndarray]]) -> GraphicalModel:
        """The distribution among patients outside these cells."""
        return replace(self, zeros=(*self.zeros, *left_out))

    def draw(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of synthetic patients, shape (rows, variables).

        Expected counts are rounded at random by systematic sampling (Madow
        1949) instead of drawing rows independently, so that a cohort follows
        the model more closely than a random sample, each row by itself being
        a draw from the model.

        Raises
        ------
        GateFailed
            If the zeros leave nobody.
        """
        tree = JunctionTree(
            self.sizes, [*self.cliques, *(clique for clique, _ in self.zeros),
                         *((place,) for place in range(len(self.sizes)))],
        )  # fmt: skip
        zeros = [forbidden(self.sizes, *zero) for zero in self.zeros]
        tables = tree.calibrated([*zip(self.cliques, self.potentials, strict=True), *zeros])
        codes = np.full((rows, len(self.sizes)), -1, dtype=np.int64)
        for node in tree.connected_order():
            given = [place for place in node if rows and codes[0, place] >= 0]
            new = [place for place in node if place not in given]
            table = np.transpose(tables[node], [node.index(place) for place in [*given, *new]])
            shape = [self.sizes[place] for place in given]
            logs = table.reshape(int(np.prod(shape)), -1)
            group = np.zeros(rows, dtype=np.int64)
            if given:
                group = np.ravel_multi_index(codes[:, given].T, shape)
            cells = _cells(logs, group, rng)
            if new:
                sizes = [self.sizes[place] for place in new]
                codes[:, new] = np.stack(np.unravel_index(cells, sizes), axis=1)
        return codes


def _cells(logs: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cell for each row, by the row of `logs` that its group names; shape (rows,)."""
    occurring, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    chosen = logs[occurring]
    highest = chosen.max(axis=1, keepdims=True, initial=-np.inf)
    if not np.isfinite(highest).all():
        raise GateFailed(
            "No patient of this model meets all that is asked for together.",
            "Conditions that contradict neither each other nor the dictionary's rules.",
            "Ask for something wider.",
        )
    ends = np.cumsum(np.exp(chosen - highest), axis=1)
    ends *= sizes[:, None] / ends[:, -1:]
    # A cell without probability ends where the one before it does, so it is never drawn.
    rounded = np.floor(ends + rng.random((len(occurring), 1)))
    rounded = np.minimum(rounded, sizes[:, None]).astype(np.int64)
    counts = np.diff(rounded, axis=1, prepend=0)
    cells = np.empty(len(group), dtype=np.int64)
    order = np.lexsort((rng.random(len(group)), inverse))
    cells[order] = np.repeat(np.tile(np.arange(logs.shape[1]), len(occurring)), counts.ravel())
    return cells
