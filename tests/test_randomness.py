"""Randomness comes from the operating system, and only a block in a test replaces it."""

from __future__ import annotations

import ast
import contextlib
import itertools
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused

PACKAGE = Path(randomness.__file__).parent


def counting(block):
    """A source that returns `block` bytes in turn, over and over."""
    turn = itertools.cycle(block)
    return lambda n: bytes(next(turn) for _ in range(n))


def test_bytes_have_the_length_asked_for_and_differ():
    assert len(randomness.random_bytes(0)) == 0
    assert randomness.random_bytes(32) != randomness.random_bytes(32)


def test_the_operating_system_is_asked_by_default():
    assert randomness._source.get() is os.urandom


def test_words_have_the_shape_asked_for_and_can_be_written_to():
    words = randomness.random_uint64((2, 3))
    assert words.shape == (2, 3)
    assert words.dtype == np.uint64
    words += np.uint64(1)
    assert randomness.random_uint64(5).shape == (5,)


def test_words_are_the_bytes_of_the_source_in_little_endian_order():
    with randomness.swapped(counting(range(256))):
        assert randomness.random_uint64(2).tolist() == [0x0706050403020100, 0x0F0E0D0C0B0A0908]


def test_words_fill_all_their_bits():
    """Chi-square on bytes; false-alarm rate 1e-6 (source not seeded: it is the system's)."""
    drawn = randomness.random_uint64(50_000).view(np.uint8)
    assert stats.chisquare(np.bincount(drawn, minlength=256)).pvalue > 1e-6


@pytest.mark.parametrize("outcomes", [1, 2, 3, 6, 1000, 2**32 + 1, 2**63 - 1, 2**63])
def test_draws_stay_below_the_number_of_outcomes(outcomes):
    drawn = randomness.random_below(outcomes, 1000)
    assert drawn.dtype == np.int64
    assert drawn.min() >= 0
    assert int(drawn.max()) < outcomes


def test_every_outcome_is_equally_likely():
    """Chi-square; false-alarm rate 1e-6."""
    drawn = randomness.random_below(7, (100, 1000))
    assert drawn.shape == (100, 1000)
    assert stats.chisquare(np.bincount(drawn.ravel(), minlength=7)).pvalue > 1e-6


def test_words_beyond_the_last_full_multiple_are_drawn_again():
    # 2**64 = 6 * k + 4: the four largest words would favour the outcomes 0 to 3.
    words = [2**64 - 1, 2**64 - 4, 2**64 - 5, 11]
    source = counting(b"".join(word.to_bytes(8, "little") for word in words))
    with randomness.swapped(source):
        drawn = randomness.random_below(6, 2)
    assert drawn.tolist() == [(2**64 - 5) % 6, 11 % 6]


def test_no_word_is_rejected_for_a_power_of_two():
    with randomness.swapped(lambda n: b"\xff" * n):
        assert randomness.random_below(2**63, 3).tolist() == [2**63 - 1] * 3


@pytest.mark.parametrize("outcomes", [0, -1, 2**63 + 1])
def test_a_number_of_outcomes_out_of_range_is_refused(outcomes):
    with pytest.raises(ArgumentRefused):
        randomness.random_below(outcomes, 1)


def test_a_swap_ends_with_its_block_also_after_an_error():
    with contextlib.suppress(KeyError), randomness.swapped(bytes):
        assert randomness.random_bytes(4) == bytes(4)
        raise KeyError
    assert randomness.random_bytes(16) != bytes(16)


def test_a_swap_without_a_block_swaps_nothing():
    randomness.swapped(bytes)
    assert randomness.random_bytes(16) != bytes(16)


def test_a_swap_does_not_reach_other_threads():
    drawn = []
    with randomness.swapped(bytes):
        thread = threading.Thread(target=lambda: drawn.append(randomness.random_bytes(16)))
        thread.start()
        thread.join()
    assert drawn[0] != bytes(16)


def test_what_cannot_be_called_is_no_source():
    with pytest.raises(ArgumentRefused), randomness.swapped(b"0123"):
        pass


@pytest.mark.parametrize("source", [lambda n: bytes(n + 1), lambda n: bytearray(n)])
def test_a_source_that_returns_something_else_is_refused(source):
    with randomness.swapped(source), pytest.raises(ArgumentRefused):
        randomness.random_bytes(8)


def test_nothing_in_the_package_swaps_the_source():
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        imported = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "swapped" not in named | imported, path
        if path.name != "randomness.py":
            assert "_source" not in imported, path
