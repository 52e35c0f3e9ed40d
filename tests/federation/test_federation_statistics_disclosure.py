"""What is shown of a table does not give back what is hidden."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from synthema_lab.errors import GateFailed
from synthema_lab.federation.statistics import DisclosureRefused
from synthema_lab.federation.statistics.disclosure import hidden_entries, shown_count, with_totals
from synthema_lab.federation.statistics.intervals import delayed, finest_merge, merged


def printed(counts, smallest_cell=5):
    hidden = hidden_entries(np.array(counts), smallest_cell)
    entries = np.where(hidden, -1, with_totals(np.array(counts)))
    lines = entries if entries.ndim == 2 else entries[None]
    return "\n".join(" ".join("x" if e < 0 else str(e) for e in line) for line in lines)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([9, 0, 7], "9 0 7 16"),
        ([3, 20, 9], "x 20 x 32"),
        ([2, 2, 30], "x x x 34"),
        ([0, 3, 0], "0 x 0 x"),
        ([4, 4], "x x 8"),
        ([[3, 50], [40, 60]], "x x 53\nx x 100\n43 110 153"),
        ([[0, 0], [0, 3]], "0 0 0\n0 x x\n0 x x"),
    ],
)
def test_small_cells_are_hidden_with_what_would_give_them_back(counts, shown):
    assert printed(counts) == shown


def test_one_small_cell_of_a_table_hides_a_rectangle():
    hidden = hidden_entries(np.array([[3, 20, 30], [20, 40, 50], [30, 50, 60]]), 5)
    assert hidden.sum() == 4
    assert hidden[0, 0]
    assert (hidden.sum(axis=0) % 2 == 0).all()


def test_a_smallest_cell_of_one_hides_nothing():
    assert not hidden_entries(np.array([[1, 0], [2, 3]]), 1).any()


def solutions(entries, hidden):
    """All tables of counts that agree with every shown entry, by trying them."""
    inner = tuple(slice(size - 1) for size in entries.shape)
    free = hidden[inner]
    tried = np.indices((int(entries.max()) + 4,) * int(free.sum()))
    tried = tried.reshape(len(tried), -1).T
    tables = np.repeat(np.where(free, 0, entries[inner])[None], len(tried), axis=0)
    tables[:, free] = tried
    for axis in range(1, tables.ndim):
        tables = np.concatenate([tables, tables.sum(axis=axis, keepdims=True)], axis=axis)
    return tables[(tables == entries)[:, ~hidden].all(axis=1)]


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(
        arrays.arrays(np.int64, st.integers(1, 4), elements=st.integers(0, 4)),
        arrays.arrays(np.int64, st.just((2, 2)), elements=st.integers(0, 4)),
    )
)
def test_by_trying_every_table_no_small_count_is_pinned_down(counts):
    smallest = 3
    entries = with_totals(counts)
    hidden = hidden_entries(counts, smallest)
    primary = (entries > 0) & (entries < smallest)
    assert hidden[primary].all()
    if primary.any():
        possible = solutions(entries, hidden)
        assert (possible.min(axis=0)[primary] == 0).all()
        assert (possible.max(axis=0)[primary] >= smallest).all()
    else:
        assert not hidden.any()


@settings(max_examples=25, deadline=None)
@given(arrays.arrays(np.int64, st.just((3, 4)), elements=st.integers(0, 12)))
def test_no_line_of_a_table_hides_exactly_one_entry(counts):
    hidden = hidden_entries(counts, 5)
    for axis in (0, 1):
        assert not (hidden.sum(axis=axis) == 1).any()


def test_a_table_too_large_to_be_checked_is_refused():
    with pytest.raises(DisclosureRefused):
        hidden_entries(np.ones(501, dtype=int), 5)


def test_a_refused_disclosure_ends_with_exit_code_5():
    assert issubclass(DisclosureRefused, GateFailed)
    assert DisclosureRefused.exit_code == 5


@pytest.mark.parametrize(
    ("number", "zeroed", "shown"),
    [(0, False, 0), (1, False, None), (4, False, None), (5, False, 5), (0, True, None)],
)
def test_a_single_count_is_shown_unless_small(number, zeroed, shown):
    assert shown_count(number, 5, zeroed) == shown


# Intervals of time


def every_merge(intervals):
    """All ways to merge neighbouring intervals, as the ends of what is left."""
    for kept in itertools.product([False, True], repeat=intervals - 1):
        yield np.array([at + 1 for at, keep in enumerate(kept) if keep] + [intervals])


@settings(max_examples=100, deadline=None)
@given(arrays.arrays(np.int64, st.integers(1, 8), elements=st.integers(0, 7)))
def test_merging_keeps_as_many_intervals_as_any_that_may_be_shown(counts):
    def shown(ends):
        return all(number == 0 or number >= 5 for number in merged(counts, ends))

    allowed = [ends for ends in every_merge(len(counts)) if shown(ends)]
    if not allowed:
        with pytest.raises(DisclosureRefused):
            finest_merge(counts, 5)
        return
    ends = finest_merge(counts, 5)
    assert shown(ends)
    assert len(ends) == max(map(len, allowed))
    assert merged(counts, ends).sum() == delayed(counts, ends).sum() == counts.sum()


def test_counts_that_may_be_shown_are_not_merged():
    assert finest_merge(np.array([5, 0, 9, 0]), 5).tolist() == [1, 2, 3, 4]
