"""Many masks at once, on several cores, are the masks one by one."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from synthema_lab.secure_aggregation import masks
from synthema_lab.secure_aggregation.cores import spread
from synthema_lab.secure_aggregation.frames import body_digest

KEYS = [hashlib.sha256(b"key %d" % place).digest() for place in range(9)]


def stream(key, dtype, length):
    cipher = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    return np.frombuffer(cipher.update(bytes(length * np.dtype(dtype).itemsize)), dtype=dtype)


@pytest.mark.parametrize("dtype", ["<u4", "<u8"])
@pytest.mark.parametrize("length", [1, 15, 16_384, 1_000_003])
@pytest.mark.parametrize("cores", [1, 2, 3, 7])
def test_the_parts_of_a_vector_join_without_a_seam(monkeypatch, dtype, length, cores):
    monkeypatch.setattr(masks.cores, "count", lambda: cores)
    monkeypatch.setattr(masks, "_WORTH_A_THREAD", 64)
    vector = np.arange(length, dtype=dtype)
    expected = vector.copy()
    for place, key in enumerate(KEYS):
        (np.add if place < 5 else np.subtract)(expected, stream(key, dtype, length), out=expected)
    masks.apply_masks(vector, KEYS[:5], KEYS[5:])
    assert np.array_equal(vector, expected)


FORKED = """
import os, signal, time
from synthema_lab.secure_aggregation.cores import count, spread
spread(time.sleep, [0.05] * 4 * max(2, count()))  # all threads have begun
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(spread(len, ["a", "bc", "def"]) != [1, 2, 3])
raise SystemExit(os.waitpid(child, 0)[1])
"""


def test_a_forked_process_spreads_its_work_too():
    """It would wait for threads that stayed with its parent. Apart, since other libraries mind."""
    assert subprocess.run([sys.executable, "-c", FORKED], check=False).returncode == 0


def test_an_error_in_one_part_is_raised():
    def refuses(item):
        raise KeyError(item)

    with pytest.raises(KeyError, match="first"):
        spread(refuses, ["first", "second"])


def test_masks_cancel_whatever_the_order():
    vector = np.zeros(50_000, dtype="<u4")
    masks.apply_masks(vector, KEYS, [])
    assert np.count_nonzero(vector) > 49_000
    masks.apply_masks(vector, [], KEYS[::-1])
    assert not vector.any()


def test_no_mask_leaves_a_vector_as_it_is():
    vector = np.arange(5, dtype="<u8")
    masks.apply_masks(vector, [], [])
    assert vector.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("length", [0, 1, 2**20, 2**20 + 1, 3 * 2**20 + 5])
def test_what_is_signed_of_a_long_body_are_the_digests_of_its_mebibytes(length):
    body = bytes(length)
    leaves = [body[at : at + 2**20] for at in range(0, length, 2**20)] or [b""]
    digests = [hashlib.sha256(leaf).digest() for leaf in leaves]
    expected = digests[0] if length <= 2**20 else hashlib.sha256(b"".join(digests)).digest()
    assert body_digest(body) == expected
    assert body_digest(memoryview(body)) == expected
