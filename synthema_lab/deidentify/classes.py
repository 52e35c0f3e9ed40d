"""Which patients look alike on their quasi-identifiers?

Values become integer codes and codes of several columns one joint code, so that
100,000 patients are grouped in milliseconds. A missing value is a value of its
own: a patient without an age looks like the others without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import did_you_mean
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True, eq=False)
class EquivalenceClasses:
    """Patients grouped by what an intruder may know about them.

    Attributes
    ----------
    of_row : ndarray of int64, shape (rows,)
        The class of each row, 0 to ``classes - 1``.
    sizes : ndarray of int64, shape (classes,)
        Rows in each class.
    """

    of_row: np.ndarray = field(repr=False)
    sizes: np.ndarray = field(repr=False)

    @property
    def row_sizes(self) -> np.ndarray:
        """For each row, how many rows share its class, itself included."""
        return self.sizes[self.of_row]

    @property
    def smallest(self) -> int:
        """k: rows in the smallest class; 0 for a table without rows."""
        return int(self.sizes.min()) if self.sizes.size else 0

    def __str__(self) -> str:
        return f"{len(self.of_row)} rows in {self.sizes.size} classes, the smallest {self.smallest}"


def value_codes(column: pd.Series) -> np.ndarray:
    """The column as integer codes from 0; missing values share one code of their own.

    Examples
    --------
    >>> value_codes(pd.Series(["F", None, "M", "F"])).tolist()
    [0, 2, 1, 0]
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, width = column.cat.codes.to_numpy().astype(np.int64), len(column.cat.categories)
    else:
        codes, distinct = pd.factorize(column)
        width = len(distinct)
    return np.where(codes < 0, width, codes).astype(np.int64)


def joint_codes(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """One code from 0 for each combination of codes that occurs.

    Parameters
    ----------
    columns : sequence of ndarray of int64, each of shape (rows,)
        Codes from 0. None at all puts every row in one class.
    rows : int
    """
    joined = np.zeros(rows, dtype=np.int64)
    width = 1
    for codes in columns:
        here = int(codes.max()) + 1 if rows else 1
        if width * here >= 2**62:
            joined = pd.factorize(joined)[0]
            width = int(joined.max()) + 1
        joined = joined * here + codes
        width *= here
    return pd.factorize(joined)[0]


def group(columns: Sequence[np.ndarray], rows: int) -> EquivalenceClasses:
    """Classes from columns of codes."""
    of_row = joint_codes(columns, rows)
    return EquivalenceClasses(of_row, np.bincount(of_row) if rows else np.zeros(0, np.int64))


def equivalence_classes(
    patients: pd.DataFrame, quasi_identifiers: Sequence[str]
) -> EquivalenceClasses:
    """Group patients who share every quasi-identifier.

    Parameters
    ----------
    patients : DataFrame
    quasi_identifiers : sequence of str
        Columns; without any, all patients form one class.

    Raises
    ------
    ArgumentRefused
        If a column is absent.

    Examples
    --------
    >>> patients = pd.DataFrame({"sex": ["F", "F", "M"], "age": [40, 40, 61]})
    >>> print(equivalence_classes(patients, ["sex", "age"]))
    3 rows in 2 classes, the smallest 1
    """
    require_columns(patients, quasi_identifiers)
    return group([value_codes(patients[name]) for name in quasi_identifiers], len(patients))


def subsets(names: Sequence[str], largest: int) -> list[tuple[str, ...]]:
    """All sets of 1 to `largest` names, small ones first.

    Examples
    --------
    >>> subsets(["age", "sex"], 2)
    [('age',), ('sex',), ('age', 'sex')]
    """
    sizes = range(1, min(largest, len(names)) + 1)
    return [chosen for size in sizes for chosen in combinations(names, size)]


def require_columns(patients: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse names that are no column, with the nearest one that is."""
    for name in names:
        if name not in patients.columns:
            raise ArgumentRefused(
                f"There is no column {str(name)[:60]!r} to measure.",
                "Columns of the table.",
                did_you_mean(str(name), [str(column) for column in patients.columns]),
            )
