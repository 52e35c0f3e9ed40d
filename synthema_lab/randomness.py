"""Where does randomness that protects come from?

From the operating system, and from nowhere else: keys, masks, shares and
privacy noise are drawn through this module. A seed never reaches it.

The one seam is `swapped`: a context manager with which a test replaces the
source for the length of a block, in the current thread only. There is no other
way to replace it, and nothing inside the package calls it.

What is not covered: timing. How long a draw takes can depend on the draw
(`random_below` rejects and draws again), and Python's and numpy's arithmetic
on the drawn values is not constant-time. Whoever can time this process, or
read its memory, is outside the promise.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from .errors import ArgumentRefused

Source = Callable[[int], bytes]

_source: ContextVar[Source] = ContextVar("randomness that protects", default=os.urandom)


def random_bytes(n: int) -> bytes:
    """Draw bytes from the operating system.

    Parameters
    ----------
    n : int
        How many bytes; at least 0.

    Returns
    -------
    bytes
        `n` bytes, uniform and independent.

    Raises
    ------
    ArgumentRefused
        If a swapped source returns another number of bytes than was asked for.

    Examples
    --------
    >>> len(random_bytes(32))
    32
    """
    drawn = _source.get()(n)
    if not isinstance(drawn, bytes) or len(drawn) != n:
        raise ArgumentRefused(
            "The source of randomness did not return the bytes it was asked for.",
            f"Exactly {n} bytes.",
            "Correct the source given to randomness.swapped().",
        )
    return drawn


def random_uint64(shape: int | tuple[int, ...]) -> np.ndarray:
    """Draw uniform 64-bit words.

    Parameters
    ----------
    shape : int or tuple of int
        Shape of the array.

    Returns
    -------
    numpy.ndarray of uint64
        Uniform on 0 to ``2**64 - 1``.

    Examples
    --------
    >>> random_uint64((2, 3)).shape
    (2, 3)
    """
    dimensions = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    words = np.frombuffer(random_bytes(8 * math.prod(dimensions)), dtype="<u8")
    return words.astype(np.uint64).reshape(dimensions)


def random_below(n: int, size: int | tuple[int, ...]) -> np.ndarray:
    """Draw integers from 0 to ``n - 1``, each equally likely.

    Words beyond the largest multiple of `n` are rejected and drawn again, so
    that no remainder is favoured.

    Parameters
    ----------
    n : int
        Number of outcomes; 1 to ``2**63``.
    size : int or tuple of int
        Shape of the array.

    Returns
    -------
    numpy.ndarray of int64

    Raises
    ------
    ArgumentRefused
        If `n` is outside 1 to ``2**63``.

    Examples
    --------
    >>> dice = 1 + random_below(6, size=100)
    >>> bool(dice.min() >= 1 and dice.max() <= 6)
    True
    """
    if not 1 <= n <= 2**63:
        raise ArgumentRefused(
            "The number of outcomes cannot be used.",
            "A whole number from 1 to 2**63.",
            "Call random_below(n, size) with n in that range.",
        )
    n = int(n)
    last_fair = np.uint64(2**64 - 1 - 2**64 % n)
    words = random_uint64(size)
    flat = words.reshape(-1)
    unfair = np.flatnonzero(flat > last_fair)
    while unfair.size:
        flat[unfair] = random_uint64(unfair.size)
        unfair = unfair[flat[unfair] > last_fair]
    return (words % np.uint64(n)).astype(np.int64)


@contextmanager
def swapped(source: Source) -> Iterator[None]:
    """Replace the operating system as the source, for the length of a block, in a test.

    The swap holds in the current thread (context) only; other threads keep the
    operating system's randomness. It ends with the block, also after an error.
    Nothing drawn inside such a block protects anybody.

    Parameters
    ----------
    source : callable
        Takes a number of bytes and returns that many bytes.

    Raises
    ------
    ArgumentRefused
        If `source` cannot be called.

    Examples
    --------
    >>> with swapped(lambda n: bytes(n)):
    ...     random_bytes(4)
    b'\\x00\\x00\\x00\\x00'
    """
    if not callable(source):
        raise ArgumentRefused(
            "The source of randomness cannot be called.",
            "A function that takes a number of bytes and returns that many bytes.",
            "Use: with randomness.swapped(lambda n: bytes(n)): ...",
        )
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
