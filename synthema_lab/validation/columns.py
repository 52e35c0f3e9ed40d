"""How does a table become the arrays that every measure reads?

Numbers and integers become floats, categories and booleans become codes in
the dictionary's order, and a missing value stays missing. Identifiers and the
centre are left out; derived variables are recomputed, never trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, Variable

MISSING = -1


@dataclass(frozen=True, repr=False)
class Columns:
    """One table as arrays.

    Parameters
    ----------
    rows : int
        Number of patients.
    numeric : Mapping[str, ndarray of float, shape (rows,)]
        Numbers and integers; not a number where missing.
    coded : Mapping[str, ndarray of int, shape (rows,)]
        Position in the dictionary's categories; -1 where missing.
    levels : Mapping[str, tuple of str]
        The categories of each coded variable.
    time, event : ndarray of float or None
        Survival time and event (1 observed, 0 censored).
    risk_group : ndarray of int or None
        Code of the risk group; -1 where missing.
    table : DataFrame
        The conformed and derived table, for rules.
    role : {"train", "holdout", "floor", "candidate"}
        What the table stands for in a comparison.
    """

    rows: int
    numeric: Mapping[str, np.ndarray]
    coded: Mapping[str, np.ndarray]
    levels: Mapping[str, tuple[str, ...]]
    time: np.ndarray | None
    event: np.ndarray | None
    risk_group: np.ndarray | None
    risk_levels: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)
    role: str = "candidate"

    def __repr__(self) -> str:
        return f"Columns(rows={self.rows}, variables={len(self.variables)})"

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the modelled variables, numbers first."""
        return (*self.numeric, *self.coded)

    @property
    def has_survival(self) -> bool:
        """Whether both survival time and event are there."""
        return self.time is not None and self.event is not None

    def missing(self, name: str) -> np.ndarray:
        """Which patients lack a value of a modelled variable."""
        if name in self.numeric:
            return np.isnan(self.numeric[name])
        return self.coded[name] == MISSING

    def matrix(self) -> np.ndarray:
        """All modelled variables as floats, shape (rows, variables); missing is not a number."""
        parts = [values for values in self.numeric.values()]
        parts += [np.where(codes == MISSING, np.nan, codes) for codes in self.coded.values()]
        return np.column_stack(parts).astype(float) if parts else np.empty((self.rows, 0))

    def take(self, rows: np.ndarray) -> Columns:
        """The same table with only these rows (positions or a mask)."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
        pick = {name: values[rows] for name, values in self.numeric.items()}
        codes = {name: values[rows] for name, values in self.coded.items()}
        some = [None if v is None else v[rows] for v in (self.time, self.event, self.risk_group)]
        return Columns(
            len(rows),
            pick,
            codes,
            self.levels,
            *some,
            self.risk_levels,
            self.table.iloc[rows],
            self.role,
        )


def read_columns(
    table: pd.DataFrame,
    dictionary: DataDictionary,
    variables: tuple[str, ...],
    role: str = "candidate",
) -> Columns:
    """Conform a table to its dictionary and split it into arrays.

    Parameters
    ----------
    table : DataFrame
        Raw or conformed.
    dictionary : DataDictionary
        Types, categories, survival and risk group.
    variables : tuple of str
        The modelled variables to read; all must be columns of the table.
    role : {"train", "holdout", "floor", "candidate"}
        What the table stands for.

    Raises
    ------
    DataMismatch
        When the table cannot be conformed (from the dictionary).
    """
    patients = dictionary.derive(dictionary.conform(table)).reset_index(drop=True)
    numeric, coded, levels = {}, {}, {}
    for name in variables:
        if dictionary.variables[name].type in ("number", "integer"):
            numeric[name] = _floats(patients[name]) + 0.0
        else:
            coded[name], levels[name] = _codes(patients[name], dictionary, name)
    time = event = None
    survival = dictionary.survival
    if survival is not None and {survival.time, survival.event} <= set(patients.columns):
        time, event = _floats(patients[survival.time]), _floats(patients[survival.event])
        known = np.isfinite(time) & np.isfinite(event)
        time, event = np.where(known, time, np.nan), np.where(known, event, np.nan)
    risk_group, risk_levels = None, ()
    if dictionary.risk_group is not None and dictionary.risk_group in patients.columns:
        risk_group, risk_levels = _codes(
            patients[dictionary.risk_group], dictionary, dictionary.risk_group
        )
    return Columns(
        len(patients),
        numeric,
        coded,
        levels,
        time,
        event,
        risk_group,
        risk_levels,
        patients,
        role,
    )


def level_names(variable: Variable, levels: Sequence[str]) -> list[str]:
    """The levels of a coded variable as people read them."""
    labels = variable.categories or {"0": "no", "1": "yes"}
    return [str(labels.get(code, code)) for code in levels]


def groups_of_copies(*matrices: np.ndarray) -> list[np.ndarray]:
    """Give the same number to identical rows, within and between tables.

    Parameters
    ----------
    *matrices : ndarray of float, shape (rows, variables)
        Tables with the same columns; missing equals missing.

    Returns
    -------
    list of ndarray of int
        One array of group numbers a table.

    Examples
    --------
    >>> a, b = groups_of_copies(np.array([[1.0], [2.0]]), np.array([[2.0]]))
    >>> bool(a[1] == b[0]), bool(a[0] == b[0])
    (True, False)
    """
    stacked = np.vstack(matrices)
    stacked = np.where(np.isnan(stacked), -np.inf, stacked + 0.0)
    if stacked.shape[1] == 0:
        number = np.zeros(len(stacked), dtype=int)
    else:
        number = np.unique(stacked, axis=0, return_inverse=True)[1].reshape(-1)
    return np.split(number, np.cumsum([len(matrix) for matrix in matrices])[:-1])


def _floats(values: pd.Series) -> np.ndarray:
    return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)


def _codes(
    values: pd.Series, dictionary: DataDictionary, name: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    levels = tuple(str(code) for code in dictionary.variables[name].categories)
    if dictionary.variables[name].type == "boolean":
        numbers = _floats(values)
        codes = np.where(np.isfinite(numbers), np.nan_to_num(numbers), MISSING).astype(int)
        return codes, levels if len(levels) == 2 else ("0", "1")
    as_text = values.astype("string")
    if not levels:
        levels = tuple(sorted(as_text.dropna().unique()))
    return pd.Categorical(as_text, categories=list(levels)).codes.astype(int), levels
