"""What will be counted, and with how much noise, before any patient is read?

A plan follows from the public dictionary, the variables and the budget alone,
so that every site and the researcher come to the same one without speaking.
Counts are opened first. Where moments are asked for they are opened second,
with features that are centred by the counts; how many they are and what they
cost is known before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import DataDictionary
from ..privacy import (
    OpenedSums,
    OpenedVector,
    SkellamEvent,
    calibrate,
    check_budget,
    skellam_share,
)
from .counts import Clique, noisy_counts, split_marginals
from .encoder import Encoder
from .features import outcome_places
from .moments import Moments, MomentVector, moment_vectors, moments, steps_of

Workload = Callable[[Encoder, bool], tuple[list[Clique], list[float], dict[str, float]]]
"""From the encoder and whether there will be noise: the cliques to measure, the weight of each in
the budget, and the weight of each vector of moments by its name; without one it is not opened."""


@dataclass(frozen=True, eq=False)
class CountPlan:
    """What a generator opens.

    Attributes
    ----------
    generator : str
    encoder : Encoder
    cliques : tuple of tuple of int
        Positions among the encoder's columns.
    variances : tuple of float or None
        Variance of the noise in each cell of each marginal's sum, in squared
        patients; None without noise.
    vectors : tuple of MomentVector
    steps : tuple of int
        Length of a patient's part in each vector.
    vector_variances : tuple of float or None
        Variance of the noise in each entry of each vector's sum, in squared
        steps.

    Examples
    --------
    >>> plan = CountPlan.of("independent", lambda e, noisy: ([(0,)], [1.0], {}),
    ...     DataDictionary.load("leuksurv"), ["sex"], None)
    >>> plan.lengths, plan.events
    ((2,), ())
    """

    generator: str
    encoder: Encoder
    cliques: tuple[Clique, ...]
    variances: tuple[float, ...] | None
    vectors: tuple[MomentVector, ...] = ()
    steps: tuple[int, ...] = ()
    vector_variances: tuple[float, ...] | None = None

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
        cliques, weights, of_vectors = workload(encoder, epsilon is not None)
        vectors = tuple(one for one in moment_vectors(encoder) if one.name in of_vectors)
        if epsilon is None:
            steps = tuple(steps_of(None) for _ in vectors)
            return cls(generator, encoder, tuple(cliques), None, vectors, steps)
        shares = [*weights, *(of_vectors[one.name] for one in vectors)]
        whole = len(cliques)
        unit = calibrate(shares, epsilon, delta)
        steps = tuple(steps_of(math.sqrt(variance)) for variance in unit[whole:])
        changes = [one.sensitivities(length) for one, length in zip(vectors, steps, strict=True)]
        variances = calibrate(shares, epsilon, delta, [*[(1, 1)] * whole, *changes])
        return cls(
            generator, encoder, tuple(cliques), variances[:whole], vectors, steps,
            variances[whole:],
        )  # fmt: skip

    @property
    def events(self) -> tuple[SkellamEvent, ...]:
        """What opening the sums costs."""
        if self.variances is None:
            return ()
        counted = tuple(SkellamEvent(variance) for variance in self.variances)
        of_vectors = zip(self.vectors, self.vector_variances or (), self.steps, strict=True)
        return (*counted, *(one.event(variance, length) for one, variance, length in of_vectors))

    @property
    def request(self) -> dict[str, object]:
        """What decides the sums, in plain values."""
        asked: dict[str, object] = {"cliques": self.cliques, "variances": self.variances}
        if self.vectors:
            asked["vectors"] = [one.name for one in self.vectors]
            asked["vector_variances"] = self.vector_variances
        return asked

    @property
    def lengths(self) -> tuple[int, ...]:
        """Numbers in a site's vector, one entry for each opening."""
        sizes = self.encoder.sizes
        counts = sum(int(np.prod([sizes[i] for i in clique])) for clique in self.cliques)
        return (counts, sum(one.length for one in self.vectors)) if self.vectors else (counts,)

    def vector(
        self, patients: pd.DataFrame, shares: int, before: np.ndarray | None = None
    ) -> np.ndarray:
        """What one site hands to the sum of an opening, its share of the noise included.

        Parameters
        ----------
        patients : pandas.DataFrame
            Conformed, one row a patient.
        shares : int
            Number of sites whose shares of the noise are counted on.
        before : numpy.ndarray of int64, optional
            The sum of the first opening; then the moments are summed, else
            the counts.

        Returns
        -------
        numpy.ndarray of int64, shape (length,)
        """
        return self.vector_of_codes(self.encoder.encode(patients), shares, before)

    def vector_of_codes(
        self, codes: np.ndarray, shares: int, before: np.ndarray | None = None
    ) -> np.ndarray:
        """As `vector`, of codes of shape (patients, names)."""
        if before is None:
            return noisy_counts(codes, self.encoder.sizes, self.cliques, self.variances, shares)
        sums = np.concatenate([one.total(codes) for one in self.moments(before)])
        if self.vector_variances is None:
            return sums
        lengths = [one.length for one in self.vectors]
        return sums + skellam_share(np.repeat(self.vector_variances, lengths), shares)

    def moments(self, before: np.ndarray) -> tuple[Moments, ...]:
        """What the moments are, once the counts are open.

        Parameters
        ----------
        before : numpy.ndarray of int64
            The sum of the first opening.
        """
        sizes = self.encoder.sizes
        sums = split_marginals(before, sizes, self.cliques)
        by_clique = dict(zip(self.cliques, sums, strict=True))
        table, outcome = None, outcome_places(self.encoder)
        if outcome is not None:
            first, second = sorted(outcome)
            table = by_clique[first, second].reshape(sizes[first], sizes[second])
            table = table if (first, second) == outcome else table.T
        alone = [by_clique[place,] for place in range(len(sizes))]
        noisy = self.variances is not None
        return moments(self.encoder, self.vectors, alone, table, self.steps, shorten=noisy)

    def opened(self, release: str, totals: list[np.ndarray]) -> OpenedSums:
        """Summed vectors, one for each opening, as marginals and moments with names."""
        named = tuple(tuple(self.encoder.names[i] for i in clique) for clique in self.cliques)
        sums = split_marginals(totals[0], self.encoder.sizes, self.cliques)
        vectors = []
        if self.vectors:
            ends = np.cumsum([one.length for one in self.vectors])[:-1]
            variances = self.vector_variances or (None,) * len(self.vectors)
            for vector, part, variance, length in zip(
                self.vectors, np.split(totals[1], ends), variances, self.steps, strict=True
            ):
                event = vector.event(variance or 1.0, length)
                vectors.append(
                    OpenedVector(vector.name, part, variance, event.l1, event.l2_squared)
                )
        return OpenedSums(release, named, sums, self.variances, tuple(vectors))
