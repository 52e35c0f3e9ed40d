"""Does a private measurement leak more than the epsilon it states?

A proof can be right and the code wrong. The measurement is run many times with
one extra patient (the canary) and without, and an attacker who knows everything
else guesses which it was. Under (epsilon, delta) differential privacy true
positives are at most e^epsilon times the false positives plus delta, and true
negatives likewise: errors bound epsilon from below (Jagielski et al. 2020; Nasr et
al. 2021). A bound above the stated epsilon proves a fault; one below proves nothing.

Two bounds hold together at the stated confidence. One assumes nothing: its
threshold is chosen on half of the worlds, its errors are counted on the rest. The
other reads the whole curve: if it is that of two Gaussians mu apart (Nasr et al.
2023), the area under it is Phi(mu / sqrt 2). It sees smaller faults, and is for
noise that is nearly Gaussian, as Skellam noise of a variance above 10 is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused

from .battery import GRID, true_positive_rates
from .bootstrap import LEVEL, wilson

Mechanism = Callable[[bool], float]
"""Runs once, with the canary or without; a higher score says that it was there."""
FEWEST = 100


@dataclass(frozen=True)
class Audit:
    """What was stated, and what was seen.

    Parameters
    ----------
    stated : float
        The epsilon that the mechanism claims.
    bound, bound_by_shape : float
        Lower bounds on epsilon, without an assumption and for a Gaussian curve.
    largest : float
        The largest `bound` that so many worlds could show.
    delta, level, worlds
        As in `audit_epsilon`.
    curve : DataFrame
        Least false-negative rate by false-positive rate, on a public grid.
    """

    stated: float
    bound: float
    bound_by_shape: float
    largest: float
    delta: float
    level: float
    worlds: int
    curve: pd.DataFrame = field(repr=False)

    @property
    def refuted(self) -> bool:
        """Whether a bound lies above what was stated: the mechanism is broken."""
        return max(self.bound, self.bound_by_shape) > self.stated

    def __str__(self) -> str:
        return (
            f"epsilon {self.stated:.2f} at delta {self.delta:g} is "
            f"{'refuted' if self.refuted else 'not refuted'}: at least {self.bound:.2f}, and at "
            f"least {self.bound_by_shape:.2f} if the noise is Gaussian ({self.level:.0%} "
            f"confidence); {self.worlds} worlds of each kind could show {self.largest:.2f}"
        )


def audit_epsilon(
    mechanism: Mechanism, worlds: int, rng: np.random.Generator, stated: float, delta: float,
    level: float = LEVEL,
) -> Audit:  # fmt: skip
    """Run a mechanism with and without a canary, and bound its epsilon from below.

    Parameters
    ----------
    mechanism : callable
        ``mechanism(present) -> score``; draws fresh noise at every call.
    worlds : int
        Runs of each kind, at least 100.
    rng : numpy.random.Generator
        Halves the worlds; it never touches the mechanism's noise.
    stated, delta, level : float
        What the mechanism claims, and the confidence of the bounds together.

    Raises
    ------
    ArgumentRefused
        Fewer than 100 worlds.

    Examples
    --------
    >>> noise = np.random.default_rng(0)
    >>> weak = lambda present: present + noise.normal(0, 0.05)
    >>> found = audit_epsilon(weak, 200, np.random.default_rng(1), stated=1.0, delta=1e-5)
    >>> found.refuted, found.bound > 1
    (True, True)
    """
    if worlds < FEWEST:
        raise ArgumentRefused(
            "There are too few worlds for a bound.", f"A whole number from {FEWEST}.",
            "Use worlds=1000.",
        )  # fmt: skip
    present, absent = (np.array([mechanism(it) for _ in range(worlds)]) for it in (True, False))
    # Each bound takes half of the allowed error, so that both hold together.
    each, apart = (1 + level) / 2, np.arange(worlds // 2, dtype=float)
    one = np.ones((1, worlds))
    missed = 1 - true_positive_rates(present, absent, one, one, GRID)[0]
    curve = pd.DataFrame({"false_positive_rate": GRID, "false_negative_rate": missed}).round(6)
    largest = _epsilons(apart + len(apart), apart, np.array([len(apart)]), delta, each)[0]
    return Audit(
        float(stated), bound_by_threshold(present, absent, rng, delta, each),
        bound_by_shape(present, absent, delta, each), max(0.0, float(largest)), delta, level,
        worlds, curve,
    )  # fmt: skip


def bound_by_threshold(
    present: np.ndarray, absent: np.ndarray, rng: np.random.Generator, delta: float, level: float
) -> float:
    """Lower bound on epsilon from the errors at one threshold, chosen on another half."""
    halves = [np.array_split(rng.permutation(scores), 2) for scores in (present, absent)]
    found = []
    for sign in (1, -1):
        chosen = sign * halves[0][0], sign * halves[1][0]
        cuts = np.unique(np.concatenate(chosen))
        bounds = _epsilons(*chosen, cuts, delta, level)
        found.append((float(bounds.max()), sign, float(cuts[bounds.argmax()])))
    _, sign, cut = max(found)
    kept = _epsilons(sign * halves[0][1], sign * halves[1][1], np.array([cut]), delta, level)
    return max(0.0, float(kept[0]))


def bound_by_shape(present: np.ndarray, absent: np.ndarray, delta: float, level: float) -> float:
    """Lower bound on epsilon from the area under a Gaussian curve (variance of DeLong 1988)."""
    from dp_accounting import get_epsilon_gaussian
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = np.split(rankdata(np.r_[present, absent]), [len(present)])
    hits = (ranks[0] - rankdata(present)) / len(absent)
    alarms = (ranks[1] - rankdata(absent)) / len(present)
    area = float(hits.mean())
    variance = hits.var(ddof=1) / len(hits) + alarms.var(ddof=1) / len(alarms)
    trials = area * (1 - area) / variance if variance > 0 else min(len(hits), len(alarms))
    apart = math.sqrt(2) * float(ndtri(wilson(area, trials, 2 * level - 1)[0]))
    return float(get_epsilon_gaussian(1 / apart, delta)) if apart > 0 else 0.0


def _epsilons(
    present: np.ndarray, absent: np.ndarray, cuts: np.ndarray, delta: float, level: float
) -> np.ndarray:
    """Bound where "there" is said from a cut on; each error rate takes half of the risk."""
    from scipy.stats import beta

    risk, trials = (1 - level) / 2, len(absent)
    hits = len(present) - np.searchsorted(np.sort(present), cuts)
    alarms = trials - np.searchsorted(np.sort(absent), cuts)
    tpr = beta.ppf(risk, np.maximum(hits, 1), len(present) - hits + 1) * (hits > 0)
    fpr = beta.ppf(1 - risk, alarms + 1, np.maximum(trials - alarms, 1))
    fpr = np.where(alarms < trials, fpr, 1.0)
    with np.errstate(divide="ignore"):
        by_hits = np.log(np.maximum(tpr - delta, 0.0) / fpr)
        by_misses = np.log(np.maximum(1 - fpr - delta, 0.0) / (1 - tpr))
    return np.maximum(by_hits, by_misses)
