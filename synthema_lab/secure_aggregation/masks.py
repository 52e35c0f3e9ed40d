"""How is a vector covered, and uncovered?

A mask is the AES-256-CTR keystream of a key that is used for one vector in one
round, read as little-endian words. It is added to or subtracted from the
vector in place, block by block, modulo ``2**32`` or ``2**64``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import cores

_BLOCK_BYTES = 1 << 18
_ZEROS = bytes(_BLOCK_BYTES)
_WORTH_A_THREAD = 1 << 24
_COUNTER_BYTES = 16


def add_mask(vector: np.ndarray, key: bytes) -> None:
    """Add the mask of `key` to `vector` in place.

    Parameters
    ----------
    vector : numpy.ndarray of '<u4' or '<u8', shape (length,)
    key : bytes
        32 bytes.

    Examples
    --------
    >>> vector = np.zeros(3, dtype="<u4")
    >>> add_mask(vector, b"k" * 32)
    >>> subtract_mask(vector, b"k" * 32)
    >>> vector.tolist()
    [0, 0, 0]
    """
    apply_masks(vector, [key], [])


def subtract_mask(vector: np.ndarray, key: bytes) -> None:
    """Subtract the mask of `key` from `vector` in place."""
    apply_masks(vector, [], [key])


def apply_masks(vector: np.ndarray, added: Sequence[bytes], subtracted: Sequence[bytes]) -> None:
    """Add and subtract many masks in place, on all cores where that pays.

    Parameters
    ----------
    vector : numpy.ndarray of '<u4' or '<u8', shape (length,)
    added, subtracted : sequence of bytes
        Keys of 32 bytes.
    """
    work = vector.nbytes * (len(added) + len(subtracted))
    parts = max(1, min(cores.count(), work // _WORTH_A_THREAD))
    step = -(-vector.size // parts)
    step += -step % _COUNTER_BYTES  # so that every part begins with a whole counter block
    cores.spread(
        lambda at: _apply(vector[at : at + step], at, added, subtracted),
        range(0, vector.size, step),
    )


def _apply(
    vector: np.ndarray, place: int, added: Sequence[bytes], subtracted: Sequence[bytes]
) -> None:
    """Apply masks to a part of a vector that begins at coordinate `place`."""
    space = bytearray(_BLOCK_BYTES + _COUNTER_BYTES - 1)
    words = np.frombuffer(space, dtype=vector.dtype, count=_BLOCK_BYTES // vector.itemsize)
    zeros = memoryview(_ZEROS)
    # The first counter block is zero: a key masks one vector in its life.
    counter = place * vector.itemsize // _COUNTER_BYTES
    first = modes.CTR(counter.to_bytes(_COUNTER_BYTES, "big"))
    streams = [
        (operation, Cipher(algorithms.AES(key), first).encryptor())
        for operation, keys in ((np.add, added), (np.subtract, subtracted))
        for key in keys
    ]
    # All masks over one block before the next: the block stays in the processor's cache.
    for start in range(0, vector.size, words.size):
        block = vector[start : start + words.size]
        for operation, stream in streams:
            stream.update_into(zeros[: block.nbytes], space)
            operation(block, words[: block.size], out=block)
