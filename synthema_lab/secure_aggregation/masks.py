"""How is a vector covered, and uncovered?

A mask is the AES-256-CTR keystream of a key that is used for one vector in one
round, read as little-endian words. It is added to or subtracted from the
vector in place, block by block, modulo ``2**32`` or ``2**64``.
"""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK_BYTES = 1 << 16
_ZEROS = bytes(_BLOCK_BYTES)


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
    _apply(np.add, vector, key)


def subtract_mask(vector: np.ndarray, key: bytes) -> None:
    """Subtract the mask of `key` from `vector` in place."""
    _apply(np.subtract, vector, key)


def _apply(operation: np.ufunc, vector: np.ndarray, key: bytes) -> None:
    # The first counter block is zero: a key masks one vector in its life.
    stream = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    space = bytearray(_BLOCK_BYTES + 15)
    words = np.frombuffer(space, dtype=vector.dtype, count=_BLOCK_BYTES // vector.itemsize)
    zeros = memoryview(_ZEROS)
    for start in range(0, vector.size, words.size):
        block = vector[start : start + words.size]
        stream.update_into(zeros[: block.nbytes], space)
        operation(block, words[: block.size], out=block)
