"""What do the cells of a source column become under a variable's declaration?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.dates import read_dates
from synthema_lab.cohorts.importers.filling import Filling
from synthema_lab.cohorts.importers.imported import Notes, unreadable
from synthema_lab.cohorts.importers.redcap import TICKED, UNTICKED, ticked
from synthema_lab.cohorts.importers.ucum import convert
from synthema_lab.dictionary import Variable
from synthema_lab.dictionary.columns import read_numbers, read_texts

if TYPE_CHECKING:
    from synthema_lab.cohorts.importers.mapping import TableMapping

_BOUND = re.compile(r"\s*[<>]=?\s*(?=[\d.,])")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


def fill(
    table: pd.DataFrame,
    filling: Filling,
    variable: Variable,
    mapping: TableMapping,
    notes: Notes,
) -> pd.Series:
    """One variable's column, in the dictionary's unit and codes.

    Parameters
    ----------
    table : DataFrame
        The export, rows to keep only.
    filling : Filling
        How the variable is filled; it fits the variable.
    variable : Variable
    mapping : TableMapping
        For what holds everywhere: missing texts, decimal mark, detection limits.
    notes : Notes
        Is told, with rows, of every cell that is not understood.

    Returns
    -------
    Series, one cell a row of `table`
    """
    if filling.constant is not None:
        return pd.Series([filling.constant] * len(table), dtype=object)
    if filling.checkboxes:
        return _from_boxes(table, filling, variable, notes)
    blank = {text.casefold() for text in (*mapping.missing, *filling.missing)}
    column = _first_present(table, filling.columns, blank)
    if filling.since is not None or filling.take_year:
        index = None
        if filling.since is not None:
            index = _first_present(table, (filling.since,), blank)
        return read_dates(column, index, filling, variable, notes)
    if variable.numeric:
        return _numbers(column, filling, variable, mapping, notes)
    if variable.type in ("category", "boolean"):
        return _codes(column, filling, variable, notes)
    return column


def _first_present(table: pd.DataFrame, names: tuple[str, ...], blank: set[str]) -> pd.Series:
    """In each row the first cell that is there and does not mean missing."""
    result: pd.Series | None = None
    for name in names:
        if name not in table:
            continue
        column = table[name]
        texts = read_texts(column)
        gone = [label.strip().casefold() in blank for label in texts.labels]
        at = np.where(texts.codes < 0, len(gone), texts.codes)
        empty = np.array([*gone, True], dtype=bool)[at]
        if empty.any():
            column = column.astype(object).where(~empty, None)
        result = column if result is None else result.where(result.notna(), column)
    assert result is not None  # a filling whose columns are all absent is not asked for
    return result


def _numbers(
    column: pd.Series,
    filling: Filling,
    variable: Variable,
    mapping: TableMapping,
    notes: Notes,
) -> pd.Series:
    if column.dtype == object or isinstance(column.dtype, pd.CategoricalDtype):
        column = _spelt_numbers(column, filling, variable, mapping, notes)
    bad, what = unreadable(column, variable, any_number=True)
    notes.error("not_readable", variable.name, bad, f"{variable.name} is {what}.")
    values = read_numbers(column).values
    if filling.unit is not None:
        values = _twelve_digits(convert(values, filling.unit, variable))
    if variable.type == "integer" and filling.round:
        values = np.floor(values + 1e-9) if filling.round == "down" else np.rint(values)
    return pd.Series(values)


def _spelt_numbers(
    column: pd.Series,
    filling: Filling,
    variable: Variable,
    mapping: TableMapping,
    notes: Notes,
) -> pd.Series:
    """Numbers written with a map, a decimal comma or a detection limit, as plain text."""
    texts = read_texts(column)
    plain: list[str | None] = []
    bounded: list[bool] = []
    for label in texts.labels:
        text: str | None = label.strip()
        if text in filling.values:
            text = filling.values[text]
        bound = text is not None and _BOUND.match(text) is not None
        if bound and mapping.detection_limits == "keep":
            text = _BOUND.sub("", text)
        if text is not None and mapping.decimal == "," and _DECIMAL_COMMA.fullmatch(text):
            text = text.replace(",", ".")
        plain.append(text)
        bounded.append(bound)
    at = np.where(texts.codes < 0, len(plain), texts.codes)
    beyond = np.array([*bounded, False], dtype=bool)[at]
    if mapping.detection_limits == "keep":
        message = f"{variable.name} is beyond a detection limit; the limit itself was taken."
        notes.warn("detection_limit", variable.name, beyond, message)
    return pd.Series(np.array([*plain, None], dtype=object)[at])


def _twelve_digits(values: np.ndarray) -> np.ndarray:
    """Without the last digits that a change of unit leaves behind."""
    size = np.where(np.isfinite(values) & (values != 0), np.abs(values), 1.0)
    step = 10.0 ** (np.floor(np.log10(size)) - 11)
    return np.where(step >= 1, values, np.round(values / step) / np.round(1 / step))


def _codes(column: pd.Series, filling: Filling, variable: Variable, notes: Notes) -> pd.Series:
    """Codes of a category, or 0 and 1, from the mapping's texts, the codes or the labels."""
    known: dict[str, str | None] = {}
    if variable.type == "boolean":
        known |= dict.fromkeys(TICKED, "1") | dict.fromkeys(UNTICKED, "0")
        known |= {"y": "1", "n": "0"}
    labels = [label.casefold() for label in variable.categories.values()]
    for code, label in variable.categories.items():
        if labels.count(label.casefold()) == 1:
            known[label.casefold()] = code
    known |= {code.casefold(): code for code in variable.categories}
    known |= {text.casefold(): code for text, code in filling.values.items()}
    exact = {code: code for code in variable.categories} | dict(filling.values)
    texts = read_texts(column)
    codes: list[str | None] = []
    unknown: list[bool] = []
    for label in texts.labels:
        text = label.strip()
        understood = text in exact or text.casefold() in known
        codes.append(exact.get(text, known.get(text.casefold())) if understood else None)
        unknown.append(not understood)
    at = np.where(texts.codes < 0, len(codes), texts.codes)
    odd = np.array([*unknown, False], dtype=bool)[at]
    _note_unlisted(filling, variable, odd, notes)
    return pd.Series(np.array([*codes, None], dtype=object)[at])


def _note_unlisted(filling: Filling, variable: Variable, odd: np.ndarray, notes: Notes) -> None:
    message = f"{variable.name} holds what is in no map and is none of {variable.allowed}"
    if filling.unlisted == "missing":
        notes.warn("not_understood", variable.name, odd, f"{message}; set to missing.")
    else:
        notes.error("not_in_values", variable.name, odd, f"{message}; add it to its values.")


def _from_boxes(
    table: pd.DataFrame, filling: Filling, variable: Variable, notes: Notes
) -> pd.Series:
    """The code of the box that is ticked; boxes with the same code count as one."""
    choices = list(dict.fromkeys(filling.checkboxes.values()))
    on = {code: np.zeros(len(table), dtype=bool) for code in choices}
    odd = np.zeros(len(table), dtype=bool)
    asked = np.zeros(len(table), dtype=bool)
    for name, code in filling.checkboxes.items():
        if name in table:
            yes, unclear = ticked(table[name])
            on[code] |= yes
            odd |= unclear
            asked |= table[name].notna().to_numpy()
    several = np.sum(list(on.values()), axis=0) > 1
    codes = np.full(len(table), None, dtype=object)
    otherwise = "0" if variable.type == "boolean" else filling.otherwise
    codes[asked] = filling.otherwise if filling.otherwise is not None else otherwise
    for code in choices:
        codes[on[code]] = code
    codes[several | odd] = None
    _note_unlisted(filling, variable, odd, notes)
    message = f"{variable.name} has more than one box ticked"
    if filling.unlisted == "missing":
        notes.warn("several_ticked", variable.name, several, f"{message}; set to missing.")
    else:
        notes.error("several_ticked", variable.name, several, f"{message}.")
    return pd.Series(codes)
