"""How long is a vector, seen along a few random directions?

Each direction has entries 0 (half of them), 1 and -1 (a quarter each),
independent. The square of a vector's product with one has half the vector's
squared length as its mean, so the sum over many directions tells the length
(Johnson and Lindenstrauss). With Q = sqrt(2) times the product over the
length, every even moment of Q is at most that of a standard normal one
(Achlioptas 2003), which bounds both errors for every vector:

- refused although its length is within the bound: at most
  ``exp(-k (s - ln(1 + s)) / 2)`` with k directions and slack s, the bound on the
  upper tail of a chi-square variable;
- accepted although its length is `factor` times the bound: at most the least
  of ``(exp(h c) (1 - h + 3 h**2 / 2))**k`` over h > 0, with
  ``c = (1 + s) / factor**2``, since ``exp(-h Q**2) <= 1 - h Q**2 + h**2 Q**4 / 2``.

Directions must be drawn after a vector is fixed: all vectors that are at right
angles to k known directions have projections of length zero, however long they are.

References
----------
Achlioptas D. Database-friendly random projections: Johnson-Lindenstrauss with
binary coins. Journal of Computer and System Sciences 2003; 66(4): 671-687.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

LONGEST_SUM = 2**53  # whole numbers up to here are exact in double precision
_TILE = 1 << 14


def project(vector: np.ndarray, seed: bytes, directions: int) -> np.ndarray:
    """Products of a vector of whole numbers with the directions of a seed, exactly.

    Parameters
    ----------
    vector : numpy.ndarray of int64, shape (length,)
        The sum of absolute values is at most ``2**53``.
    seed : bytes
        Public; SHAKE-256 stretches it.
    directions : int
        A multiple of 4.

    Returns
    -------
    numpy.ndarray of int64, shape (directions,)

    Examples
    --------
    >>> project(np.array([3]), bytes(32), 8).tolist()
    [-3, 3, -3, 0, 0, 0, -3, 0]
    """
    sums = np.zeros(directions)
    for start in range(0, len(vector), _TILE):
        part = vector[start : start + _TILE]
        sums += signs(seed, start // _TILE, directions, len(part)) @ part.astype(np.float64)
    return sums.astype(np.int64)


def signs(seed: bytes, tile: int, directions: int, columns: int) -> np.ndarray:
    """Entries of the directions for one stretch of columns, shape (directions, columns)."""
    stream = hashlib.shake_256(seed + tile.to_bytes(8, "big"))
    bits = np.unpackbits(
        np.frombuffer(stream.digest(2 * directions * columns // 8), dtype=np.uint8)
    ).reshape(2, columns, directions)
    return (bits[0].astype(np.float64) - bits[1]).T


def wrongly_refused(directions: int, slack: float) -> float:
    """Bound on the chance that a vector within the bound is refused.

    Examples
    --------
    >>> wrongly_refused(256, 0.55) < 1e-6
    True
    """
    return math.exp(-directions / 2 * (slack - math.log1p(slack)))


def wrongly_accepted(directions: int, slack: float, factor: float) -> float:
    """Bound on the chance that a vector `factor` times too long is accepted.

    Examples
    --------
    >>> wrongly_accepted(256, 0.55, factor=2.0) < 1e-6
    True
    """
    permitted = (1 + slack) / factor**2
    if permitted >= 1:
        return 1.0
    h = np.linspace(0, 1, 2001)
    return float(np.exp(np.min(h * permitted + np.log1p(-h + 1.5 * h**2)) * directions))
