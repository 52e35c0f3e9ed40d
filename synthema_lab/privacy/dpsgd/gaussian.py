"""How is Gaussian noise drawn so that its digits give nothing away?

Floating-point Gaussian samplers reach only some numbers, and which ones shows
what was added to them (Mironov 2012; Jin et al. 2022 for the Gaussian). Here
sums lie on a grid of ``2**-20`` standard deviations, and what is added is the
floor, on that grid, of a Gaussian variable. Since the floor of (whole number +
noise) is the whole number + the floor of the noise, the result is ideal
Gaussian noise followed by rounding, which costs no privacy, and every grid
point can be reached from every sum.

How near the drawn law is to that one: a block of ``2**16`` grid points is
chosen by inversion of the cumulative distribution in 128-bit integers, off by
less than ``2**-115`` in total variation; within it, a point is drawn at a
resolution of ``2**-28`` standard deviations and kept by a comparison in double
precision, so that the chance of each grid point is right within a factor
``1 +- 2**-48``. A run of a billion draws therefore adds
less than ``2**-17`` to epsilon. No generator holds a state: all bits come from
the operating system. How long a draw takes is not covered.
"""

from __future__ import annotations

import functools
from decimal import Decimal, localcontext

import numpy as np

from ... import randomness

STEPS = 2**20
"""Grid points in a standard deviation."""
_BLOCK_BITS = 16
_BLOCKS_IN_DEVIATION = STEPS >> _BLOCK_BITS
_REACH = 14 * _BLOCKS_IN_DEVIATION  # beyond 14 standard deviations lies less than 2**-140
_OFFSET_BITS, _COIN_BITS = 24, 40


def gaussian_steps(size: int) -> np.ndarray:
    """Floors of independent Gaussian variables, in grid points.

    Parameters
    ----------
    size : int
        How many.

    Returns
    -------
    numpy.ndarray of int64, shape (size,)
        Standard deviation `STEPS`; the mean is minus one half, since floors lie
        half a grid point below on average.

    Examples
    --------
    >>> noise = gaussian_steps(1000) / STEPS
    >>> bool(abs(noise).max() < 7)
    True
    """
    block = _blocks(size)
    # The lower half of the law mirrors the upper one: -1 - k is k with every bit turned.
    turned = block >> np.int64(63)
    distance = block ^ turned
    return ((distance << np.int64(_BLOCK_BITS)) + _offsets(distance)) ^ turned


def _offsets(distance: np.ndarray) -> np.ndarray:
    """Grid points from the inner end of each block, by rejection against the density there."""
    words = randomness.random_uint64(distance.size)
    drawn = words >> np.uint64(_COIN_BITS)
    inside = (drawn + 0.5) * (2.0**-_OFFSET_BITS / _BLOCKS_IN_DEVIATION)
    density = np.exp(-inside * (distance / _BLOCKS_IN_DEVIATION + inside / 2))
    taken = _happen(density, words & np.uint64(2**_COIN_BITS - 1))
    offset = (drawn >> np.uint64(_OFFSET_BITS - _BLOCK_BITS)).astype(np.int64)
    again = np.flatnonzero(~taken)
    if again.size:
        offset[again] = _offsets(distance[again])
    return offset


def _happen(chance: np.ndarray, coins: np.ndarray) -> np.ndarray:
    """Whether each event of a `chance` happens; further bits are drawn where 40 leave it open."""
    bound, coins = chance * 2.0**_COIN_BITS, coins.astype(np.float64)
    whole = np.floor(bound)
    happened = coins < whole
    for place in np.flatnonzero(coins == whole):
        happened[place] = randomness.random_uint64(1)[0] * 2.0**-64 < bound[place] - whole[place]
    return happened


def _blocks(size: int) -> np.ndarray:
    """Blocks by inversion: the first whose cumulative entry exceeds 128 random bits."""
    high, low = _cumulative()
    upper = randomness.random_uint64(size)
    drawn = np.searchsorted(high, upper, side="left")
    # The lower 64 bits are drawn only where the upper ones equal an entry's (in practice never).
    for place in np.flatnonzero(high[drawn] == upper):
        lower = randomness.random_uint64(1)[0]
        while drawn[place] < high.size - 1 and (high[drawn[place]], low[drawn[place]]) <= (
            upper[place],
            lower,
        ):
            drawn[place] += 1
    return drawn.astype(np.int64) - _REACH


@functools.cache
def _cumulative() -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower 64 bits of the chance of lying below the end of each block."""
    whole = 1 << 128
    with localcontext() as context:
        context.prec = 60
        tails = [_tail(Decimal(k) / _BLOCKS_IN_DEVIATION) for k in range(_REACH)]
        below = [int(tail * whole) for tail in reversed(tails)]  # ends -(_REACH - 1) to 0
        above = [min(whole - entry, whole - 1) for entry in reversed(below[:-1])]
    entries = [*below, *above, whole - 1]
    high = np.array([entry >> 64 for entry in entries], dtype=np.uint64)
    low = np.array([entry & (2**64 - 1) for entry in entries], dtype=np.uint64)
    return high, low


def _tail(x: Decimal) -> Decimal:
    """Chance that a standard Gaussian exceeds `x`, from 0: its series has positive terms only."""
    half_root = Decimal(2) * _PI
    density = (-x * x / 2).exp() / half_root.sqrt()
    term, total, odd = x, x, 1
    while term > total * Decimal("1e-58"):
        odd += 2
        term = term * x * x / odd
        total += term
    return Decimal("0.5") - density * total


_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640629")
