"""How is a table of patients kept as plain numbers, without pickled objects?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary


def to_numbers(patients: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Values as numbers, categories by their place in the dictionary.

    Parameters
    ----------
    patients : pandas.DataFrame
        Conformed.
    columns : sequence of str

    Returns
    -------
    numpy.ndarray of float64, shape (patients, columns)
        NaN where a value is missing.
    """
    numbers = np.empty((len(patients), len(columns)))
    for place, name in enumerate(columns):
        column = patients[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy().astype(float)
            numbers[:, place] = np.where(codes < 0, np.nan, codes)
        else:
            numbers[:, place] = column.to_numpy(dtype=float, na_value=np.nan)
    return numbers


def from_numbers(
    numbers: np.ndarray, columns: Sequence[str], dictionary: DataDictionary
) -> pd.DataFrame:
    """The conformed table of such numbers, derived variables recomputed.

    Parameters
    ----------
    numbers : numpy.ndarray, shape (rows, columns)
        As `to_numbers` gives them.
    columns : sequence of str
    dictionary : DataDictionary

    Raises
    ------
    IndexError
        If a number stands for no category.
    """
    read = {}
    for place, name in enumerate(columns):
        variable, values = dictionary.variables[name], numbers[:, place]
        if variable.type == "category":
            levels = np.array([*variable.categories, None], dtype=object)
            codes = np.where(np.isnan(values), len(levels) - 1, values).astype(int)
            read[name] = pd.Series(levels[codes], dtype=object)
        else:
            read[name] = pd.Series(values)
    return dictionary.derive(pd.DataFrame(read))


def within_limits(
    numbers: np.ndarray, columns: Sequence[str], dictionary: DataDictionary
) -> np.ndarray:
    """Where a value is one that the dictionary allows.

    Returns
    -------
    numpy.ndarray of bool, shape (rows, columns)
        Missing values count as allowed where the variable may be missing.
    """
    allowed = np.empty(numbers.shape, dtype=bool)
    for place, name in enumerate(columns):
        variable, values = dictionary.variables[name], numbers[:, place]
        if variable.type == "boolean":
            low, high = 0.0, 1.0
        elif variable.type == "category":
            low, high = 0.0, len(variable.categories) - 1.0
        else:
            low, high = variable.range or (-np.inf, np.inf)
        whole = variable.type == "number" or values == np.floor(values)
        inside = (values >= low) & (values <= high) & np.isfinite(values) & whole
        allowed[:, place] = inside | (np.isnan(values) & variable.missing)
    return allowed
