"""Does a table match its dictionary, and where does it not?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.dictionary.columns import read_numbers, read_texts, row_numbers
from synthema_lab.dictionary.conform import derived_column, not_whole
from synthema_lab.dictionary.evaluate import Rows
from synthema_lab.dictionary.findings import Finding, Findings
from synthema_lab.dictionary.names import (
    repeated_columns,
    require_table,
    shown_names,
    unknown_columns,
)
from synthema_lab.dictionary.spelling import nearest
from synthema_lab.dictionary.variable import Variable, plain

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary


def check(dictionary: DataDictionary, table: pd.DataFrame, require_core: bool) -> Findings:
    """Look at every cell and every rule; see ``DataDictionary.check``."""
    require_table(table)
    found = list(_columns(dictionary, table, require_core))
    if not len(table):
        found.append(_finding("empty_table", None, "The table has no data rows."))
    table = table.loc[:, ~table.columns.duplicated()]
    undecided: tuple[str, ...] = ()
    if len(table):
        for name, variable in dictionary.variables.items():
            if name in table.columns:
                found.extend(_variable(variable, table[name], name == dictionary.patient))
        found.extend(_derived(dictionary, table))
        decidable, undecidable = dictionary.decidable(table.columns)
        undecided = tuple(rule.name for rule in undecidable)
        rows = Rows(table, dictionary.variables, dictionary.derivations)
        for rule in decidable:
            broken = rule.holds_on(rows) == 0
            found.extend(
                _where(rule.name, None, broken, f"Rule {rule.name} is broken: {rule.text}")
            )
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
                yield _finding("missing_column", name, message)
    for shown in shown_names(table, unknown, known):
        best = None if shown.startswith("column ") else nearest(shown, known)
        hint = f" Did you mean {best}?" if best else ""
        message = f"{shown} is not in the dictionary.{hint}"
        yield _finding("unknown_column", None, message)
    for name in repeated_columns(table, known):
        yield _finding("repeated_column", name, f"{name} occurs in more than one column.")


def _variable(variable: Variable, column: pd.Series, is_patient: bool) -> Iterator[Finding]:
    name = variable.name
    if variable.type in ("category", "identifier"):
        texts = read_texts(column, variable.categories if variable.type == "category" else None)
        missing = texts.missing
        yield from _where(
            "unknown_category", name, texts.unknown, f"{name} is none of {variable.allowed}."
        )
        if is_patient:
            repeated = pd.Series(texts.codes).duplicated(keep="first").to_numpy() & ~missing
            message = f"{name} repeats the pseudonym of an earlier row."
            yield from _where("duplicate_patient", name, repeated, message)
    else:
        numbers = read_numbers(column)
        missing = numbers.missing
        message = f"{name} is not a finite number."
        yield from _where("not_a_number", name, numbers.unreadable, message)
        yield from _numbers(variable, numbers.values)
    if missing.all():
        severity = "warning" if variable.missing else "error"
        message = f"{name} is missing in every row."
        yield Finding("all_missing", severity, name, (), len(missing), message)
    elif not variable.missing:
        yield from _where(
            "missing_value", name, missing, f"{name} is missing, and may not be missing."
        )


def _numbers(variable: Variable, values: np.ndarray) -> Iterator[Finding]:
    name, present = variable.name, ~np.isnan(values)
    if variable.type == "boolean":
        bad = present & (values != 0) & (values != 1)
        yield from _where("not_zero_or_one", name, bad, f"{name} is neither 0 nor 1.")
        return
    if variable.type == "integer":
        bad = present & not_whole(values)
        yield from _where("not_an_integer", name, bad, f"{name} is not a whole number.")
    unit = f" {variable.unit}" if variable.unit and variable.unit != "1" else ""
    outside = np.zeros(len(values), dtype=bool)
    if variable.range is not None:
        low, high = variable.range
        outside = present & ((values < low) | (values > high))
        message = f"{name} is outside its limits, {plain(low)} to {plain(high)}{unit}."
        yield from _where("outside_limits", name, outside, message)
    if variable.plausible is not None:
        low, high = variable.plausible
        odd = present & ~outside & ((values < low) | (values > high))
        message = f"{name} is outside what is usual, {plain(low)} to {plain(high)}{unit}."
        yield from _where("outside_plausible", name, odd, message, severity="warning")


def _derived(dictionary: DataDictionary, table: pd.DataFrame) -> Iterator[Finding]:
    for name in dictionary.derived:
        expression = dictionary.derivations[name]
        if name not in table.columns or not expression.inputs <= set(table.columns):
            continue
        variable = dictionary.variables[name]
        rows = Rows(table.drop(columns=[name]), dictionary.variables, dictionary.derivations)
        disagrees = _disagreement(variable, table[name], derived_column(rows, variable))
        message = f"{name} disagrees with what it is derived from: {expression.text}"
        yield from _where("derived_disagrees", name, disagrees, message)


def _disagreement(variable: Variable, given: pd.Series, derived: pd.Series) -> np.ndarray:
    if variable.type == "category":
        texts = read_texts(given, variable.categories)
        codes = derived.cat.codes.to_numpy()
        return (texts.codes >= 0) & (codes >= 0) & (texts.codes != codes)
    values = read_numbers(given).values
    expected = derived.to_numpy(dtype=np.float64, na_value=np.nan)
    # One part in a hundred, so that a source that rounds is not an error.
    rounding = 0.5 if variable.type == "integer" else 1e-9
    return np.abs(values - expected) > 0.01 * np.abs(expected) + rounding


def _finding(rule: str, variable: str | None, message: str) -> Finding:
    return Finding(rule, "error", variable, (), 0, message)


def _where(
    rule: str, variable: str | None, mask: np.ndarray, message: str, severity: str = "error"
) -> Iterable[Finding]:
    count = int(mask.sum())
    if count:
        yield Finding(rule, severity, variable, row_numbers(mask), count, message)
