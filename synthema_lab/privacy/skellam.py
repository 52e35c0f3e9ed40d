"""How much privacy does Skellam noise buy?

A count over integer cells plus a Skellam variable of variance ``mu`` in every
cell is Renyi differentially private. Sums of independent Skellam variables are
Skellam again, which is why several sites can each add a share. The bound is
the one proven for integer orders by Agarwal, Kairouz and Liu, "The Skellam
mechanism for differentially private federated learning" (NeurIPS 2021); no
Gaussian shortcut is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ORDERS: tuple[int, ...] = (*range(2, 65), *range(72, 257, 8), 320, 384, 512, 768, 1024)
"""Integer Renyi orders at which every event is evaluated (the proof needs integers)."""


@dataclass(frozen=True)
class SkellamEvent:
    """One opened vector of integer counts with Skellam noise in every cell.

    Parameters
    ----------
    variance : float
        Variance of the noise in each cell that the stated observer does not
        know, in squared patients; above 0.
    l1, l2_squared : int
        Largest change of the whole vector when one patient is added or
        removed, in L1 and in squared L2. One marginal: 1 and 1.
    repeats : int
        How many such vectors were opened, each with noise of its own.

    Examples
    --------
    >>> SkellamEvent(variance=100.0, repeats=3)
    SkellamEvent(variance=100.0, l1=1, l2_squared=1, repeats=3)
    """

    variance: float
    l1: int = 1
    l2_squared: int = 1
    repeats: int = 1

    def __post_init__(self) -> None:
        if not (np.isfinite(self.variance) and self.variance > 0):
            raise ValueError("variance must be a finite number above 0")
        if min(self.l1, self.l2_squared, self.repeats) < 1:
            raise ValueError("l1, l2_squared and repeats must be whole numbers from 1")


def renyi_bound(event: SkellamEvent, orders: tuple[int, ...] = ORDERS) -> np.ndarray:
    """Upper bound on the Renyi divergence between neighbouring cohorts.

    Parameters
    ----------
    event : SkellamEvent
    orders : tuple of int
        Renyi orders, whole numbers from 2.

    Returns
    -------
    numpy.ndarray, shape (len(orders),)
        Divergence in nats at each order, summed over the repeats.

    Notes
    -----
    Agarwal, Kairouz and Liu 2021, Theorem 3.5 and its vector form: with
    variance ``mu`` and sensitivities ``D1`` and ``D2``, the order-``a``
    divergence is at most ``a D2^2 / (2 mu) + min(((2a - 1) D2^2 + 6 D1) /
    (4 mu^2), 3 D1 / (2 mu))``.

    Examples
    --------
    >>> renyi_bound(SkellamEvent(variance=100.0), orders=(2,)).round(6).tolist()
    [0.010225]
    """
    order = np.asarray(orders, dtype=float)
    mu, l1, l2 = event.variance, event.l1, event.l2_squared
    gaussian_part = order * l2 / (2 * mu)
    correction = np.minimum(((2 * order - 1) * l2 + 6 * l1) / (4 * mu**2), 3 * l1 / (2 * mu))
    return event.repeats * (gaussian_part + correction)
