"""How does a date become something that does not place a patient in the calendar?

Days since an index date, completed years of age, or the year alone. Where a date
must stay a date, all dates of one patient move by the same secret number of days:
intervals are kept, the calendar is not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

ISO = "%Y-%m-%d"


def read_dates(column: pd.Series, layout: str = ISO) -> tuple[pd.Series, np.ndarray]:
    """The column as days, and where it holds something that is no date.

    Parameters
    ----------
    column : Series
        Texts in the layout, or dates.
    layout : str
        As ``strftime`` writes it; a time of day behind an ISO date is cut off.

    Returns
    -------
    dates : Series of datetime64
        Missing where empty or unreadable.
    unreadable : ndarray of bool, shape (rows,)

    Examples
    --------
    >>> dates, unreadable = read_dates(pd.Series(["2020-02-29", "", "soon"]))
    >>> dates.notna().tolist(), unreadable.tolist()
    ([True, False, False], [False, False, True])
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        known = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return known.dt.normalize(), np.zeros(len(column), dtype=bool)
    texts = column.astype("string").str.strip()
    empty = (texts.isna() | (texts == "")).to_numpy(dtype=bool)
    if layout == ISO:
        texts = texts.str.slice(0, 10)
    dates = pd.to_datetime(texts, format=layout, errors="coerce")
    return dates, dates.isna().to_numpy() & ~empty


def days_since(dates: pd.Series, index: pd.Series, at_least: int | None = None) -> pd.Series:
    """Days from the index date; missing where either is.

    Parameters
    ----------
    at_least : int, optional
        Days below it, yet on or after the index date, count as it: a death on the
        day of diagnosis as day 1. Dates before the index stay negative.
    """
    days = (dates - index).dt.days.to_numpy(dtype=np.float64, na_value=np.nan)
    if at_least is not None:
        days = np.where((days >= 0) & (days < at_least), float(at_least), days)
    return pd.Series(days, index=dates.index).astype("Int64")


def completed_years(birth: pd.Series, index: pd.Series) -> pd.Series:
    """Age in completed years at the index date.

    Examples
    --------
    >>> birth, _ = read_dates(pd.Series(["1960-06-15", "1960-06-16"]))
    >>> index, _ = read_dates(pd.Series(["2020-06-15", "2020-06-15"]))
    >>> completed_years(birth, index).tolist()
    [60, 59]
    """
    not_yet = (index.dt.month < birth.dt.month) | (
        (index.dt.month == birth.dt.month) & (index.dt.day < birth.dt.day)
    )
    years = index.dt.year - birth.dt.year - not_yet.astype(float)
    known = birth.notna() & index.notna()
    return years.where(known).astype("Int64")


def years_between(birth: pd.Series, index: pd.Series, step: float | None = None) -> pd.Series:
    """Age in years with decimals at the index date, in steps as the dictionary records it.

    Examples
    --------
    >>> birth, _ = read_dates(pd.Series(["2015-01-01"]))
    >>> index, _ = read_dates(pd.Series(["2020-07-02"]))
    >>> years_between(birth, index, 0.1).tolist()
    [5.5]
    """
    years = (index - birth).dt.days.to_numpy(dtype=np.float64, na_value=np.nan) / 365.25
    if step:
        years = np.round(np.floor(years / step + 0.5) * step, 10)
    return pd.Series(years, index=birth.index)


def shifted(dates: pd.Series, days: np.ndarray) -> pd.Series:
    """Dates moved by each patient's days, as ISO texts."""
    moved = dates + pd.to_timedelta(days, unit="D")
    return moved.dt.strftime(ISO).astype("string")
