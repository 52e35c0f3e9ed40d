"""Where does a row lie among others, and how far apart are two?

A number counts by the share of the rows of a chosen table that are passed, so that
all variables have one unit; a category, or a gap on one side, is a step of 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .columns import MISSING, Columns

BLOCK, CELLS = 32, 8_000_000
"""Records that are compared at a time, and numbers that are held for it, at most."""


class Scale:
    """Places rows where a city-block step is a share of the rows of a table passed.

    Parameters
    ----------
    among : Columns

    Examples
    --------
    >>> table = Columns(2, {"age": np.array([60.0, 70.0])}, {}, {}, None, None, None, (),
    ...                 pd.DataFrame())
    >>> Scale(table).place(table).tolist()
    [[0.25, 0.0], [0.75, 0.0]]
    """

    def __init__(self, among: Columns) -> None:
        self._sorted = {
            name: np.sort(values[np.isfinite(values)]) for name, values in among.numeric.items()
        }

    def passed(self, name: str, values: np.ndarray) -> np.ndarray:
        """Share of the rows below each value, ties half; one half where it is missing."""
        known = self._sorted[name]
        twice = sum(np.searchsorted(known, values, side) for side in ("left", "right"))
        return np.where(np.isnan(values), 0.5, twice / 2 / max(1, len(known)))

    def place(self, columns: Columns) -> np.ndarray:
        """Rows as points, shape (rows, axes)."""
        parts = []
        for name, values in columns.numeric.items():
            gap = np.isnan(values).astype(float)
            parts += [self.passed(name, values)[:, None], gap[:, None]]
        for name, codes in columns.coded.items():
            parts.append(np.eye(len(columns.levels[name]) + 1)[codes - MISSING] / 2)
        return np.hstack(parts) if parts else np.zeros((columns.rows, 1))


def distances(
    records: Columns, others: Columns, scale: Columns
) -> Iterator[tuple[slice, np.ndarray]]:
    """Distance of records to other rows in each variable, some records at a time.

    Yields
    ------
    (slice, ndarray of float32, shape (variables, records of the slice, others))
        A number counts by the share of the rows of `scale` in between, a
        category or a gap on one side by 1.
    """
    among = Scale(scale)
    one, other = _placed(records, among), _placed(others, among)
    for rows in blocks(records.rows, others.rows * len(others.variables), BLOCK):
        apart = np.abs(one[0][:, rows, None] - other[0][:, None, :])
        apart += one[1][:, rows, None] != other[1][:, None, :]
        differs = one[2][:, rows, None] != other[2][:, None, :]
        yield rows, np.concatenate([apart, differs.astype(np.float32)])


def city_block(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """City-block distances of points, shape (rows of one, rows of the other).

    Examples
    --------
    >>> city_block(np.array([[0.0, 0.0]]), np.array([[1.0, 0.5], [0.0, 0.0]])).tolist()
    [[1.5, 0.0]]
    """
    from scipy.spatial.distance import cdist

    return cdist(one, other, "cityblock")


def blocks(rows: int, width: int, most: int) -> Iterator[slice]:
    """Rows some at a time, where each is compared with a given number of numbers.

    Examples
    --------
    >>> list(blocks(5, 10, 3)), len(list(blocks(5, CELLS, 3)))
    ([slice(0, 3, None), slice(3, 5, None)], 5)
    """
    step = max(1, min(most, CELLS // max(1, width)))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def _placed(columns: Columns, scale: Scale) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions and gaps of the numbers, codes of the rest; shapes (variables, rows)."""
    numbers, gaps = np.empty((2, len(columns.numeric), columns.rows), dtype=np.float32)
    for row, (name, values) in enumerate(columns.numeric.items()):
        gaps[row] = np.isnan(values)
        numbers[row] = scale.passed(name, values)
    codes = np.array([*columns.coded.values()], dtype=np.int32)
    return numbers, gaps, codes.reshape(len(columns.coded), columns.rows)


def stacked(one: Columns, other: Columns) -> Columns:
    """The rows of two tables, one after another; of the derived table nothing is kept."""
    rows = one.rows + other.rows
    return Columns(
        rows,
        {name: np.r_[values, other.numeric[name]] for name, values in one.numeric.items()},
        {name: np.r_[values, other.coded[name]] for name, values in one.coded.items()},
        one.levels, None, None, None, (), pd.DataFrame(index=range(rows)), one.role,
    )  # fmt: skip
