"""What can be said of one synthetic row and of no other, and of hardly any patient?

Who is told that one patient fits can always find a predicate that one person in a
table meets; it proves a leak only where hardly anybody should meet it (Cohen and
Nissim 2020). How many should is guessed from the synthetic table alone: for a value
from how near its neighbours lie, for traits together as if they were independent.
"""

from __future__ import annotations

import numpy as np

from .columns import Columns

TRIES = 20
LARGEST = 8
NARROW = 0.2
"""Training patients who should meet a predicate by chance, at most."""
Clause = tuple[int, str, float]
"""Position of a variable, how its value is compared ("=", "<=", ">="), and with what."""
Predicate = tuple[Clause, ...]


def of_one_value(
    synthetic: Columns, members: int, most: int, fewest: int, rng: np.random.Generator
) -> list[Predicate]:
    """Values that one row has, apart from others, and what lies beyond the ends.

    Parameters
    ----------
    synthetic : Columns
    members : int
        Patients whom the attacker takes to be learnt from.
    most, fewest : int
        Predicates written at most; of fewer narrow ones, wider ones are taken too.
    rng : Generator

    Returns
    -------
    list of tuple of Clause
        Each is met by one synthetic row.
    """
    clauses: list[Clause] = []
    expected: list[float] = []
    for place, column in enumerate(synthetic.matrix().T):
        known = column[np.isfinite(column)]
        if len(column) - len(known) == 1:
            clauses.append((place, "=", np.nan))
        values, count = np.unique(known, return_counts=True)
        once = count == 1
        numeric = place < len(synthetic.numeric) and len(values) > 1
        if numeric:
            clauses += [(place, "<=", values[0])] * int(once[0])
            clauses += [(place, ">=", values[-1])] * int(once[-1])
        expected += [0.0] * (len(clauses) - len(expected))
        clauses += [(place, "=", value) for value in values[once]]
        near = _nearby(values, count) if numeric else np.ones(len(values))
        expected += (near[once] * members / len(column)).tolist()
    narrow = np.flatnonzero(np.array(expected) <= NARROW)
    kept = narrow if len(narrow) >= fewest else np.arange(len(clauses))
    return [(clauses[number],) for number in rng.permutation(kept)[:most]]


def _nearby(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Rows that each value should have were those of its neighbours spread evenly between them."""
    gaps = np.diff(values)
    rows = np.r_[0, count[:-1]] + np.r_[count[1:], 0]
    return gaps.min() * rows / (np.r_[0, gaps] + np.r_[gaps, 0])


def of_several_traits(
    synthetic: Columns, members: int, most: int, fewest: int, rng: np.random.Generator
) -> list[Predicate]:
    """Traits of a row that no other has together, and few should were traits independent.

    Numbers are compared towards the nearer tail. Parameters and result as in `of_one_value`.
    """
    matrix = synthetic.matrix()
    rows, count = matrix.shape
    if count < 2:
        return []
    traits = [_traits(column, place < len(synthetic.numeric)) for place, column in
              enumerate(matrix.T)]  # fmt: skip
    share = np.log(np.column_stack([shares for _, shares in traits]))
    tries = TRIES * most
    row, size = rng.integers(rows, size=tries), rng.integers(2, min(LARGEST, count) + 1, tries)
    order = rng.random((tries, count)).argsort(axis=1)
    taken = np.arange(count) < size[:, None]
    weight = np.where(taken, share[row[:, None], order], 0.0).sum(axis=1)
    for limit in (np.log(NARROW / members), 0.0):
        found: dict[Predicate, None] = {}
        for one in np.flatnonzero(weight <= limit):
            places = np.sort(order[one][taken[one]]).tolist()
            clauses = tuple(
                (place, str(traits[place][0][row[one]]), float(matrix[row[one], place]))
                for place in places
            )
            if meets(matrix, clauses).sum() == 1:
                found[clauses] = None
                if len(found) == most:
                    break
        if len(found) >= fewest:
            break
    return list(found)


def _traits(column: np.ndarray, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
    """How each row's value is compared, numbers towards the nearer tail, and who has as much."""
    rows, gap = len(column), np.isnan(column)
    known = np.sort(column[~gap])
    below = np.searchsorted(known, column, "left")
    upto = np.searchsorted(known, column, "right")
    if not numeric or not len(known):
        how, met = np.full(rows, "="), upto - below
    else:
        upper = column >= np.median(known)
        how, met = np.where(upper, ">=", "<="), np.where(upper, len(known) - below, upto)
    return np.where(gap, "=", how), np.where(gap, gap.sum(), met) / rows


def meets(matrix: np.ndarray, clauses: Predicate) -> np.ndarray:
    """Which rows meet a predicate; shape (rows,).

    Examples
    --------
    >>> meets(np.array([[1.0, 5.0], [2.0, np.nan]]), ((0, ">=", 1.0), (1, "=", np.nan))).tolist()
    [False, True]
    """
    met = np.ones(len(matrix), dtype=bool)
    for place, how, value in clauses:
        column = matrix[:, place]
        if np.isnan(value):
            met &= np.isnan(column)
        elif how == "=":
            met &= column == value
        else:
            met &= column <= value if how == "<=" else column >= value
    return met
