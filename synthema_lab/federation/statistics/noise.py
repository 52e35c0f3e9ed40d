"""How much noise do the sites add to a statistic, and what does it cost?

Every site adds a Skellam share before its vector is masked, so that the opened
sum carries the noise and nobody ever holds the sum without it. Neighbouring
cohorts differ by one patient added or removed at one site.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ... import randomness
from ...errors import ArgumentRefused
from ...privacy import Ledger, SkellamEvent, check_budget, epsilon_of
from ...privacy.accounting import LARGEST_VARIANCE

FINEST_STEPS = 64
"""Steps that the largest change of a coordinate is divided into, where noise is added."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How far one patient can move a site's vector.

    Parameters
    ----------
    change : float or numpy.ndarray, shape (length,)
        Largest absolute change of each coordinate when one patient is added
        or removed; above 0. Whole where the vector is of whole numbers.
    coordinates : int
        How many coordinates at most change at once.

    Examples
    --------
    A table of counts, where a patient is in one cell:

    >>> Sensitivity().event(steps=1, variance=10.0)
    SkellamEvent(variance=10.0, l1=1, l2_squared=1, repeats=1)
    """

    change: float | np.ndarray = 1
    coordinates: int = 1

    def __post_init__(self) -> None:
        change = np.asarray(self.change, dtype=float)
        if not (np.isfinite(change).all() and (change > 0).all()) or self.coordinates < 1:
            raise ArgumentRefused(
                "The sensitivity of a statistic cannot be used.",
                "Changes that are finite and above 0, in one coordinate or more.",
                "State the largest change from the dictionary's limits.",
            )

    def event(self, steps: int, variance: float, repeats: int = 1) -> SkellamEvent:
        """What is opened, where one patient moves a coordinate by at most `steps` steps.

        The L1 change is at most ``coordinates * steps`` and the squared L2
        change ``coordinates * steps**2``.
        """
        moved = self.coordinates
        return SkellamEvent(variance, moved * steps, moved * steps**2, repeats)


@dataclass(frozen=True)
class DistributedNoise:
    """Skellam noise of which every site adds a share.

    Parameters
    ----------
    epsilon : float
        What one statistic may spend; above 0.
    delta : float
        Above 0, at most 0.001.
    colluding : int
        Sites whose share of the noise is not counted on.
    ledger : Ledger, optional
        Charged, for every site, before anything is computed.

    Notes
    -----
    The epsilon holds for whoever sees the opened sums and, at most, the shares
    of `colluding` sites. With ``colluding=0`` a site that takes part knows its
    own share and sees less noise than that; use 1 to cover it.

    Examples
    --------
    >>> noise = DistributedNoise(epsilon=1.0)
    >>> noise.calibrated(Sensitivity(), steps=1).variance < 20
    True
    """

    epsilon: float
    delta: float = 1e-5
    colluding: int = 0
    ledger: Ledger | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.epsilon is None:
            raise ArgumentRefused(
                "Distributed noise without an epsilon was asked for.",
                "A number above 0.",
                "Leave out noise= to open sums without noise.",
            )
        check_budget(self.epsilon, self.delta)
        if isinstance(self.colluding, bool) or not isinstance(self.colluding, int):
            self._refuse_colluding()
        if self.colluding < 0:
            self._refuse_colluding()

    def counted(self, threshold: int) -> int:
        """How many sites' shares carry the stated noise: those sure to answer and honest."""
        if self.colluding > threshold - 2:
            raise ArgumentRefused(
                f"{self.colluding} colluding sites leave fewer than two honest ones of the "
                f"{threshold} that must answer.",
                "At least two honest sites.",
                f"Use colluding={max(0, threshold - 2)}, or add sites.",
            )
        return threshold - self.colluding

    def calibrated(self, sensitivity: Sensitivity, steps: int, openings: int = 1) -> SkellamEvent:
        """The event of one opening, where `openings` of them together spend epsilon."""
        event = sensitivity.event(steps, 1.0)
        variance = _smallest_variance(
            event.l1, event.l2_squared, openings, float(self.epsilon), float(self.delta)
        )
        return sensitivity.event(steps, variance)

    def finest(self, sensitivity: Sensitivity, openings: int) -> tuple[int, SkellamEvent]:
        """The finest division of a real coordinate's change whose noise can be drawn.

        A coordinate's change is divided into ``k`` steps; rounding to a step
        moves it by at most one more, so the event is that of ``k + 1`` steps.
        """
        steps = FINEST_STEPS
        while True:
            event = self.calibrated(sensitivity, steps + 1, openings)
            if event.variance <= LARGEST_VARIANCE:
                return steps, event
            if steps == 1:
                raise ArgumentRefused(
                    f"Epsilon {self.epsilon:g} would need more noise than can be drawn.",
                    "An epsilon that leaves something of the statistic.",
                    "Use a larger epsilon, or ask for fewer numbers at once.",
                )
            steps //= 2

    def charge(self, sites: Sequence[str], event: SkellamEvent, purpose: str) -> float:
        """Charge one opening to every site's account; its epsilon alone.

        Raises
        ------
        BudgetExhausted
            If a site's budget does not cover it; nothing is charged then.
        """
        if self.ledger is not None:
            release = f"statistics/{randomness.random_bytes(8).hex()}"
            self.ledger.charge_all(list(sites), release, [event], purpose)
        return epsilon_of([event], self.delta)

    def _refuse_colluding(self) -> None:
        raise ArgumentRefused(
            "The number of colluding sites is not a whole number from 0.",
            "0 or more.",
            "Use colluding=0 or colluding=1.",
        )


@functools.lru_cache(maxsize=256)
def _smallest_variance(
    l1: int, l2_squared: int, openings: int, epsilon: float, delta: float
) -> float:
    """Smallest variance with which that many openings spend at most epsilon, to 0.001%."""

    def spent(variance: float) -> float:
        return epsilon_of([SkellamEvent(variance, l1, l2_squared, openings)], delta)

    low, high = 1e-3, 1.0
    while spent(high) > epsilon and high < 1e15:
        low, high = high, high * 4
    while high / low > 1 + 1e-5:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if spent(middle) <= epsilon else (middle, high)
    return high
