"""Does a date stand where a number is due, or an event in the future or before diagnosis?"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.variable import Variable

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary

# 2020-01-31, 2020/01/31, 31.01.2020, 31/1/20, each also with a time of day behind it.
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"\s*(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}\s*")
_DAY_FIRST = re.compile(rf"\s*(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}|\d{{2}}){_TIME}\s*")
_DURATIONS = ("d", "wk", "mo")
_DUE = {"d": "days since diagnosis", "mo": "months", "wk": "weeks", "a": "years"}


def is_date(cell: object) -> bool:
    """Whether a cell spells a calendar date, day first or year first.

    Examples
    --------
    >>> is_date("2021-02-28"), is_date("28.2.2021"), is_date("1.5"), is_date("99.99.2021")
    (True, True, False, False)
    """
    return _year(cell) is not None


def _year(cell: object) -> int | None:
    if isinstance(cell, datetime.date | np.datetime64 | pd.Timestamp):
        moment = pd.Timestamp(cell) if not isinstance(cell, datetime.date) else cell
        return None if moment is pd.NaT else moment.year
    if not isinstance(cell, str) or not cell.isascii() or len(cell) > 40:
        return None
    found = _ISO.fullmatch(cell)
    if found:
        year, month, day = map(int, found.groups())
    else:
        found = _DAY_FIRST.fullmatch(cell)
        if not found:
            return None
        day, month, year = map(int, found.groups())
        if month > 12:  # written month first
            day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return year if year > 99 else year + (1900 if year > 50 else 2000)


def dates_for_numbers(
    variable: Variable, column: pd.Series, unreadable: np.ndarray, today: datetime.date
) -> tuple[np.ndarray, list[Finding]]:
    """Dates among the cells of a numeric column that are no numbers.

    Returns
    -------
    dates : ndarray of bool, shape (rows,)
    findings : list of Finding
    """
    years = np.full(len(column), -1, dtype=np.int64)
    for at in np.flatnonzero(unreadable):
        years[at] = _year(column.iat[at]) or -1
    dates = years >= 0
    if not dates.any():
        return dates, []
    due = _DUE.get(variable.unit or "", "a number")
    held = f"{variable.name} holds dates; {due} {'is' if due == 'a number' else 'are'} due."
    ahead = f"{variable.name} holds dates in the future."
    return dates, [
        *where_true("date_for_a_number", variable.name, dates, held),
        *where_true("in_the_future", variable.name, years > today.year, ahead),
    ]


def years_ahead(cells: Cells, today: datetime.date) -> Iterator[Finding]:
    """Years of birth, diagnosis or visit that have not come yet."""
    for variable in cells.declared:
        name = variable.name
        if variable.type == "integer" and (name == "year" or name.endswith("_year")):
            ahead = cells.numbers(name).values > today.year
            yield from where_true("in_the_future", name, ahead, f"{name} lies in the future.")


def counts_from_diagnosis(dictionary: DataDictionary, variable: Variable) -> bool:
    """Whether a number is a time that starts at diagnosis and so is never negative.

    It is the survival time, or a time in days, weeks or months whose limits start
    at 0 or above and whose name does not say that it is an age.
    """
    if not variable.numeric or variable.range is None or variable.range[0] < 0:
        return False
    if dictionary.survival is not None and variable.name == dictionary.survival.time:
        return True
    return variable.unit in _DURATIONS and not variable.name.startswith("age")
