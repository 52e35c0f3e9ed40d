"""Does a column say who a patient is?

Looked at are identifiers, free text, and texts that a category does not know. A
direct identifier never belongs in a research table, so it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.columns import Texts, read_texts
from synthema_lab.dictionary.findings import Finding, where_true
from synthema_lab.dictionary.names import shown_names, unknown_columns
from synthema_lab.dictionary.suspicions.dates import is_date
from synthema_lab.dictionary.suspicions.national_numbers import likely_scheme, passes
from synthema_lab.dictionary.suspicions.persons import is_full_name, personal

if TYPE_CHECKING:
    from synthema_lab.dictionary.dictionary import DataDictionary

MOST, FEWEST, SAMPLE, VARIED = 0.8, 5, 400, 0.5
NAME = "a person's name"


def direct_identifiers(dictionary: DataDictionary, cells: Cells) -> Iterator[Finding]:
    """Errors about columns that look like direct identifiers; never what they hold."""
    for variable in cells.declared:
        name = variable.name
        if variable.type == "identifier":
            role = {dictionary.centre: "centre", dictionary.patient: "patient"}.get(name, "")
            yield from _column(name, name, cells.texts(name), role)
        elif variable.type == "text":
            texts = cells.texts(name)
            yield from _notes(name, name, texts)
            yield from _column(name, name, texts)
        elif variable.type == "category" and cells.texts(name).unknown.any():
            column = cells.table[name].where(cells.texts(name).unknown)
            yield from _notes(name, name, read_texts(column))
    unknown = unknown_columns(cells.table, dictionary.variables)
    for column, shown in zip(
        unknown, shown_names(cells.table, unknown, dictionary.variables), strict=True
    ):
        if cells.table[column].dtype == object or str(cells.table[column].dtype) == "string":
            texts = read_texts(cells.table[column])
            noted = list(_notes(shown, None, texts))
            yield from noted or _column(shown, None, texts)


def _notes(shown: str, variable: str | None, texts: Texts) -> Iterator[Finding]:
    """Texts any one of which names a person or says how to reach one."""
    kinds = [personal(label) for label in texts.labels]
    for kind in sorted({kind for kind in kinds if kind}):
        yield from _finding(shown, variable, texts, [found == kind for found in kinds], kind)


def _column(shown: str, variable: str | None, texts: Texts, role: str = "") -> Iterator[Finding]:
    """A column most of whose texts are of one identifying kind."""
    labels = list(texts.labels)
    if len(labels) < FEWEST:
        return
    sample = labels[:: max(1, len(labels) // SAMPLE)]
    scheme = likely_scheme(sample)
    if scheme:
        fits = [passes(label, scheme) for label in labels]
        yield from _finding(shown, variable, texts, fits, scheme)
        return
    tests: dict[str, Callable[[str], bool]] = {
        "a date such as a date of birth": is_date,
        "an e-mail address": lambda label: personal(label) == "an e-mail address",
        "a telephone number": lambda label: personal(label) == "a telephone number",
    }
    # Centres have names of their own; patients' names differ from row to row.
    varied = len(labels) >= VARIED * int((~texts.missing).sum())
    if varied and role == "":
        tests[NAME] = _is_name
    if role == "patient":  # one name among pseudonyms is one too many
        named = [_is_name(label) for label in labels]
        if any(named):
            yield from _finding(shown, variable, texts, named, NAME)
            return
    for kind, test in tests.items():
        if np.mean([test(label) for label in sample]) >= MOST:
            yield from _finding(shown, variable, texts, [test(label) for label in labels], kind)
            return


def _is_name(label: str) -> bool:
    return is_full_name(label) or personal(label) == NAME


def _finding(
    shown: str, variable: str | None, texts: Texts, fits: list[bool], kind: str
) -> Iterator[Finding]:
    rows = np.array([*fits, False, False], dtype=bool)[texts.codes]
    message = f"{shown} looks like a direct identifier: {kind}."
    yield from where_true("direct_identifier", variable, rows, message)
