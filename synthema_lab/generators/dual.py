"""How far is a log-linear model from what was opened, and which way is it nearer?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .belief import JunctionTree, Potential, forbidden, widened
from .counts import Clique
from .graphical_model import GraphicalModel
from .measured_sums import Measured

_OWN = 0.01
"""Weight of each number's own variance beside the covariance of the patients drawn."""


class Dual:
    """The dual of maximum entropy, one parameter for each opened number.

    Parameters
    ----------
    sizes : sequence of int
        Number of codes of each variable.
    base : sequence of Potential
    measured : sequence of Measured
    zeros : sequence of (clique, forbidden codes)
    total : float
        Number of patients.

    Attributes
    ----------
    opened, deviation : numpy.ndarray, shape (parameters,)

    Examples
    --------
    >>> half = Measured((0,), np.array([5.0, 5.0]), 0.1)
    >>> dual = Dual([2], [((0,), np.log([0.2, 0.8]))], [half], (), 10.0)
    >>> dual.value(np.zeros(2))[1].round(1).tolist()
    [-3.0, 3.0]
    >>> dual.model(np.log([4.0, 1.0])).draw(4, np.random.default_rng(0)).sum()
    np.int64(2)
    """

    def __init__(
        self, sizes: Sequence[int], base: Sequence[Potential], measured: Sequence[Measured],
        zeros: Sequence[tuple[Clique, np.ndarray]], total: float,
    ) -> None:  # fmt: skip
        self.sizes = tuple(int(size) for size in sizes)
        self.base, self.measured, self.zeros = base, measured, tuple(zeros)
        self.total = total
        cliques = [*(one.clique for one in measured), *(clique for clique, _ in base)]
        alone = ((place,) for place in range(len(self.sizes)))
        self._tree = JunctionTree(self.sizes, [*cliques, *(c for c, _ in zeros), *alone])
        self._fixed = self._tree.placed([*base, *(forbidden(sizes, *zero) for zero in zeros)])
        self.opened = np.concatenate([one.sums for one in measured])
        self.deviation = np.concatenate([np.full(one.sums.size, one.deviation) for one in measured])
        self._ends = np.cumsum([one.sums.size for one in measured])[:-1]

    def value(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The dual, which is to be least, and its derivative."""
        log_sum, marginal = self._tree.expected(self._potentials(theta), self._fixed)
        found = self.total * np.concatenate(
            [one.expected(marginal(one.clique)) for one in self.measured]
        )
        penalty = self.deviation**2 * theta
        value = self.total * log_sum - theta @ self.opened + 0.5 * theta @ penalty
        return value, found - self.opened + penalty

    def spread(self, theta: np.ndarray) -> np.ndarray:
        """Standard deviation of each number, by chance among so many patients and its own."""
        _, marginal = self._tree.expected(self._potentials(theta), self._fixed)
        by_chance = np.concatenate([one.variance(marginal(one.clique)) for one in self.measured])
        return np.sqrt(self.total * by_chance + self.deviation**2)

    def root_of_curvature(self, codes: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """A lower triangle that, times its transpose, is about the second derivative.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (patients, variables)
            Drawn from the model of a point nearby.
        spread : numpy.ndarray
            There.
        """
        counted = np.concatenate([one.of_codes(codes, self.sizes) for one in self.measured], axis=1)
        counted -= counted.mean(axis=0)
        curvature = (1 - _OWN) * self.total / len(codes) * (counted.T @ counted)
        curvature[np.diag_indices_from(curvature)] += self.deviation**2 + _OWN * spread**2
        return np.linalg.cholesky(curvature)

    def model(self, theta: np.ndarray) -> GraphicalModel:
        """The distribution that a point stands for."""
        gathered = self._in_largest([*self.base, *self._potentials(theta)])
        return GraphicalModel(
            self.sizes, self.total, tuple(gathered), tuple(gathered.values()), self.zeros
        )

    def _potentials(self, theta: np.ndarray) -> list[Potential]:
        parts = np.split(theta, self._ends)
        return [
            (one.clique, one.potential(part, self.sizes))
            for one, part in zip(self.measured, parts, strict=True)
        ]

    def _in_largest(self, potentials: Sequence[Potential]) -> dict[Clique, np.ndarray]:
        """Potentials by clique, each within one that lies in no other one."""
        among = (*(clique for clique, _ in self.zeros), *(clique for clique, _ in potentials))
        cliques = sorted({tuple(sorted(clique)) for clique in among})
        largest = [c for c in cliques if not any(set(c) < set(other) for other in cliques)]
        found = {clique: np.zeros([self.sizes[i] for i in clique]) for clique in largest}
        for clique, values in potentials:
            home = next(other for other in largest if set(clique) <= set(other))
            found[home] = found[home] + widened(values, clique, home, self.sizes)
        return found
