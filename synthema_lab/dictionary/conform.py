"""How is a raw table brought into the dictionary's types, or refused?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from synthema_lab.dictionary.columns import read_numbers, read_texts, row_numbers
from synthema_lab.dictionary.evaluate import Rows, evaluate
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.names import refuse_bad_columns
from synthema_lab.dictionary.values import Text, as_number
from synthema_lab.dictionary.variable import UNMODELLED, Variable
from synthema_lab.errors import DataMismatch

LARGEST_INTEGER = 2.0**53


def conform(table: pd.DataFrame, variables: Mapping[str, Variable]) -> pd.DataFrame:
    """The table with the dictionary's types, its columns in the dictionary's order.

    Numbers become float64, integers and booleans Int64, categories pandas
    categoricals over the dictionary's codes, identifiers and texts strings. Limits,
    rules and missingness are not looked at: that is what a check is for.

    Raises
    ------
    DataMismatch
        If a column is unknown or occurs twice, or if a cell cannot be read as
        its variable's type. The message gives columns, rows and counts only.
    """
    refuse_bad_columns(table, variables)
    columns = {
        name: _column(table[name], variable)
        for name, variable in variables.items()
        if name in table.columns
    }
    return pd.DataFrame(columns, index=table.index)


def _column(column: pd.Series, variable: Variable) -> pd.Series:
    if variable.type == "category":
        texts = read_texts(column, variable.categories)
        _refuse(texts.unknown, variable, f"Only these codes are allowed: {variable.allowed}.")
        return pd.Series(
            pd.Categorical.from_codes(texts.codes, categories=list(variable.categories)),
            index=column.index,
        )
    if variable.type in UNMODELLED:
        texts = read_texts(column)
        cells = np.array([*texts.labels, pd.NA], dtype=object)[texts.codes]
        return pd.Series(cells, index=column.index, dtype="string")
    numbers = read_numbers(column)
    _refuse(numbers.unreadable, variable, f"{variable.label} is a finite number.")
    values = numbers.values
    if variable.type == "number":
        return pd.Series(values, index=column.index, dtype="float64")
    present = ~np.isnan(values)
    if variable.type == "boolean":
        _refuse(present & (values != 0) & (values != 1), variable, "It is written 0 or 1.")
    else:
        bad = present & not_whole(values)
        _refuse(bad, variable, f"{variable.label} is a whole number.")
    return as_integers(values, column.index)


def as_integers(values: np.ndarray, index: pd.Index) -> pd.Series:
    """Whole numbers with NaN as a nullable integer column."""
    missing = np.isnan(values)
    whole = np.where(missing, 0, values).astype(np.int64)
    return pd.Series(pd.arrays.IntegerArray(whole, missing), index=index)


def not_whole(values: np.ndarray) -> np.ndarray:
    """Where a present value has decimals or is too large to be exact."""
    filled = np.where(np.isnan(values), 0, values)
    return (filled != np.floor(filled)) | (np.abs(filled) > LARGEST_INTEGER)


def _refuse(bad: np.ndarray, variable: Variable, expected: str) -> None:
    count = int(bad.sum())
    if count:
        shown = ", ".join(map(str, row_numbers(bad, 10))) + (", ..." if count > 10 else "")
        raise DataMismatch(
            f"{variable.name} cannot be read in {count} row{'s' if count > 1 else ''}: {shown}.",
            expected,
            "Correct these data rows (counted from 1 below the header), or see all that is "
            "wrong with dictionary.check(table).",
        )


def derive(
    table: pd.DataFrame,
    variables: Mapping[str, Variable],
    derivations: Mapping[str, Expression],
    order: Iterable[str],
) -> pd.DataFrame:
    """The conformed table with every derived variable whose inputs are present recomputed.

    A derived variable whose inputs are absent is left as it is.
    """
    patients = conform(table, variables)
    for name in order:
        if not derivations[name].inputs <= set(patients.columns):
            continue
        others = patients.drop(columns=[name], errors="ignore")
        patients[name] = derived_column(Rows(others, variables, derivations), variables[name])
    return patients[[name for name in variables if name in patients.columns]]


def derived_column(rows: Rows, variable: Variable) -> pd.Series:
    """A derived variable's values in its own type, rounded to its resolution or to integers."""
    value = evaluate(rows.derivations[variable.name], rows)
    index, size = rows.table.index, len(rows)
    if variable.type == "category":
        assert isinstance(value, Text)  # the dictionary was refused otherwise
        codes = value.recoded(tuple(variable.categories))
        codes = np.broadcast_to(codes, (size,))
        categories = list(variable.categories)
        return pd.Series(pd.Categorical.from_codes(codes, categories=categories), index=index)
    values = np.broadcast_to(as_number(value).values, (size,))
    if variable.type == "number":
        if variable.resolution:  # more digits than are recorded would mark a row
            values = np.round(np.round(values / variable.resolution) * variable.resolution, 9)
        return pd.Series(values.copy(), index=index, dtype="float64")
    rounded = np.rint(values)
    return as_integers(np.where(np.abs(rounded) > LARGEST_INTEGER, np.nan, rounded), index)
