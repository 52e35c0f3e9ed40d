"""What epsilon do the opened sums add up to, and what noise meets a budget?

Events are composed by adding their Renyi divergences and converted to
(epsilon, delta) by `dp_accounting` (Canonne, Kamath and Steinke 2020,
Proposition 12). Neighbouring cohorts differ by one patient added or removed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real

import numpy as np

from ..errors import ArgumentRefused
from .skellam import ORDERS, SkellamEvent, renyi_bound

LARGEST_DELTA = 1e-3
LARGEST_VARIANCE = 1e7
"""Squared patients a cell; beyond it a release of any cohort here is noise only."""


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


def epsilon_of(events: Iterable[SkellamEvent], delta: float) -> float:
    """Smallest epsilon that is proven for all events together.

    Parameters
    ----------
    events : iterable of SkellamEvent
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
    """
    divergence = sum((renyi_bound(event) for event in events), start=np.zeros(len(ORDERS)))
    if not divergence.any():
        return 0.0
    from dp_accounting.rdp import compute_epsilon

    epsilon, _ = compute_epsilon(ORDERS, divergence, delta)
    return float(epsilon)


def calibrate(weights: Sequence[float], epsilon: float, delta: float) -> tuple[float, ...]:
    """Noise variances that spend exactly one budget over several marginals.

    Parameters
    ----------
    weights : sequence of float
        Share of the budget for each marginal, above 0; only ratios matter. The
        variance of a marginal is inversely proportional to its weight.
    epsilon, delta : float
        The budget for one patient added or removed.

    Returns
    -------
    tuple of float
        Variance of the noise in each cell of each marginal, in squared
        patients; the proven epsilon is at most `epsilon` and within 0.1% of it.

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

    def spent(scale: float) -> float:
        return epsilon_of([SkellamEvent(float(scale / part)) for part in share], delta)

    low, high = 1e-3, 1.0
    while spent(high) > epsilon:
        low, high = high, high * 4
        if high > 1e15:
            break
    while high / low > 1 + 1e-5:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    if high / share.min() > LARGEST_VARIANCE:
        raise ArgumentRefused(
            f"Epsilon {epsilon:g} would need noise with a standard deviation of "
            f"{math.sqrt(high / share.min()):.0f} patients in a cell.",
            f"Noise below {math.sqrt(LARGEST_VARIANCE):.0f} patients in a cell.",
            "Use a larger epsilon, or fewer marginals in the dictionary's workload.",
        )
    return tuple(float(high / part) for part in share)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(float(value))
