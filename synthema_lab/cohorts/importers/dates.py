"""How long before or after an index date did something happen?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.filling import Filling
from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.cohorts.importers.ucum import convert
from synthema_lab.dictionary import Variable


def read_dates(
    column: pd.Series,
    index: pd.Series | None,
    filling: Filling,
    variable: Variable,
    notes: Notes,
) -> pd.Series:
    """The time since an index date in the variable's unit, or the year of a date.

    Parameters
    ----------
    column : Series
        Dates, as text in ``filling.date_format`` or as timestamps.
    index : Series or None
        The index dates; None where the year is asked for.
    filling : Filling
    variable : Variable
        A number; completed steps of its resolution are counted, whole units
        where it is an integer.
    notes : Notes
        Is told of cells that are no date, of dates in the future, and of events
        before the index date.

    Returns
    -------
    Series of float64, NaN where a date is missing or is none

    Examples
    --------
    >>> day = Variable("os_days", "Survival", "integer", unit="d", range=(0, 7000))
    >>> seen, diagnosed = pd.Series(["2020-03-01"]), pd.Series(["2020-02-01"])
    >>> filling = Filling("os_days", ("seen",), since="diagnosed")
    >>> read_dates(seen, diagnosed, filling, day, Notes()).tolist()
    [29.0]
    """
    name = variable.name
    dates = _parsed(column, filling.date_format, name, "its date", notes)
    if index is None:
        return pd.Series(dates.dt.year.to_numpy(dtype=np.float64, na_value=np.nan))
    start = _parsed(index, filling.date_format, name, "its index date", notes)
    days = ((dates - start) / np.timedelta64(1, "D")).to_numpy(dtype=np.float64, na_value=np.nan)
    days = np.floor(days)
    before = days < 0
    message = f"{name} is before the index date {filling.since}."
    if variable.range is not None and variable.range[0] < 0:
        notes.warn("before_index_date", name, before, message)
    else:
        notes.error("before_index_date", name, before, message)
    spans = convert(days, "d", variable)
    step = 1.0 if variable.type == "integer" else variable.resolution
    if step is not None:  # completed steps, as age is counted
        spans = np.round(np.floor(spans / step + 1e-9) * step, 10)
    return pd.Series(spans)


def _parsed(column: pd.Series, date_format: str, name: str, what: str, notes: Notes) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        dates = column.reset_index(drop=True)
        if dates.dt.tz is not None:
            dates = dates.dt.tz_localize(None)
    else:
        texts = column.astype(object).where(column.notna(), None)
        texts = texts.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
        spelt = texts.map(lambda cell: None if cell is None else str(cell))
        dates = pd.to_datetime(spelt, format=date_format, errors="coerce").reset_index(drop=True)
    bad = dates.isna().to_numpy() & column.notna().to_numpy()
    notes.error("not_a_date", name, bad, f"{what} of {name} is no date written {date_format}.")
    future = (dates > pd.Timestamp.now()).to_numpy()
    notes.error("date_in_future", name, future, f"{what} of {name} is in the future.")
    return dates
