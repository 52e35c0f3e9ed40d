"""What epsilon do the opened results add up to, and what noise meets a budget?

Events of all kinds are composed by adding their Renyi divergences at the same
orders and converted to (epsilon, delta) by `dp_accounting` (Canonne, Kamath and
Steinke 2020, Proposition 12). A history of DP-SGD alone is also composed by its
privacy loss distributions, and the smaller of the two proven figures is given.
Neighbouring cohorts differ by one patient added or removed, for every kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Real

import numpy as np

from ..errors import ArgumentRefused
from .events import PrivacyEvent, divergence
from .skellam import ORDERS, SkellamEvent
from .subsampled import DpSgdEvent, epsilon_by_loss, worth_counting_by_loss

LARGEST_DELTA = 1e-3
LARGEST_VARIANCE = 1e7
"""Squared patients a cell; beyond it a release of any cohort here is noise only."""
SMALLEST_MULTIPLIER, LARGEST_MULTIPLIER = 0.2, 200.0
"""Noise of DP-SGD over the clip, between which a budget is met."""


def check_budget(epsilon: float | None, delta: float) -> None:
    """Refuse a budget that means nothing.

    Parameters
    ----------
    epsilon : float or None
        None switches noise off; otherwise above 0 and finite.
    delta : float
        Above 0, at most 0.001.

    Raises
    ------
    ArgumentRefused
        With what to type instead.
    """
    if epsilon is not None and not _is_number(epsilon):
        raise ArgumentRefused(
            "Epsilon is not a number.",
            "A finite number above 0, or none to switch noise off.",
            "Use epsilon 3 (default), or 1 for a stricter, exploratory release.",
        )
    if epsilon is not None and not (0 < epsilon < math.inf):
        raise ArgumentRefused(
            f"Epsilon is {epsilon:g}.",
            "A finite number above 0; smaller means more noise and more privacy.",
            "Use epsilon 3 (default), or none to switch noise off (no privacy is claimed then).",
        )
    if not _is_number(delta) or not 0 < delta <= LARGEST_DELTA:
        raise ArgumentRefused(
            "Delta cannot be used.",
            f"A number above 0, at most {LARGEST_DELTA:g} and well below one over the number of "
            "patients: the chance that the statement about epsilon fails.",
            "Use --delta 1e-5.",
        )


def epsilon_of(events: Iterable[PrivacyEvent], delta: float) -> float:
    """Smallest epsilon that is proven for all events together.

    Parameters
    ----------
    events : iterable of SkellamEvent or DpSgdEvent
        Of any kinds, in any order.
    delta : float
        Between 0 and 1.

    Returns
    -------
    float
        Epsilon; 0 when nothing was opened.

    Examples
    --------
    >>> round(epsilon_of([SkellamEvent(variance=50.0, repeats=4)], delta=1e-5), 2)
    1.17
    >>> trained = DpSgdEvent(noise_multiplier=2.0, sample_rate=0.1, steps=100)
    >>> round(epsilon_of([SkellamEvent(variance=50.0, repeats=4), trained], delta=1e-5), 2)
    2.89
    """
    events = tuple(events)
    epsilon = _epsilon_by_renyi(events, delta)
    trained = tuple(event for event in events if isinstance(event, DpSgdEvent))
    if trained and len(trained) == len(events) and worth_counting_by_loss(epsilon):
        return min(epsilon, epsilon_by_loss(trained, delta))
    return epsilon


def _epsilon_by_renyi(events: Iterable[PrivacyEvent], delta: float) -> float:
    total = sum((divergence(event) for event in events), start=np.zeros(len(ORDERS)))
    if not total.any():
        return 0.0
    from dp_accounting.rdp import compute_epsilon

    epsilon, _ = compute_epsilon(ORDERS, total, delta)
    return float(epsilon)


def calibrate_training(epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The noise multiplier with which DP-SGD stays within a budget.

    Parameters
    ----------
    epsilon, delta : float
        The budget for one patient added or removed.
    sample_rate : float
        Probability with which a step draws a patient.
    steps : int
        Steps in all, over every round.

    Returns
    -------
    float
        At least 0.2; the proven epsilon is at most `epsilon` and within 2% of it.

    Raises
    ------
    ArgumentRefused
        If the budget means nothing, or the noise it needs is beyond use.

    Examples
    --------
    >>> round(calibrate_training(epsilon=3.0, delta=1e-5, sample_rate=0.1, steps=100), 1)
    1.7
    """
    check_budget(epsilon, delta)

    def spent(noise_multiplier: float, exactly: bool = False) -> float:
        event = DpSgdEvent(noise_multiplier, sample_rate, steps)
        return epsilon_of([event], delta) if exactly else _epsilon_by_renyi([event], delta)

    low, high = SMALLEST_MULTIPLIER, SMALLEST_MULTIPLIER
    while spent(high) > epsilon:
        low, high = high, high * 2
        if high > LARGEST_MULTIPLIER:
            raise ArgumentRefused(
                f"Epsilon {epsilon:g} over {steps} steps would need noise of more than "
                f"{LARGEST_MULTIPLIER:g} times the clip.",
                "Less noise than hides what is learnt.",
                "Use a larger epsilon, fewer steps, or a smaller sample rate.",
            )
    low, high = _narrowed(low, high, lambda noise: spent(noise) <= epsilon, 1e-3)
    # Loss distributions prove less for the same noise: go on below, as far as they allow.
    low = max(SMALLEST_MULTIPLIER, 0.7 * high)
    return _narrowed(low, high, lambda noise: spent(noise, True) <= epsilon, 1e-2)[1]


def _narrowed(
    low: float, high: float, enough: Callable[[float], bool], width: float
) -> tuple[float, float]:
    """A bracket of relative `width` whose upper end is enough, from one whose upper end is."""
    while high / low > 1 + width:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return low, high


def calibrate(
    weights: Sequence[float],
    epsilon: float,
    delta: float,
    sensitivities: Sequence[tuple[int, int]] | None = None,
) -> tuple[float, ...]:
    """Noise variances that spend exactly one budget over several sums.

    Parameters
    ----------
    weights : sequence of float
        Share of the budget for each sum, above 0; only ratios matter. The
        variance over the squared L2 sensitivity is inversely proportional to
        the weight.
    epsilon, delta : float
        The budget for one patient added or removed.
    sensitivities : sequence of (int, int), optional
        L1 and squared L2 sensitivity of each sum; (1, 1), those of a marginal,
        without it.

    Returns
    -------
    tuple of float
        Variance of the noise in each entry of each sum, in squared units of
        it; the proven epsilon is at most `epsilon` and within 0.1% of it.

    Raises
    ------
    ArgumentRefused
        If the budget means nothing.

    Examples
    --------
    >>> wide, narrow = calibrate([1, 2], epsilon=3.0, delta=1e-5)
    >>> round(wide / narrow, 6)
    2.0
    """
    check_budget(epsilon, delta)
    share = np.asarray(weights, dtype=float) / np.sum(weights)
    changes = sensitivities or [(1, 1)] * len(share)

    def spent(scale: float) -> float:
        return epsilon_of(events(scale), delta)

    def events(scale: float) -> list[SkellamEvent]:
        return [
            SkellamEvent(float(scale / part) * l2_squared, l1, l2_squared)
            for part, (l1, l2_squared) in zip(share, changes, strict=True)
        ]

    low, high = 1e-3, 1.0
    while spent(high) > epsilon:
        low, high = high, high * 4
        if high > 1e15:
            break
    low, high = _narrowed(low, high, lambda scale: spent(scale) <= epsilon, 1e-5)
    if high / share.min() > LARGEST_VARIANCE:
        raise ArgumentRefused(
            f"Epsilon {epsilon:g} would need noise with a standard deviation of "
            f"{math.sqrt(high / share.min()):.0f} patients in a cell.",
            f"Noise below {math.sqrt(LARGEST_VARIANCE):.0f} patients in a cell.",
            "Use a larger epsilon, or fewer marginals in the dictionary's workload.",
        )
    return tuple(event.variance for event in events(high))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(float(value))
