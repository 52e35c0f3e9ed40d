"""Is one patient there twice, under two pseudonyms?

Two patients who agree in every recorded number and category are most likely one.
It is a warning: in a table of few or coarse variables, two people may agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.variable import UNMODELLED

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary

FEWEST_VALUES = 6
_ODD = np.uint64(0x9E3779B97F4A7C15)


def fingerprints(dictionary: DataDictionary, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """One number a row that is the same for rows which agree in every recorded variable.

    Identifiers, texts, derived variables and the centre are left aside.

    Returns
    -------
    prints : ndarray of uint64, shape (rows,)
    telling : ndarray of bool, shape (rows,)
        Where a row has so many values, at least 6, that agreement means something.
    """
    prints = np.zeros(len(cells), dtype=np.uint64)
    values = np.zeros(len(cells), dtype=np.int64)
    for variable in cells.declared:
        name = variable.name
        if variable.type in UNMODELLED or variable.derive or name == dictionary.centre:
            continue
        if cells.textual(name):
            column = cells.texts(name).codes
            present = column >= 0
        else:
            column = cells.numbers(name).values + 0.0  # -0 and 0 are one number
            present = ~np.isnan(column)
        values += present
        prints = (prints ^ pd.util.hash_array(column)) * _ODD
    return prints, values >= FEWEST_VALUES


def repeated_rows(dictionary: DataDictionary, cells: Cells) -> Iterator[Finding]:
    """A warning about rows that repeat an earlier one in all but the pseudonym."""
    prints, telling = fingerprints(dictionary, cells)
    repeated = pd.Series(prints).duplicated(keep="first").to_numpy() & telling
    apart = f" apart from {dictionary.patient}" if dictionary.patient in cells else ""
    message = f"Rows repeat an earlier row in every variable{apart}: the same patient twice?"
    yield from where_true("repeated_row", None, repeated, message, severity="warning")
