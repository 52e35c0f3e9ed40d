"""What does a raw column hold, read as the dictionary declares it?

Nothing here raises on bad data and nothing here prints: a cell that cannot be
read is marked, and the caller says so with a row number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Number as AnyNumber

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes
    ----------
    values : ndarray of float64, shape (rows,)
        NaN where missing or unreadable.
    missing, unreadable : ndarray of bool, shape (rows,)
        Cells that are empty, and cells that hold something that is no finite number.
    """

    values: np.ndarray
    missing: np.ndarray
    unreadable: np.ndarray


@dataclass(frozen=True)
class Texts:
    """A column read as text.

    Attributes
    ----------
    codes : ndarray of int64, shape (rows,)
        Position in `labels`; -1 where missing, -2 where the text is no known label.
    labels : tuple of str
        The texts that occur, or the known ones.
    """

    codes: np.ndarray
    labels: tuple[str, ...]

    @property
    def missing(self) -> np.ndarray:
        """Cells that are empty."""
        return self.codes == -1

    @property
    def unknown(self) -> np.ndarray:
        """Cells whose text is no known label."""
        return self.codes == -2


def read_numbers(column: pd.Series) -> Numbers:
    """Read a column as finite numbers; text that spells a number counts.

    Examples
    --------
    >>> read_numbers(pd.Series(["1.5", None, "n/k"])).unreadable.tolist()
    [False, False, True]
    """
    missing = column.isna().to_numpy(dtype=bool)
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        column = column.astype(object)
        kind = column.dtype
    if pd.api.types.is_bool_dtype(kind) or (
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    ):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind):
        values, missing = _numbers_from_objects(column.to_numpy(dtype=object), missing)
    else:  # dates, durations, intervals, complex numbers
        values = np.full(len(column), np.nan)
    finite = np.isfinite(values)
    values = np.where(finite, values, np.nan)
    return Numbers(values, missing, ~missing & ~finite)


def _numbers_from_objects(cells: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if pd.api.types.infer_dtype(cells, skipna=True) in ("floating", "boolean"):
        return np.where(missing, np.nan, cells).astype(np.float64), missing
    positions, distinct = _factorized(cells)
    parsed = np.array([_number(cell) for cell in distinct] + [np.nan], dtype=np.float64)
    blank = np.array([_blank(cell) for cell in distinct] + [False], dtype=bool)
    return parsed[positions], missing | blank[positions]


def _number(cell: object) -> float:
    """The number a cell spells, or NaN; never raises."""
    if isinstance(cell, str):
        cell = cell.strip()
        if not cell.isascii() or "_" in cell:
            return math.nan
    elif not isinstance(cell, (AnyNumber, Decimal, np.bool_)) or isinstance(cell, complex):
        return math.nan
    try:
        return float(cell)
    except (ValueError, TypeError, OverflowError, ArithmeticError):
        return math.nan


def _blank(cell: object) -> bool:
    return isinstance(cell, str) and not cell.strip()


def read_texts(column: pd.Series, known: Iterable[str] | None = None) -> Texts:
    """Read a column as text; whole numbers are written without decimals.

    Parameters
    ----------
    column : Series
        A raw column.
    known : iterable of str, optional
        The dictionary's codes. A text outside them gets code -2.

    Examples
    --------
    >>> read_texts(pd.Series([1.0, None, 7.0]), known=["1", "2"]).codes.tolist()
    [0, -1, -2]
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        positions = column.cat.codes.to_numpy()
        distinct = column.cat.categories.to_numpy(dtype=object)
    else:
        positions, distinct = _factorized(column.to_numpy(dtype=object, na_value=None))
    texts = [_text(cell) for cell in distinct]
    if known is None:
        labels: list[str] = []
        place: dict[str, int] = {}
        for text in texts:
            if text is not None and text not in place:
                place[text] = len(labels)
                labels.append(text)
    else:
        labels = list(known)
        place = {label: at for at, label in enumerate(labels)}
    codes = [-1 if text is None else place.get(text, -2) for text in texts]
    lookup = np.array([*codes, -1], dtype=np.int64)
    return Texts(lookup[positions], tuple(labels))


def _factorized(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of each cell among the distinct ones; -1 where missing."""
    odd = [at for at, cell in enumerate(cells) if not _hashable(cell)]
    if odd:
        cells = cells.copy()
        for at in odd:
            cells[at] = _Unhashable(_spelt(cells[at]))
    return pd.factorize(cells)


@dataclass(frozen=True)
class _Unhashable:
    """Stands for a list, a dict or the like, which is never a number."""

    text: str

    def __str__(self) -> str:
        return self.text


def _hashable(cell: object) -> bool:
    try:
        hash(cell)
    except TypeError:
        return False
    return True


def _text(cell: object) -> str | None:
    if isinstance(cell, str):
        return cell if cell.strip() else None
    if isinstance(cell, (float, np.floating)):
        number = float(cell)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    return _spelt(cell)


def _spelt(cell: object) -> str:
    try:
        return str(cell)
    except (ValueError, RecursionError):  # such as an integer of thousands of digits
        return f"unreadable {type(cell).__name__}"


def row_numbers(mask: np.ndarray, keep: int = 20) -> tuple[int, ...]:
    """The first data rows, counted from 1, where `mask` is true."""
    return tuple(int(row) + 1 for row in np.flatnonzero(mask)[:keep])
