"""What should a model come near, and what do a distribution and a cohort say of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .counts import Clique


@dataclass(frozen=True)
class Measured:
    """Numbers that the model's expectation should come near.

    Attributes
    ----------
    clique : tuple of int
        In increasing order.
    sums : numpy.ndarray of float
        One for each cell of the clique; or one number, with `weights`.
    deviation : float
        How near, in the units of `sums`.
    weights : numpy.ndarray or None
        What each cell of the clique counts, shaped as its codes.

    Examples
    --------
    >>> product = Measured((0, 1), np.array([3.0]), 1.0, np.outer([-1.0, 1.0], [-1.0, 1.0]))
    >>> product.expected(np.full((2, 2), 0.25)), product.variance(np.full((2, 2), 0.25))
    (array([0.]), array([1.]))
    >>> product.of_codes(np.array([[0, 0], [0, 1]]), [2, 2])
    array([[ 1.],
           [-1.]])
    """

    clique: Clique
    sums: np.ndarray
    deviation: float
    weights: np.ndarray | None = None

    def expected(self, marginal: np.ndarray) -> np.ndarray:
        """Its mean, one patient, under the probabilities of the clique's codes."""
        if self.weights is None:
            return marginal.ravel()
        return np.asarray([np.vdot(self.weights, marginal)])

    def variance(self, marginal: np.ndarray) -> np.ndarray:
        """Its variance, one patient, under these probabilities."""
        # Rounded, a probability can lie above 1 and a variance below 0.
        marginal = np.minimum(marginal, 1.0)
        if self.weights is None:
            return (marginal * (1 - marginal)).ravel()
        mean = np.vdot(self.weights, marginal)
        return np.asarray([np.vdot((self.weights - mean) ** 2, marginal)])

    def of_codes(self, codes: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """What each patient adds, shape (patients, numbers)."""
        shape = [sizes[place] for place in self.clique]
        cells = np.ravel_multi_index(codes[:, list(self.clique)].T, shape)
        if self.weights is None:
            return (cells[:, None] == np.arange(int(np.prod(shape)))).astype(float)
        return self.weights.ravel()[cells][:, None]

    def potential(self, parameters: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
        """Logarithms for the clique's codes, of one parameter a number."""
        if self.weights is None:
            return parameters.reshape([sizes[place] for place in self.clique])
        return float(parameters[0]) * self.weights
