"""Is a decimal comma written where a decimal point is due?"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.variable import Variable

_COMMA = re.compile(r"\s*[+-]?(\d+|\d{1,3}([. ]\d{3})+)?,\d+([eE][+-]?\d+)?\s*")


def has_decimal_comma(cell: object) -> bool:
    """Whether a cell spells a number with a comma in it.

    Examples
    --------
    >>> has_decimal_comma("7,9"), has_decimal_comma("1.234,5"), has_decimal_comma("7.9")
    (True, True, False)
    """
    return isinstance(cell, str) and bool(_COMMA.fullmatch(cell))


def decimal_commas(
    variable: Variable, column: pd.Series, unreadable: np.ndarray
) -> tuple[np.ndarray, list[Finding]]:
    """Decimal commas among the cells of a numeric column that are no numbers.

    Returns
    -------
    commas : ndarray of bool, shape (rows,)
    findings : list of Finding
    """
    commas = np.zeros(len(column), dtype=bool)
    for at in np.flatnonzero(unreadable):
        commas[at] = has_decimal_comma(column.iat[at])
    message = f"{variable.name} is written with a decimal comma; a decimal point is due."
    return commas, list(where_true("decimal_comma", variable.name, commas, message))
