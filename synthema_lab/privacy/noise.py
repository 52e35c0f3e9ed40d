"""How does a site draw its share of the noise?

Skellam variables are differences of two Poisson variables. Each Poisson is
drawn by inversion of its cumulative table in 128-bit integers with bits from
the operating system, so no floating-point sampler and no seed is involved. A
table has ``K`` entries and each is off by at most ``2**-127``: the total
variation error of a draw is below ``K * 2**-126``, which for a million draws
is far below any delta in use.
"""

from __future__ import annotations

import functools
import math
from decimal import Decimal, localcontext

import numpy as np

from .. import randomness
from ..errors import ArgumentRefused

_LARGEST_RATE = 1e7
_TABLE_RATE = 1e5


def skellam_share(variance: np.ndarray, counted: int) -> np.ndarray:
    """One site's share of Skellam noise for a vector of counts.

    Parameters
    ----------
    variance : numpy.ndarray, shape (cells,)
        Variance that the sum of `counted` shares must carry in each cell, in
        squared patients.
    counted : int
        How many sites' shares are counted on: the threshold of the secure sum
        less the sites that may collude; at least 1.

    Returns
    -------
    numpy.ndarray of int64, shape (cells,)
        Integer noise; shares of different sites are independent.

    Examples
    --------
    >>> import numpy as np
    >>> skellam_share(np.full(4, 90.0), counted=3).shape
    (4,)
    """
    variance = np.asarray(variance, dtype=float)
    if counted < 1:
        raise ArgumentRefused(
            "No site's noise is counted on.",
            "A threshold larger than the number of colluding sites.",
            "Lower --colluding or add sites.",
        )
    noise = np.zeros(variance.shape, dtype=np.int64)
    for value in np.unique(variance):
        cells = variance == value
        rate = float(value) / (2 * counted)
        drawn = int(cells.sum())
        noise[cells] = _poisson(rate, drawn) - _poisson(rate, drawn)
    return noise


def _poisson(rate: float, size: int) -> np.ndarray:
    """Poisson draws of shape (size,); a large rate is drawn as a sum of smaller ones."""
    if rate > _LARGEST_RATE:
        raise ArgumentRefused(
            "The noise asked for is larger than any cohort.",
            f"A variance that a site can draw (at most {2 * _LARGEST_RATE:g}).",
            "Use a larger epsilon.",
        )
    parts = max(1, math.ceil(rate / _TABLE_RATE))
    return sum((_inverted(rate / parts, size) for _ in range(parts)), start=np.int64(0))


def _inverted(rate: float, size: int) -> np.ndarray:
    """Draws by inversion: the first value whose cumulative entry exceeds 128 random bits."""
    high, low = _cumulative(rate)
    upper, lower = randomness.random_uint64((2, size))
    drawn = np.searchsorted(high, upper, side="left")
    # Entries that share their upper half with the random bits (in practice never) are told
    # apart by the lower half.
    for place in np.flatnonzero(high[drawn] == upper):
        while drawn[place] < high.size - 1 and (high[drawn[place]], low[drawn[place]]) <= (
            upper[place],
            lower[place],
        ):
            drawn[place] += 1
    return drawn.astype(np.int64)


@functools.lru_cache(maxsize=64)
def _cumulative(rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower 64 bits of the cumulative distribution at 0, 1, 2, ..."""
    last = int(rate + 13 * math.sqrt(rate)) + 100  # all but 2**-120 of the mass
    with localcontext() as context:
        context.prec = 60
        exact, whole = Decimal(rate), Decimal(1 << 128)
        mass = (-exact).exp()
        running, entries = mass, [int(mass * whole)]
        for value in range(1, last + 1):
            mass = mass * exact / value
            running += mass
            entries.append(min(int(running * whole), (1 << 128) - 1))
    entries[-1] = (1 << 128) - 1
    high = np.array([entry >> 64 for entry in entries], dtype=np.uint64)
    low = np.array([entry & (2**64 - 1) for entry in entries], dtype=np.uint64)
    return high, low
