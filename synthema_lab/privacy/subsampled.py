"""How much privacy does a run of DP-SGD cost?

A step draws every patient with a public probability, clips each gradient,
sums, and adds Gaussian noise (Abadi et al. 2016). Its Renyi divergence at whole
orders is that of the Poisson-subsampled Gaussian mechanism (Mironov, Talwar and
Zhang 2019) as `dp_accounting` computes it; a history of such steps alone is
also counted with privacy loss distributions (Koskela et al. 2020), which is
tighter by a tenth or more. Neighbouring cohorts differ by one patient added or
removed, as everywhere in this room, so that the two kinds of event compose.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from .skellam import ORDERS

_INTERVAL = 1e-3
"""Discretisation of the privacy loss; losses are rounded up, so epsilon is never too small."""
_LARGEST_PLD = 40.0


@dataclass(frozen=True)
class DpSgdEvent:
    """Steps of DP-SGD with one setting.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of the noise over the clip; above 0. Counted is the
        noise that the stated observer does not know.
    sample_rate : float
        Probability with which a step draws a patient; above 0, at most 1.
    steps : int
        How many steps, each with draws and noise of its own; from 1.

    Examples
    --------
    >>> DpSgdEvent(noise_multiplier=1.1, sample_rate=0.05, steps=200)
    DpSgdEvent(noise_multiplier=1.1, sample_rate=0.05, steps=200)
    """

    noise_multiplier: float
    sample_rate: float
    steps: int = 1

    def __post_init__(self) -> None:
        if not (_is_real(self.noise_multiplier) and 0 < self.noise_multiplier < math.inf):
            raise ValueError("noise_multiplier must be a finite number above 0")
        if not (_is_real(self.sample_rate) and 0 < self.sample_rate <= 1):
            raise ValueError("sample_rate must be above 0 and at most 1")
        whole = isinstance(self.steps, Integral) and not isinstance(self.steps, bool)
        if not whole or self.steps < 1:
            raise ValueError("steps must be a whole number from 1")


def subsampled_bound(event: DpSgdEvent) -> np.ndarray:
    """Renyi divergence between neighbouring cohorts over all steps of the event.

    Returns
    -------
    numpy.ndarray, shape (len(ORDERS),)
        In nats, at each of `skellam.ORDERS`.

    Examples
    --------
    >>> subsampled_bound(DpSgdEvent(1.0, 0.01, 100))[:2].round(4).tolist()
    [0.0172, 0.0265]
    """
    return event.steps * _one_step(float(event.noise_multiplier), float(event.sample_rate))


def epsilon_by_loss(events: Iterable[DpSgdEvent], delta: float) -> float:
    """Epsilon of DP-SGD events together, by composing their privacy loss distributions.

    Parameters
    ----------
    events : iterable of DpSgdEvent
    delta : float

    Returns
    -------
    float
        A proven upper bound; the distributions are discretised pessimistically.

    Examples
    --------
    >>> round(epsilon_by_loss([DpSgdEvent(1.0, 0.01, 100)], 1e-5), 2)
    0.72
    """
    steps: dict[tuple[float, float], int] = {}
    for event in events:
        key = (float(event.noise_multiplier), float(event.sample_rate))
        steps[key] = steps.get(key, 0) + int(event.steps)
    return _by_loss(tuple(sorted((*key, number) for key, number in steps.items())), float(delta))


@functools.lru_cache(maxsize=256)
def _one_step(noise_multiplier: float, sample_rate: float) -> np.ndarray:
    from dp_accounting import GaussianDpEvent, NeighboringRelation, PoissonSampledDpEvent
    from dp_accounting.rdp import RdpAccountant

    accountant = RdpAccountant(list(ORDERS), NeighboringRelation.ADD_OR_REMOVE_ONE)
    accountant.compose(PoissonSampledDpEvent(sample_rate, GaussianDpEvent(noise_multiplier)))
    divergence = np.array(accountant.rdp, dtype=float)
    divergence.flags.writeable = False
    return divergence


@functools.lru_cache(maxsize=256)
def _by_loss(kinds: tuple[tuple[float, float, int], ...], delta: float) -> float:
    from dp_accounting import GaussianDpEvent, NeighboringRelation, PoissonSampledDpEvent
    from dp_accounting.pld import PLDAccountant

    accountant = PLDAccountant(NeighboringRelation.ADD_OR_REMOVE_ONE, _INTERVAL)
    for noise_multiplier, sample_rate, steps in kinds:
        step = PoissonSampledDpEvent(sample_rate, GaussianDpEvent(noise_multiplier))
        accountant.compose(step, steps)
    return float(accountant.get_epsilon(delta))


def worth_counting_by_loss(epsilon: float) -> bool:
    """Whether a Renyi epsilon is small enough for the distributions to fit in memory."""
    return epsilon <= _LARGEST_PLD


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
