"""Which groups does a variable of the dictionary form?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...dictionary import Variable
from ...errors import ArgumentRefused


def levels(variable: Variable) -> tuple[str, ...]:
    """The groups of a category or a boolean, in the dictionary's order.

    Raises
    ------
    ArgumentRefused
        If it is neither.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> levels(DataDictionary.load("leuksurv").variables.sex)
    ('F', 'M')
    """
    if variable.type == "boolean":
        return ("0", "1")
    if variable.type != "category":
        raise ArgumentRefused(
            f"{variable.name} does not form groups: it is a {variable.type}.",
            "A category or a boolean.",
            "Use a grouped variable, such as age_group for age_years.",
        )
    return tuple(variable.categories)


def numeric(variable: Variable) -> Variable:
    """The variable itself if it is counted or measured.

    Raises
    ------
    ArgumentRefused
        If it is not.
    """
    if not variable.numeric:
        raise ArgumentRefused(
            f"{variable.name} is a {variable.type}.",
            "A number or an integer.",
            f"Count it instead: contingency(consortium, ['{variable.name}']).",
        )
    return variable


def codes(patients: pd.DataFrame, names: Sequence[str], sizes: Sequence[int]) -> np.ndarray:
    """Each patient's cell in the table over `names`, in C order; 0 where there are no names.

    Parameters
    ----------
    patients : DataFrame
        Complete: categoricals over the dictionary's codes, booleans as 0 and 1.
    names : sequence of str
    sizes : sequence of int
        Number of levels of each.

    Returns
    -------
    numpy.ndarray of int64, shape (patients,)

    Examples
    --------
    >>> codes(pd.DataFrame({"a": [0, 1, 1], "b": [0, 0, 1]}), ["a", "b"], [2, 2]).tolist()
    [0, 2, 3]
    """
    cell = np.zeros(len(patients), dtype=np.int64)
    for name, size in zip(names, sizes, strict=True):
        column = patients[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            column = column.cat.codes
        cell = cell * size + column.to_numpy(dtype=np.int64)
    return cell
