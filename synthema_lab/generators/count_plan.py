"""What will be counted, and with how much noise, before any patient is read?

A plan follows from the public dictionary, the variables and the budget alone,
so that every site and the researcher come to the same one without speaking.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from ..privacy import OpenedSums, SkellamEvent, calibrate, check_budget
from .counts import Clique, noisy_counts, split_marginals
from .encoder import Encoder

Workload = Callable[[Encoder], tuple[list[Clique], list[float]]]
"""From the encoder, the cliques to measure and the weight of each in the budget."""


@dataclass(frozen=True, eq=False)
class CountPlan:
    """The marginals that a generator opens.

    Attributes
    ----------
    generator : str
    encoder : Encoder
    cliques : tuple of tuple of int
        Positions among the encoder's columns.
    variances : tuple of float or None
        Variance of the noise in each cell of each marginal's sum, in squared
        patients; None without noise.

    Examples
    --------
    >>> plan = CountPlan.of("independent", lambda e: ([(0,)], [1.0]),
    ...     DataDictionary.load("leuksurv"), ["sex"], None)
    >>> plan.length, plan.events
    (2, ())
    """

    generator: str
    encoder: Encoder
    cliques: tuple[Clique, ...]
    variances: tuple[float, ...] | None

    @classmethod
    def of(
        cls, generator: str, workload: Workload, dictionary: DataDictionary,
        columns: Collection[str], epsilon: float | None, delta: float = 1e-5,
        patterns: bool = False,
    ) -> CountPlan:  # fmt: skip
        """The plan of a workload under a budget.

        Parameters
        ----------
        patterns : bool
            Whether the dictionary's patterns are counted too; see `Encoder`.

        Raises
        ------
        ArgumentRefused, DataMismatch
        """
        check_budget(epsilon, delta)
        encoder = Encoder(dictionary, columns, patterns)
        cliques, weights = workload(encoder)
        variances = None if epsilon is None else tuple(calibrate(weights, epsilon, delta))
        return cls(generator, encoder, tuple(cliques), variances)

    @property
    def events(self) -> tuple[SkellamEvent, ...]:
        """What opening the sums costs."""
        return tuple(SkellamEvent(variance) for variance in self.variances or ())

    @property
    def length(self) -> int:
        """Numbers in a site's vector."""
        sizes = self.encoder.sizes
        return sum(int(np.prod([sizes[i] for i in clique])) for clique in self.cliques)

    def vector(self, patients: pd.DataFrame, shares: int) -> np.ndarray:
        """What one site hands to the sum, its share of the noise included.

        Parameters
        ----------
        patients : pandas.DataFrame
            Conformed, one row a patient.
        shares : int
            Number of sites whose shares of the noise are counted on.

        Returns
        -------
        numpy.ndarray of int64, shape (length,)
        """
        codes = self.encoder.encode(patients)
        return noisy_counts(codes, self.encoder.sizes, self.cliques, self.variances, shares)

    def opened(self, release: str, vector: np.ndarray) -> OpenedSums:
        """A summed vector as marginals with names."""
        named = tuple(tuple(self.encoder.names[i] for i in clique) for clique in self.cliques)
        sums = split_marginals(vector, self.encoder.sizes, self.cliques)
        return OpenedSums(release, named, sums, self.variances)
