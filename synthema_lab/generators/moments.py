"""What does a site count so that all pairs of variables can be opened at once?

Two vectors of sums over patients, in whole numbers, with Skellam noise like any
count: the product of the outcome's residual with each feature, and the product
of each two features of different variables. A patient's vector is shortened to
a length that was fixed before anybody looked, so that its L2 sensitivity is
that length whatever the patient is; it is rounded before, so that the length
holds for the whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..privacy import SkellamEvent
from .encoder import Encoder
from .features import Feature, feature_places, features, outcome_places, residuals

LONGEST = 1024
"""Largest length of a patient's vector, in steps of rounding."""
_SHORTEST = 16
_NOISE_IN_STEPS = 2000
_OUTCOME_LENGTH, _PAIRS_LENGTH = 1.26, 1.5
"""Length in multiples of the one expected were all variables independent."""
_BESIDE = 0.5
"""Weight in the outcome's vector of what the dictionary does not name a covariate."""
_BLOCK = 4096


@dataclass(frozen=True)
class MomentVector:
    """One of the two vectors.

    Attributes
    ----------
    name : {"outcome", "pairs"}
    first, second : numpy.ndarray of int, shape (entries,)
        The features that are multiplied; for the outcome `first` is -1.
    weights : numpy.ndarray of float, shape (entries,)
        Public weight of each product.
    """

    name: str
    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray

    @property
    def length(self) -> int:
        """Number of entries."""
        return len(self.first)

    def sensitivities(self, steps: int) -> tuple[int, int]:
        """L1 and squared L2 sensitivity of a sum of patients' vectors of this length."""
        return math.ceil(steps * math.sqrt(self.length)), steps**2

    def event(self, variance: float, steps: int) -> SkellamEvent:
        """What opening its noisy sum costs."""
        return SkellamEvent(variance, *self.sensitivities(steps))


def moment_vectors(encoder: Encoder) -> tuple[MomentVector, ...]:
    """What is multiplied; public.

    A product that the dictionary's workload names weighs more, by the fourth
    root of how many times more the others are: it costs them little.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> [(one.name, one.length) for one in moment_vectors(Encoder(leuksurv, leuksurv.modelled))]
    [('outcome', 4), ('pairs', 6)]
    """
    places = np.asarray(feature_places(encoder), dtype=np.int64)
    names = encoder.names
    found = []
    survival = encoder.dictionary.survival
    if outcome_places(encoder) and len(places):
        named = set(survival.covariates) or set(names)
        weights = np.asarray([1.0 if names[place] in named else _BESIDE for place in places])
        every = np.arange(len(places))
        found.append(MomentVector("outcome", np.full(len(places), -1), every, weights))
    first, second = np.triu_indices(len(places), k=1)
    apart = places[first] != places[second]
    first, second = first[apart], second[apart]
    if len(first):
        asked = {frozenset(clique) for clique in encoder.dictionary.workload}
        named = np.asarray(
            [
                frozenset((names[places[a]], names[places[b]])) in asked
                for a, b in zip(first, second, strict=True)
            ]
        )
        beside = 1.0
        if named.any() and not named.all():
            beside = min(1.0, (named.sum() / (~named).sum()) ** 0.25)
        found.append(MomentVector("pairs", first, second, np.where(named, 1.0, beside)))
    return tuple(found)


def steps_of(multiplier: float | None) -> int:
    """Length of a patient's vector in steps of rounding.

    Parameters
    ----------
    multiplier : float or None
        Standard deviation of the noise in multiples of that length; None
        without noise.

    Examples
    --------
    >>> steps_of(None), steps_of(4.0), steps_of(1e6)
    (1024, 256, 16)
    """
    if multiplier is None:
        return LONGEST
    steps = 2 ** int(np.floor(np.log2(_NOISE_IN_STEPS / multiplier)))
    return int(np.clip(steps, _SHORTEST, LONGEST))


@dataclass(frozen=True)
class Moments:
    """The products, once the one-way counts are open.

    Attributes
    ----------
    vector : MomentVector
    features : tuple of Feature
    outcome : tuple of int or None
        Positions of time and event, for the outcome's vector.
    residuals : numpy.ndarray or None
        See `features.residuals`.
    second : float
        Mean square of the residual.
    step : float
        What one step of rounding stands for.
    steps : int or None
        Length that no patient's vector exceeds; None without noise, when
        nothing needs to be hidden.
    """

    vector: MomentVector
    features: tuple[Feature, ...]
    outcome: tuple[int, int] | None
    residuals: np.ndarray | None
    second: float
    step: float
    steps: int | None

    def spread(self) -> np.ndarray:
        """Mean square of each product were all variables independent; shape (entries,)."""
        squares = np.asarray([one.second for one in self.features])
        of_first = self.second if self.vector.name == "outcome" else squares[self.vector.first]
        return self.vector.weights**2 * of_first * squares[self.vector.second]

    def total(self, codes: np.ndarray) -> np.ndarray:
        """Sum over patients, without noise.

        Parameters
        ----------
        codes : numpy.ndarray of int, shape (patients, names)

        Returns
        -------
        numpy.ndarray of int64, shape (entries,)
        """
        total = np.zeros(self.vector.length, dtype=np.int64)
        for start in range(0, len(codes), _BLOCK):
            total += self._rows(codes[start : start + _BLOCK]).sum(axis=0)
        return total

    def _rows(self, codes: np.ndarray) -> np.ndarray:
        """Each patient's vector: whole numbers of a length of at most `steps`."""
        given = np.stack([one.values[codes[:, one.place]] for one in self.features], axis=1)
        if self.vector.name == "outcome":
            time, event = self.outcome
            products = self.residuals[codes[:, time], codes[:, event]][:, None] * given
            products = products[:, self.vector.second]
        else:
            products = given[:, self.vector.first] * given[:, self.vector.second]
        exact = products * (self.vector.weights / self.step)
        return (
            np.rint(exact).astype(np.int64) if self.steps is None else _shortened(exact, self.steps)
        )

    def table(self, entry: int, sizes: Sequence[int]) -> tuple[tuple[int, ...], np.ndarray]:
        """The clique of an entry, in order, and its product in each cell, in steps."""
        one = self.features[self.vector.second[entry]]
        weight = self.vector.weights[entry] / self.step
        if self.vector.name == "outcome":
            places = (*self.outcome, one.place)
            values = self.residuals[:, :, None] * one.values
        else:
            other = self.features[self.vector.first[entry]]
            places, values = (other.place, one.place), np.outer(other.values, one.values)
        order = np.argsort(places)
        return tuple(places[i] for i in order), weight * np.transpose(values, order)


def moments(
    encoder: Encoder,
    vectors: Sequence[MomentVector],
    counts: Sequence[np.ndarray],
    outcome_table: np.ndarray | None,
    steps: Sequence[int],
    shorten: bool,
) -> tuple[Moments, ...]:
    """What the opened counts make of the vectors.

    Parameters
    ----------
    encoder : Encoder
    vectors : sequence of MomentVector
    counts : sequence of numpy.ndarray
        One-way counts of each of the encoder's names.
    outcome_table : numpy.ndarray or None, shape (codes of time, codes of event)
    steps : sequence of int
        Length of each vector, as `steps_of`.
    shorten : bool
        Whether no patient's vector may be longer, which noise needs.
    """
    found = []
    for vector, length in zip(vectors, steps, strict=True):
        of_outcome = vector.name == "outcome"
        given = features(encoder, counts, of_outcome)
        residual, second = None, 1.0
        if of_outcome:
            residual = residuals(encoder, outcome_table)
            known = np.maximum(outcome_table, 0.0)
            second = float((known * residual**2).sum() / max(known.sum(), 1.0))
        one = Moments(
            vector, given, outcome_places(encoder) if of_outcome else None, residual, second,
            1.0, None,
        )  # fmt: skip
        typical = float(np.sqrt(one.spread().sum())) or 1.0
        factor = _OUTCOME_LENGTH if of_outcome else _PAIRS_LENGTH
        step = factor * typical / length
        found.append(replace(one, step=step, steps=length if shorten else None))
    return tuple(found)


def _shortened(exact: np.ndarray, steps: int) -> np.ndarray:
    """Rounded to whole numbers, each row's length at most `steps`."""
    length = np.sqrt((exact**2).sum(axis=1))
    scale = np.minimum(1.0, steps / np.maximum(length, 1e-12))
    rows = np.rint(exact * scale[:, None])
    long = np.flatnonzero((rows**2).sum(axis=1) > steps**2)
    while long.size:
        # Rounding can lengthen: a little shorter, and again.
        scale[long] *= 0.98
        rows[long] = np.rint(exact[long] * scale[long, None])
        long = long[(rows[long] ** 2).sum(axis=1) > steps**2]
    return rows.astype(np.int64)
