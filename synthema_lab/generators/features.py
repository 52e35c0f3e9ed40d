"""Which numbers stand for a patient's values, so that a product tells how two go together?

For each code of a variable a number with mean 0 in the cohort: a mean that was
opened before, so that the mean of a product over all patients, a moment, is 0
where two variables have nothing to do with each other. One number a pair then
says what a table of a hundred noisy cells would.

For the outcome it is the martingale residual: whether the patient died, less
the cumulative hazard of everybody up to that time (Therneau, Grambsch and
Fleming 1990). Its product with a covariate, summed, is the score of Cox's model
without effects: the sum behind the log-rank test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .encoder import Encoder
from .patterns import Digits, Panel

_RARE = 0.12
"""Power of the variance by which a rare finding is made to count for more."""
_LEAST_VARIANCE = 0.005
_WIDEST, _PER_DEVIATION = 3.0, 0.35


@dataclass(frozen=True)
class Feature:
    """One number for each code of a variable.

    Attributes
    ----------
    place : int
        Position of the variable among the encoder's names.
    values : numpy.ndarray of float, shape (codes,)
        0 where the value is missing.
    second : float
        Mean of the square, by the opened counts.
    """

    place: int
    values: np.ndarray
    second: float


def feature_places(encoder: Encoder) -> tuple[int, ...]:
    """To which variable each feature belongs; public, and in the order of `features`.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> leuksurv = Encoder(DataDictionary.load("leuksurv"), ["sex", "os_days", "os_event"])
    >>> feature_places(leuksurv)
    (0,)
    """
    outcome = outcome_places(encoder) or ()
    return tuple(
        place
        for place, coded in enumerate(encoder.coded.values())
        if place not in outcome
        for _ in range(_how_many(coded))
    )


def features(
    encoder: Encoder, counts: Sequence[np.ndarray], outcome: bool = False
) -> tuple[Feature, ...]:
    """The features of a cohort of which the one-way counts were opened.

    Parameters
    ----------
    encoder : Encoder
    counts : sequence of numpy.ndarray
        One-way counts of each of the encoder's names, noisy or not.
    outcome : bool
        For the moments with the outcome a number counts by its value, as in
        Cox's model; else by its rank.

    Returns
    -------
    tuple of Feature
    """
    found = []
    for place in dict.fromkeys(feature_places(encoder)):
        known = np.maximum(np.asarray(counts[place], dtype=float), 0.0)
        share = known / max(known.sum(), 1.0)
        for values in _values(encoder.coded[encoder.names[place]], known, outcome):
            found.append(Feature(place, values, float(share @ values**2)))
    return tuple(found)


def residuals(encoder: Encoder, table: np.ndarray) -> np.ndarray:
    """Martingale residual of each combination of time and event, between -1 and 1.

    Parameters
    ----------
    encoder : Encoder
    table : numpy.ndarray, shape (codes of time, codes of event)
        Opened counts.

    Returns
    -------
    numpy.ndarray of float, shape (codes of time, codes of event)
        0 where either is missing.
    """
    survival = encoder.dictionary.survival
    times, events = encoder.coded[survival.time].present, encoder.coded[survival.event].present
    known = np.maximum(np.asarray(table, dtype=float)[:times, :events], 0.0)
    ended = known.sum(axis=1)
    at_risk = ended[::-1].cumsum()[::-1] - ended / 2
    rate = np.where(at_risk > 1, known[:, 1] / np.maximum(at_risk, 1), 0.0)
    hazard = np.cumsum(rate) - rate / 2
    found = np.zeros(table.shape)
    found[:times, :events] = np.arange(events)[None, :] - hazard[:, None]
    return np.clip(found, -1.0, 1.0)


def outcome_places(encoder: Encoder) -> tuple[int, int] | None:
    """Positions of the time and the event, or None where a table lacks one.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> outcome_places(Encoder(DataDictionary.load("leuksurv"), ["sex", "os_days"])) is None
    True
    """
    survival = encoder.dictionary.survival
    names = encoder.names
    if survival is None or survival.time not in names or survival.event not in names:
        return None
    return names.index(survival.time), names.index(survival.event)


def _how_many(coded: object) -> int:
    if isinstance(coded, Digits):
        return 0
    return coded.present if _nominal(coded) else 1


def _nominal(coded: object) -> bool:
    return not isinstance(coded, Panel) and coded.variable.type == "category" and coded.present > 2


def _values(coded, known: np.ndarray, outcome: bool) -> list[np.ndarray]:
    """The features of one variable with these counts."""
    if isinstance(coded, Panel):
        return [_rare(np.array([0.0, 0.0, 1.0]), known)]
    there = np.arange(known.size) < coded.present
    present = np.where(there, known, 0.0)
    if _nominal(coded):
        return [_rare(level, present) * there for level in np.eye(known.size)[: coded.present]]
    if coded.levels and coded.present == 2:
        return [_rare(np.eye(known.size)[1], present) * there]
    share = present / max(present.sum(), 1.0)
    if coded.levels or not outcome:
        return [(2 * (np.cumsum(share) - share / 2) - 1) * there]
    middle = np.zeros(known.size)
    middle[: coded.present] = (np.asarray(coded.edges[:-1]) + np.asarray(coded.edges[1:])) / 2
    mean = share @ middle
    deviation = float(np.sqrt(share @ (middle - mean) ** 2))
    scaled = np.clip((middle - mean) / (deviation or 1.0), -_WIDEST, _WIDEST)
    return [_PER_DEVIATION * (scaled - share @ scaled) * there]


def _rare(finding: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """A finding less its share, scaled up the rarer it is."""
    share = float(finding @ counts / max(counts.sum(), 1.0))
    variance = max(share * (1 - share), _LEAST_VARIANCE)
    return (finding - share) * (variance / 0.25) ** -_RARE
