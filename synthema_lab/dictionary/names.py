"""Which columns of a table does the dictionary not know, and may they be named?

A file without a header has a patient's values where names belong. So an
unknown name is printed only beside known ones, and only if it looks like a name.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.errors import ArgumentRefused, DataMismatch

_LOOKS_LIKE_A_NAME = re.compile(r"[A-Za-z][A-Za-z]\w{0,60}")


def require_table(table: object) -> None:
    """Refuse anything but a pandas table."""
    if not isinstance(table, pd.DataFrame) or table.columns.nlevels > 1:
        raise ArgumentRefused(
            f"A table was expected and a {type(table).__name__} came that is none.",
            "A pandas DataFrame, one row a patient, with one line of column names.",
            "Read one with synthema_lab.cohorts.read_table('patients.csv').",
        )


def shown_names(table: pd.DataFrame, unknown: list[object], known: Collection[str]) -> list[str]:
    """How unknown columns are named in a message: by name, or by position only."""
    positions = {name: at for at, name in reversed(list(enumerate(table.columns, start=1)))}
    some_known = any(name in known for name in table.columns)
    return [
        name
        if some_known and isinstance(name, str) and _LOOKS_LIKE_A_NAME.fullmatch(name)
        else f"column {positions[name]}"
        for name in unknown
    ]


def unknown_columns(table: pd.DataFrame, known: Collection[str]) -> list[object]:
    """Columns the dictionary does not have, in the table's order, once each."""
    return [name for name in dict.fromkeys(table.columns) if name not in known]


def repeated_columns(table: pd.DataFrame, known: Collection[str]) -> list[str]:
    """Known columns that occur more than once."""
    repeated = set(table.columns[table.columns.duplicated()])
    return [name for name in known if name in repeated]


def refuse_bad_columns(table: pd.DataFrame, known: Collection[str]) -> None:
    """Raise DataMismatch for unknown or repeated columns."""
    require_table(table)
    unknown = unknown_columns(table, known)
    if unknown:
        shown = shown_names(table, unknown, known)
        hints = [did_you_mean(name, known) for name in shown if not name.startswith("column ")]
        hint = " ".join(dict.fromkeys(hints[:5])) or "Is the header row missing?"
        raise DataMismatch(
            f"{len(unknown)} column{'s are' if len(unknown) > 1 else ' is'} not in the "
            f"dictionary: {', '.join(shown[:20])}{', ...' if len(shown) > 20 else ''}.",
            "Columns named as the dictionary's variables.",
            f"{hint} Rename or drop what the dictionary does not have.",
        )
    repeated = repeated_columns(table, known)
    if repeated:
        raise DataMismatch(
            f"Columns that occur more than once: {', '.join(repeated)}.",
            "Each variable in one column.",
            "Drop or rename the repeated columns.",
        )
