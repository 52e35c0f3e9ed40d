"""Which rows and boxes of a REDCap export speak of a patient at baseline?

REDCap writes one row for each event and each repeated instrument, and one
column a box of a checkbox field (``field___code``), raw (``0``, ``1``) or as
labels (``Unchecked``, ``Checked``).
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from synthema_lab.cohorts.importers.imported import Notes
from synthema_lab.dictionary.columns import read_texts, row_numbers
from synthema_lab.errors import DataMismatch

EVENT_COLUMN = "redcap_event_name"
TICKED = frozenset({"1", "checked", "yes", "true"})
UNTICKED = frozenset({"0", "unchecked", "no", "false"})
_BOX = re.compile(r"(\w+?)___(\w+)")


def keep_event(
    table: pd.DataFrame, column: str | None, event: str | None, notes: Notes
) -> pd.DataFrame:
    """The rows of one event; without an event, all rows.

    Parameters
    ----------
    table : DataFrame
        As exported.
    column, event : str or None
        The column that names the event, and the event to keep.
    notes : Notes
        Is told how many rows were left out, and from then on counts rows as in
        the source.

    Raises
    ------
    DataMismatch
        If no row is of that event.

    Examples
    --------
    >>> export = pd.DataFrame({"id": [1, 1], "redcap_event_name": ["baseline", "month_6"]})
    >>> keep_event(export, "redcap_event_name", "baseline", Notes())["id"].tolist()
    [1]
    """
    if column is None:
        return table.reset_index(drop=True)
    texts = read_texts(table[column])
    place = texts.labels.index(event) if event in texts.labels else len(texts.labels)
    kept = texts.codes == place
    if not kept.any():
        raise DataMismatch(
            f"No row of the table is of the event {event!s:.60}.",
            f"The baseline event as {column} writes it.",
            "Correct event: keep in the mapping; raw and label exports write events differently.",
        )
    message = "Rows of other events than the one that is kept were left out."
    notes.warn("other_event", None, ~kept, message)
    notes.row_of = np.flatnonzero(kept) + 1
    return table[kept].reset_index(drop=True)


def refuse_repeated_patients(pseudonyms: pd.Series, name: str, notes: Notes) -> None:
    """Raise DataMismatch where a patient has more than one row.

    Examples
    --------
    >>> refuse_repeated_patients(pd.Series(["a", "b", None, None]), "patient_id", Notes())
    """
    texts = read_texts(pseudonyms)
    repeated = pd.Series(texts.codes).duplicated().to_numpy() & (texts.codes >= 0)
    count = int(repeated.sum())
    if count:
        rows = row_numbers(repeated, 10)
        if notes.row_of is not None:
            rows = tuple(int(notes.row_of[row - 1]) for row in rows)
        shown = ", ".join(map(str, rows)) + (", ..." if count > 10 else "")
        raise DataMismatch(
            f"{name} repeats an earlier row's in {count} row{'s' if count > 1 else ''}: {shown}.",
            "One row a patient.",
            "Keep one row a patient: name the baseline in the mapping, as in "
            f"event: {{column: {EVENT_COLUMN}, keep: baseline_arm_1}}, or reduce the table first.",
        )


def ticked(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Where a box is ticked, and where the cell says neither yes nor no.

    Examples
    --------
    >>> yes, odd = ticked(pd.Series(["Checked", "Unchecked", None, "maybe"]))
    >>> yes.tolist(), odd.tolist()
    ([True, False, False, False], [False, False, False, True])
    """
    texts = read_texts(column)
    said = [label.strip().casefold() for label in texts.labels]
    yes = np.array([label in TICKED for label in said] + [False], dtype=bool)
    odd = np.array([label not in TICKED | UNTICKED for label in said] + [False], dtype=bool)
    at = np.where(texts.codes < 0, len(said), texts.codes)
    return yes[at], odd[at]


def boxes(columns: list[str]) -> dict[str, list[str]]:
    """The checkbox fields among columns, each with its boxes.

    Examples
    --------
    >>> boxes(["id", "drug___1", "drug___2"])
    {'drug': ['drug___1', 'drug___2']}
    """
    found: dict[str, list[str]] = {}
    for name in columns:
        match = _BOX.fullmatch(str(name))
        if match:
            found.setdefault(match.group(1), []).append(name)
    return found
