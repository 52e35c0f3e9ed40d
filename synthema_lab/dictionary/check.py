"""Does a table match its dictionary, and where does it not?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.dictionary.cells import CellRows, Cells
from synthema_lab.dictionary.conform import derived_column, not_whole
from synthema_lab.dictionary.findings import Finding, Findings, where_true
from synthema_lab.dictionary.names import (
    repeated_columns,
    require_table,
    shown_names,
    unknown_columns,
)
from synthema_lab.dictionary.spelling import nearest
from synthema_lab.dictionary.suspicions import suspicions
from synthema_lab.dictionary.suspicions.commas import decimal_commas
from synthema_lab.dictionary.suspicions.dates import counts_from_diagnosis, dates_for_numbers
from synthema_lab.dictionary.variable import Variable, plain

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary


def check(
    dictionary: DataDictionary,
    table: pd.DataFrame,
    require_core: bool,
    today: datetime.date | None = None,
) -> Findings:
    """Look at every cell, every rule and the table as a whole; see ``DataDictionary.check``.

    Parameters
    ----------
    dictionary : DataDictionary
    table : DataFrame
        Raw or conformed.
    require_core : bool
        Whether an absent core variable is an error.
    today : datetime.date, optional
        What lies behind it is the future; by default the clock's.
    """
    require_table(table)
    found = list(_columns(dictionary, table, require_core))
    if not len(table):
        found.append(Finding("empty_table", "error", None, (), 0, "The table has no data rows."))
    table = table.loc[:, ~table.columns.duplicated()]
    undecided: tuple[str, ...] = ()
    if len(table):
        today = today or datetime.date.today()
        cells = Cells(table, dictionary.variables)
        for variable in cells.declared:
            found.extend(_variable(dictionary, variable, cells, today))
        found.extend(suspicions(dictionary, cells, today))
        found.extend(_derived(dictionary, cells))
        decidable, undecidable = dictionary.decidable(table.columns)
        undecided = tuple(rule.name for rule in undecidable)
        rows = CellRows(cells, dictionary.derivations)
        for rule in decidable:
            message = f"Rule {rule.name} is broken: {rule.text}"
            broken = (rule.holds_on(rows) == 0) & ~cells.unreadable(rule.inputs)
            found.extend(where_true(rule.name, None, broken, message))
    return Findings(
        errors=tuple(finding for finding in found if finding.severity == "error"),
        warnings=tuple(finding for finding in found if finding.severity == "warning"),
        undecided=undecided,
        rows=len(table),
    )


def _columns(
    dictionary: DataDictionary, table: pd.DataFrame, require_core: bool
) -> Iterator[Finding]:
    known = dictionary.variables
    unknown = unknown_columns(table, known)
    if require_core:
        for name, variable in known.items():
            if variable.core and not variable.derive and name not in table.columns:
                message = f"{name} ({variable.label}) is a core variable and its column is absent."
                yield Finding("missing_column", "error", name, (), 0, message)
    for shown in shown_names(table, unknown, known):
        best = None if shown.startswith("column ") else nearest(shown, known)
        hint = f" Did you mean {best}?" if best else ""
        message = f"{shown} is not in the dictionary.{hint}"
        yield Finding("unknown_column", "error", None, (), 0, message)
    for name in repeated_columns(table, known):
        message = f"{name} occurs in more than one column."
        yield Finding("repeated_column", "error", name, (), 0, message)


def _variable(
    dictionary: DataDictionary, variable: Variable, cells: Cells, today: datetime.date
) -> Iterator[Finding]:
    name = variable.name
    if cells.textual(name):
        yield from _texts(variable, cells, name == dictionary.patient)
    else:
        yield from _unreadable(variable, cells, today)
        from_diagnosis = counts_from_diagnosis(dictionary, variable)
        yield from _numbers(variable, cells.numbers(name).values, from_diagnosis)
    missing = cells.missing(name)
    if missing.all():
        severity = "warning" if variable.missing else "error"
        message = f"{name} is missing in every row."
        yield Finding("all_missing", severity, name, (), len(missing), message)
    elif not variable.missing:
        message = f"{name} is missing, and may not be missing."
        yield from where_true("missing_value", name, missing, message)


def _texts(variable: Variable, cells: Cells, is_patient: bool) -> Iterator[Finding]:
    name, texts = variable.name, cells.texts(variable.name)
    message = f"{name} is none of {variable.allowed}."
    yield from where_true("unknown_category", name, texts.unknown, message)
    if is_patient:
        repeated = pd.Series(texts.codes).duplicated(keep="first").to_numpy() & ~texts.missing
        message = f"{name} repeats the pseudonym of an earlier row."
        yield from where_true("duplicate_patient", name, repeated, message)


def _unreadable(variable: Variable, cells: Cells, today: datetime.date) -> Iterator[Finding]:
    name = variable.name
    unreadable = cells.numbers(name).unreadable
    if not unreadable.any():
        return
    column = cells.table[name]
    dates, findings = dates_for_numbers(variable, column, unreadable, today)
    yield from findings
    commas, findings = decimal_commas(variable, column, unreadable & ~dates)
    yield from findings
    other = unreadable & ~dates & ~commas
    yield from where_true("not_a_number", name, other, f"{name} is not a finite number.")


def _numbers(variable: Variable, values: np.ndarray, from_diagnosis: bool) -> Iterator[Finding]:
    name, present = variable.name, ~np.isnan(values)
    if variable.type == "boolean":
        bad = present & (values != 0) & (values != 1)
        yield from where_true("not_zero_or_one", name, bad, f"{name} is neither 0 nor 1.")
        return
    if variable.type == "integer":
        bad = present & not_whole(values)
        yield from where_true("not_an_integer", name, bad, f"{name} is not a whole number.")
    before = present & (values < 0) & from_diagnosis
    message = f"{name} is negative: an event before the diagnosis."
    yield from where_true("before_diagnosis", name, before, message)
    unit = f" {variable.unit}" if variable.unit and variable.unit != "1" else ""
    outside = np.zeros(len(values), dtype=bool)
    if variable.range is not None:
        low, high = variable.range
        outside = present & ((values < low) | (values > high))
        message = f"{name} is outside its limits, {plain(low)} to {plain(high)}{unit}."
        yield from where_true("outside_limits", name, outside & ~before, message)
    if variable.plausible is not None:
        low, high = variable.plausible
        odd = present & ~outside & ((values < low) | (values > high))
        message = f"{name} is outside what is usual, {plain(low)} to {plain(high)}{unit}."
        yield from where_true("outside_plausible", name, odd, message, severity="warning")


def _derived(dictionary: DataDictionary, cells: Cells) -> Iterator[Finding]:
    for name in dictionary.derived:
        expression = dictionary.derivations[name]
        if name not in cells or not all(used in cells for used in expression.inputs):
            continue
        variable = dictionary.variables[name]
        rows = CellRows(cells, dictionary.derivations, hidden=[name])
        disagrees = _disagreement(variable, cells, derived_column(rows, variable))
        how = expression.text if len(expression.text) <= 160 else f"{expression.text[:157]}..."
        message = f"{name} disagrees with what it is derived from: {how}"
        yield from where_true("derived_disagrees", name, disagrees, message)


def _disagreement(variable: Variable, cells: Cells, derived: pd.Series) -> np.ndarray:
    if variable.type == "category":
        given = cells.texts(variable.name).codes
        codes = derived.cat.codes.to_numpy()
        return (given >= 0) & (codes >= 0) & (given != codes)
    values = cells.numbers(variable.name).values
    expected = derived.to_numpy(dtype=np.float64, na_value=np.nan)
    # The tolerance is the dictionary's, so that a source that rounds or measures is no error.
    rounding = 0.5 if variable.type == "integer" else 1e-9
    return np.abs(values - expected) > variable.tolerance * np.abs(expected) + rounding
