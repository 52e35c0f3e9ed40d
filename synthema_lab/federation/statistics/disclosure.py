"""What of an opened table may be shown?

The rule: a count from 1 to one below the smallest cell is not shown (primary
suppression), and as many others are hidden with it as it takes that the shown
counts and totals do not give it back (secondary suppression). Hidden entries
all look alike. Zeros are shown.

What this does. From the shown entries of one table, with nothing known but
that counts are not negative, every small count could be 0 and could be as
large as the smallest cell or larger. That is checked by linear programming,
not assumed.

What this does not do. The secure sum opens every cell to the coordinator, who
applies the rule afterwards; only a total that zeroes small cells before they
are opened (the parameter `total` of a consortium) keeps them from the
coordinator too. The rule looks at one table at a time: the difference of two
tables, asked on two occasions, can still show a few patients. Who must rule
that out asks with noise and a ledger. A shown zero, or a cell that equals its
total, tells something about everybody in it.

References
----------
Hundepool A et al. Statistical Disclosure Control. Wiley 2012, chapter 4.
"""

from __future__ import annotations

import numpy as np

from ...errors import GateFailed

_SLACK = 1e-6
LARGEST_TABLE = 500


class DisclosureRefused(GateFailed):
    """A statistic would show single patients, or patients too few to be shown."""


def small(counts: np.ndarray, smallest_cell: int) -> np.ndarray:
    """Where a count may not be shown by itself: above 0 and below the smallest cell.

    Examples
    --------
    >>> small(np.array([0, 1, 4, 5]), 5).tolist()
    [False, True, True, False]
    """
    counts = np.asarray(counts)
    return (counts > 0) & (counts < smallest_cell)


def shown_count(count: int, smallest_cell: int, zeroed: bool = False) -> int | None:
    """A count by itself, or None where it may not be shown.

    Examples
    --------
    >>> shown_count(12, 5), shown_count(3, 5), shown_count(0, 5), shown_count(0, 5, zeroed=True)
    (12, None, 0, None)
    """
    hidden = bool(small(np.array(count), smallest_cell)) or (zeroed and count == 0)
    return None if hidden else int(count)


def named_unless_shown(**counts: int | None) -> tuple[str, ...]:
    """The names of counts that are not shown, for the list of what was suppressed.

    Examples
    --------
    >>> named_unless_shown(outside=0, missing=None)
    ('missing',)
    """
    return tuple(name for name, count in counts.items() if count is None)


def with_totals(counts: np.ndarray) -> np.ndarray:
    """A list of counts with its total, or a two-way table with row, column and grand totals.

    Parameters
    ----------
    counts : numpy.ndarray of int64
        One dimension, or two.

    Returns
    -------
    numpy.ndarray of int64
        One longer in each dimension; totals come last.

    Examples
    --------
    >>> with_totals(np.array([[1, 2], [3, 4]])).tolist()
    [[1, 2, 3], [3, 4, 7], [4, 6, 10]]
    """
    for axis in range(counts.ndim):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return counts


def hidden_entries(counts: np.ndarray, smallest_cell: int) -> np.ndarray:
    """Which entries of a table with its totals are hidden.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (cells,) or (rows, columns)
        Without totals, at most 500 cells.
    smallest_cell : int

    Returns
    -------
    numpy.ndarray of bool
        In the shape of ``with_totals(counts)``.

    Raises
    ------
    DisclosureRefused
        If the table is too large for what it gives away to be checked.

    Notes
    -----
    Entries are hidden one by one, the smallest that stands in a line with an
    exposed one first, until no small count is exposed. It ends, since a
    total by itself says nothing about a cell.

    Examples
    --------
    The 3 is small; without another hidden cell the total would give it back:

    >>> hidden_entries(np.array([3, 20, 9]), 5).tolist()
    [True, False, True, False]
    """
    if counts.size > LARGEST_TABLE:
        raise DisclosureRefused(
            f"The table has {counts.size} cells.",
            f"At most {LARGEST_TABLE}, so that what it gives away can be checked.",
            "Ask for fewer variables, or for coarser ones.",
        )
    entries = with_totals(counts)
    hidden = small(entries, smallest_cell)
    exposed = _exposed_in_list if counts.ndim == 1 else _exposed_in_table
    # Hiding more never exposes an entry again, so that each is looked at until it is safe.
    for place in map(tuple, np.argwhere(hidden)):
        hidden = _lines_closed(entries, hidden)
        while exposed(place, counts, hidden, smallest_cell):
            hidden[_next(place, entries, hidden)] = True
            hidden = _lines_closed(entries, hidden)
    return hidden


def _lines_closed(entries: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Hide a second entry in every line (with its total) that hides exactly one."""
    hidden = hidden.copy()
    lines: list[tuple[int | slice, ...]] = [(slice(None),)]
    if entries.ndim == 2:
        rows, columns = entries.shape
        lines = [(row, slice(None)) for row in range(rows)]
        lines += [(slice(None), column) for column in range(columns)]
    while alone := [line for line in lines if hidden[line].sum() == 1]:
        hidden[alone[0]] |= _smallest_shown(entries[alone[0]], hidden[alone[0]])
    return hidden


def _smallest_shown(line: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """The smallest entry that is shown, those above 0 first and totals last."""
    cost = line.astype(float) + np.where(line == 0, line.sum() + 1.0, 0.0)
    cost[-1] = 2 * line.sum() + 2.0
    chosen = np.zeros(line.shape, dtype=bool)
    chosen[int(np.argmin(np.where(hidden, np.inf, cost)))] = True
    return chosen


def _next(place: tuple[int, ...], entries: np.ndarray, hidden: np.ndarray) -> tuple[int, ...]:
    """The entry to hide for an exposed one: nearby first, above 0 first, smallest first."""
    index = np.indices(entries.shape)
    near = np.zeros(entries.shape, dtype=bool)
    total = np.zeros(entries.shape, dtype=bool)
    for axis, at in enumerate(place):
        near |= index[axis] == at
        total |= index[axis] == entries.shape[axis] - 1
    largest = float(entries.max()) + 1
    cost = entries + largest * (2.0 * ~near + 4.0 * (entries == 0) + 8.0 * total)
    return np.unravel_index(int(np.argmin(np.where(hidden, np.inf, cost))), entries.shape)


def _exposed_in_list(
    place: tuple[int, ...], counts: np.ndarray, hidden: np.ndarray, smallest_cell: int
) -> bool:
    """As `_exposed_in_table`, for a list: only a shown total holds its hidden counts."""
    together = counts[hidden[:-1]]
    return not hidden[-1] and (len(together) < 2 or together.sum() < smallest_cell)


def _exposed_in_table(
    place: tuple[int, ...], counts: np.ndarray, hidden: np.ndarray, smallest_cell: int
) -> bool:
    """Whether the shown entries leave a hidden one no room from 0 to the smallest cell."""
    from scipy.optimize import linprog

    cells = np.eye(counts.size, dtype=float).reshape(*counts.shape, counts.size)
    parts = np.stack([with_totals(cells[..., c]) for c in range(counts.size)], axis=-1)
    free = hidden[tuple(slice(size) for size in counts.shape)].ravel()
    target = parts[place][free]
    if not free.any() or not target.any():
        return True
    known = parts[~hidden]
    equations, unique = np.unique(known[:, free], axis=0, return_index=True)
    values = (known @ counts.ravel() - known[:, ~free] @ counts.ravel()[~free])[unique]
    offset = parts[place][~free] @ counts.ravel()[~free]
    for sign, limit in ((1, _SLACK), (-1, -(smallest_cell - _SLACK))):
        found = linprog(sign * target, A_eq=equations, b_eq=values, method="highs")
        if found.status == 3:  # unbounded: no shown entry holds it
            continue
        if found.status != 0 or found.fun + sign * offset > limit:
            return True
    return False
