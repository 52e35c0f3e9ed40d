"""How much better does an attack do on training patients than on others?

Records are members or not, each attack succeeds or fails on each, and chance is what
the clearest gain becomes after the labels are shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import LEVEL, newcombe
from .metric import Estimate

SHUFFLES = 1000


@dataclass(frozen=True)
class Gains:
    """What attacks gain on members, with intervals that hold for all of them together.

    Parameters
    ----------
    inside, outside : ndarray, shape (attacks,)
        Success rates for members and for non-members.
    low, high : ndarray, shape (attacks,)
        Newcombe's interval of the difference, at the level of Bonferroni.
    detectable : ndarray, shape (attacks,)
        Gain that would stand out of chance in 8 of 10 repetitions.
    chance : ndarray, shape (shuffles,)
        Gain of the attack that is clearest after a shuffle of the labels.
    best : int
        The attack whose gain is clearest: largest in units of its standard
        deviation under shuffled labels.
    p_value : float
        Share of shuffles with a gain as clear.
    """

    inside: np.ndarray
    outside: np.ndarray
    low: np.ndarray
    high: np.ndarray
    detectable: np.ndarray
    chance: np.ndarray
    best: int
    p_value: float

    @property
    def gain(self) -> np.ndarray:
        """Success on members less success on non-members, shape (attacks,)."""
        return self.inside - self.outside

    def estimate(self, n: int, note: str, curves: dict[str, pd.DataFrame]) -> Estimate:
        """The clearest gain; its upper limit is that of all attacks."""
        usual = np.quantile(self.chance, [0.025, 0.975])
        note += (
            f": {self.inside[self.best]:.3f} for members, {self.outside[self.best]:.3f} for "
            f"others; clearest of {len(self.inside)}; shuffled labels give {usual[0]:.3f} to "
            f"{usual[1]:.3f} (p = {self.p_value:.3f}); power: smallest gain this would detect is "
            f"about {self.detectable[self.best]:.3f}"
        )
        return Estimate(
            float(self.gain[self.best]), float(self.low[self.best]), float(self.high.max()),
            n, note, float(self.chance.mean()), curves,
        )  # fmt: skip


def measure_gains(
    success: np.ndarray,
    weight: np.ndarray,
    member: np.ndarray,
    rng: np.random.Generator,
    shuffles: int = SHUFFLES,
) -> Gains:
    """Compare success on members with success on non-members.

    Parameters
    ----------
    success : ndarray, shape (records, attacks)
        From 0 to 1.
    weight : ndarray, shape (records, attacks)
        How much a record counts; 0 leaves it out.
    member : ndarray of bool, shape (records,)
    rng : numpy.random.Generator
        Shuffles the labels.

    Examples
    --------
    >>> member = np.repeat([True, False], 100)
    >>> always = member[:, None].astype(float)
    >>> found = measure_gains(always, np.ones((200, 1)), member, np.random.default_rng(0))
    >>> found.gain.tolist(), bool(found.low[0] > 0.9), found.p_value < 0.002
    ([1.0], True, True)
    """
    label = np.r_[member[None, :], rng.permuted(np.tile(member, (shuffles, 1)), axis=1)]
    label = label.astype(float)
    rates = [_rates(part, success, weight) for part in (label, 1 - label)]
    gain = rates[0] - rates[1]
    spread = gain[1:].std(axis=0)
    clear = np.divide(gain, spread, out=np.zeros_like(gain), where=spread > 0)
    best = clear.argmax(axis=1)
    limit = np.quantile(clear[1:].max(axis=1), 0.95)
    sizes = [_trials(part, success, weight) for part in (label[0], 1 - label[0])]
    level = 1 - (1 - LEVEL) / success.shape[1]
    low, high = newcombe(rates[0][0], sizes[0], rates[1][0], sizes[1], level)
    return Gains(
        rates[0][0], rates[1][0], low, high, (limit + 0.8416) * spread,
        gain[1:][np.arange(shuffles), best[1:]], int(best[0]),
        float((1 + (clear[1:].max(axis=1) >= clear[0].max() - 1e-9).sum()) / (1 + shuffles)),
    )  # fmt: skip


def _rates(label: np.ndarray, success: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = label @ weight
    hits = label @ (weight * success)
    return np.divide(hits, total, out=np.zeros_like(hits), where=total > 0)


def _trials(label: np.ndarray, success: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Effective number of trials: fewer by weights, more where success is not all or nothing."""
    rate = _rates(label, success, weight)
    spread = _rates(label, success**2, weight) - rate**2
    sure = np.divide(rate * (1 - rate), spread, out=np.ones_like(rate), where=spread > 1e-9)
    return sure * np.square(label @ weight) / np.maximum(label @ np.square(weight), 1e-12)
