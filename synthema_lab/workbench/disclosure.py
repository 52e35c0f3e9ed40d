"""May this output leave as what it is declared to be?

Every output is declared with one of four classes; one that is not declared is
not saved.

- ``public``: no patient is behind it.
- ``synthetic``: drawn from a released model.
- ``aggregate``: a summary of real patients. Three plain checks are made, which
  are a net and not a proof: no pseudonym column, no count from 1 to 9 in a
  column of counts, and fewer rows than there are patients. ``checked=True``
  says that a person has looked, and lifts the second and third.
- ``restricted``: kept in the run's ``restricted/`` folder, never displayed,
  never in a report.
"""

from __future__ import annotations

import os

import pandas as pd

from ..dictionary.spelling import did_you_mean
from ..errors import ArgumentRefused, GateFailed

CLASSES = ("public", "synthetic", "aggregate", "restricted")
SMALL_COUNT = 10
COUNTS = frozenset({"n", "count", "counts", "patients", "n_patients"})
PSEUDONYMS = frozenset({"patient_id"})


def check_class(sensitivity: str | None, name: str) -> str:
    """The declared class of an output.

    Raises
    ------
    ArgumentRefused
        If none, or an unknown one, was declared.

    Examples
    --------
    >>> check_class("synthetic", "ages")
    'synthetic'
    """
    if sensitivity in CLASSES:
        return sensitivity
    if sensitivity is None:
        happened = f"The output '{name}' was not saved: its sensitivity is not declared."
        hint = f"Add sensitivity=\"aggregate\" (or another class) where '{name}' is saved."
    else:
        happened = f"The output '{name}' was not saved: its sensitivity is none of the classes."
        hint = did_you_mean(str(sensitivity), CLASSES)
    raise ArgumentRefused(
        happened,
        "public (no patient behind it), synthetic (drawn from a released model), aggregate "
        "(checked summary of real patients) or restricted (kept out of reports).",
        hint,
    )


def check_name(name: str) -> str:
    """The name of an output, which becomes a file name.

    Raises
    ------
    ArgumentRefused
        If it is not made of letters, digits, ``_``, ``-`` and ``.``.
    """
    plain = str(name).replace("_", "").replace("-", "").replace(".", "")
    if plain.isalnum() and plain.isascii() and not str(name).startswith((".", "-")):
        return str(name)
    raise ArgumentRefused(
        "An output has a name that cannot be a file name.",
        "Letters, digits, _, - and a dot, such as km_by_risk_group.",
        "Choose such a name; the caption is the place for words.",
    )


def check_aggregate(
    table: pd.DataFrame,
    name: str,
    *,
    patients: int | None = None,
    pseudonyms: frozenset[str] = PSEUDONYMS,
    checked: bool = False,
) -> None:
    """Refuse a table that does not look like a summary of real patients.

    Parameters
    ----------
    table : DataFrame
    name : str
        What it is called in messages.
    patients : int or None
        Rows of the largest private table that the run has read.
    pseudonyms : frozenset of str
        Columns that name a patient.
    checked : bool
        A person has looked at small counts and at the number of rows.

    Raises
    ------
    GateFailed
        Naming columns and counts, never values.
    """
    # An index is written to the file as well, so it is looked at too.
    columns = table.reset_index() if any(table.index.names) else table
    naming = sorted(set(map(str, columns.columns)) & pseudonyms)
    if naming:
        raise _gate(name, f"it has the column {naming[0]}, which names patients")
    if checked:
        return
    if patients is not None and len(columns) >= patients:
        raise _gate(name, f"it has {len(columns)} rows, as many as there are patients")
    for column in columns.columns:
        if str(column).lower() in COUNTS:
            counts = pd.to_numeric(columns[column], errors="coerce")
            small = int(((counts > 0) & (counts < SMALL_COUNT)).sum())
            if small:
                raise _gate(
                    name, f"{small} of its counts in column {column} are below {SMALL_COUNT}"
                )


def check_path(path: str | os.PathLike[str]) -> str:
    """A file that is read as an input, as text."""
    text = os.fspath(path)
    if os.path.isfile(text):
        return text
    raise ArgumentRefused(
        f"There is no file '{os.path.basename(text)}'.",
        "A file that can be read.",
        "Check the path.",
    )


def _gate(name: str, why: str) -> GateFailed:
    return GateFailed(
        f"The output '{name}' was not saved as an aggregate: {why}.",
        f"A summary without pseudonyms, with counts of 0 or at least {SMALL_COUNT}, and with "
        "fewer rows than patients.",
        'Merge categories or suppress small cells; or declare sensitivity="restricted"; or, '
        "where a person has looked at it, add checked=True.",
    )
