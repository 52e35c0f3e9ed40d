"""What becomes of each column of the export?

Every column has one fate, and a column that nobody has named is refused: what
is not understood does not leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthema_lab.deidentify.binding import Binding
from synthema_lab.dictionary import Finding, nearest
from synthema_lab.dictionary.cells import Cells
from synthema_lab.dictionary.names import repeated_columns, require_table, shown_names
from synthema_lab.dictionary.suspicions.identity import direct_identifiers

REFUSED = ("unknown", "free text")
WORDY = 3.0


@dataclass(frozen=True)
class Fate:
    """What becomes of one column.

    Attributes
    ----------
    column : object
        Its name in the table.
    fate : {"pseudonym", "leaves", "used", "dropped", "not needed", "free text", "unknown"}
        "used": something else is made of it and it does not leave itself.
    why : str
    """

    column: object
    fate: str
    why: str


def fates(table: pd.DataFrame, binding: Binding) -> tuple[Fate, ...]:
    """The fate of every column, in the table's order."""
    require_table(table)
    identifier = source_identifier(table, binding)
    return tuple(_fate(name, table, binding, identifier) for name in dict.fromkeys(table.columns))


def source_identifier(table: pd.DataFrame, binding: Binding) -> str | None:
    """The column that names the patient: the first present that the policy gives."""
    named = [*binding.policy.identifiers]
    if binding.dictionary.patient:
        named.append(binding.dictionary.patient)
    return next((name for name in named if name in table.columns), None)


def _fate(name: object, table: pd.DataFrame, binding: Binding, identifier: str | None) -> Fate:
    policy, full = binding.policy, binding.dictionary
    if name == identifier:
        return Fate(name, "pseudonym", "names the patient at the source")
    if name in policy.drop or name in policy.identifiers:
        return Fate(name, "dropped", "never leaves, by the policy")
    if name in policy.dates.sources:
        moved = name in policy.dates.shifted and name in binding.leaving
        return Fate(name, "leaves", "moved by a secret shift") if moved else Fate(
            name, "used", "a date: days, years or nothing are made of it"
        )  # fmt: skip
    if name in policy.postcodes:
        return Fate(name, "used", f"cut to {policy.postcodes[name].characters} characters")
    variable = full.variables.get(name) if isinstance(name, str) else None
    if variable is None:
        if _wordy(table[name]):
            return Fate(name, "free text", "free text that the policy does not name")
        return Fate(name, "unknown", "neither a variable nor named in the policy")
    if variable.identifier == "direct":
        return Fate(name, "dropped", "direct identifier, by the dictionary")
    if not binding.study.wants(name):
        return Fate(name, "not needed", f"not needed for {binding.study.name}")
    if name in binding.leaving:
        return Fate(name, "leaves", "a variable of the study")
    if variable.type == "text":
        return Fate(name, "free text", "free text that the policy does not name")
    return Fate(name, "not needed", "made from others that leave or not at all")


def refusals(table: pd.DataFrame, binding: Binding, found: tuple[Fate, ...]) -> Iterator[Finding]:
    """Errors about columns: unknown ones, free text, repeated ones."""
    known = {
        *binding.dictionary.variables, *binding.policy.drop, *binding.policy.identifiers,
        *binding.policy.dates.sources, *binding.policy.postcodes,
    }  # fmt: skip
    for name in repeated_columns(table, known):
        yield Finding(
            "repeated_column", "error", name, (), 0, f"{name} occurs in more than one column."
        )
    refused = [fate for fate in found if fate.fate in REFUSED]
    shown = shown_names(table, [fate.column for fate in refused], known)
    for fate, said in zip(refused, shown, strict=True):
        best = None if said.startswith("column ") else nearest(said, known)
        hint = f" Did you mean {best}?" if best else ""
        rule = "free_text" if fate.fate == "free text" else "unknown_column"
        way = "drop or free_text" if fate.column in binding.dictionary.variables else "drop"
        message = f"{said}: {fate.why}.{hint} Take it out, or name it under {way} in the policy."
        yield Finding(rule, "error", None, (), 0, message)
    if refused and len(table):
        unnamed = table.loc[:, ~table.columns.duplicated()]
        cells = Cells(unnamed, binding.dictionary.variables)
        for finding in direct_identifiers(binding.dictionary, cells):
            if finding.variable is None and any(finding.message.startswith(s) for s in shown):
                yield finding


def _wordy(column: pd.Series) -> bool:
    """Whether the cells are sentences rather than words."""
    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
        return False
    texts = column.dropna().astype(str).head(500)
    return len(texts) > 0 and float(np.mean([len(text.split()) for text in texts])) >= WORDY
