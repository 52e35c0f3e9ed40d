"""What do OMOP tables and FHIR resources have in common once they are read?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

PEOPLE = {
    "person": "object",  # the source's identifier, as text
    "sex": "object",  # F, M or None
    "born": "datetime64[ns]",  # the middle of the month or year where no more is known
    "died": "boolean",
    "died_on": "datetime64[ns]",
    "seen_from": "datetime64[ns]",  # first and last day on which the records look at the person
    "seen_until": "datetime64[ns]",
    "centre": "object",
}
EVENTS = {
    "person": "object",
    "kind": "object",  # condition, procedure or drug
    "system": "object",
    "code": "object",
    "start": "datetime64[ns]",  # NaT where the day is not recorded
    "end": "datetime64[ns]",  # NaT means the same day
}
MEASUREMENTS = {
    "person": "object",
    "system": "object",
    "code": "object",
    "value": "float64",
    "unit": "object",  # UCUM or a laboratory's spelling; None where not recorded
    "bound": "bool",  # whether the value is a limit, such as below 5
    "answer_system": "object",
    "answer_code": "object",
    "text": "object",
    "at": "datetime64[ns]",
}


@dataclass(frozen=True)
class Records:
    """Facts about patients in one long form, whatever they were read from.

    Attributes
    ----------
    people : DataFrame
        One row a person; columns as in ``PEOPLE``.
    events : DataFrame
        Conditions, procedures and drugs; columns as in ``EVENTS``.
    measurements : DataFrame
        Results with their units or answers; columns as in ``MEASUREMENTS``.
    holds : frozenset of str
        The kinds of event that the source records at all.
    """

    people: pd.DataFrame
    events: pd.DataFrame
    measurements: pd.DataFrame
    holds: frozenset[str]


def table_of(rows: pd.DataFrame | Iterable[tuple[object, ...]], columns: dict[str, str]):
    """Rows with the columns and types of ``PEOPLE``, ``EVENTS`` or ``MEASUREMENTS``.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> table_of([], EVENTS).columns.tolist()
    ['person', 'kind', 'system', 'code', 'start', 'end']
    """
    if not isinstance(rows, pd.DataFrame):
        rows = pd.DataFrame(list(rows), columns=list(columns), dtype=object)
    typed = {}
    for name, kind in columns.items():
        column = rows[name]
        if kind == "datetime64[ns]":
            column = pd.to_datetime(column, errors="coerce").astype(kind)
        elif kind == "float64":
            column = pd.to_numeric(column, errors="coerce").astype(kind)
        elif kind == "object":
            column = column.astype(object).where(column.notna(), None)
        else:
            column = column.astype(kind)
        typed[name] = column
    return pd.DataFrame(typed).reset_index(drop=True)
