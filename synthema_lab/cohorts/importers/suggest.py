"""Which mapping would fit an export, judging by its names and values?

A proposal is for a person to read: each line has a confidence and a reason.
Nothing is asked over the network, and no value is shown, save words of a fixed
vocabulary such as ``female`` in a map of codes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from synthema_lab.cohorts.importers.abbreviations import DATES, folded, names_of, without_unit
from synthema_lab.cohorts.importers.aliases import known_schemas, plain_name
from synthema_lab.cohorts.importers.likeness import date_format, fit
from synthema_lab.cohorts.importers.mapping import TableMapping, mapping_from_text
from synthema_lab.cohorts.importers.redcap import EVENT_COLUMN
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.dictionary.names import require_table, shown_names
from synthema_lab.errors import DataMismatch

LEAST = 0.55
"""The confidence below which nothing is proposed."""


@dataclass(frozen=True)
class Proposal:
    """One line of a proposed mapping.

    Attributes
    ----------
    variable, column : str
    confidence : float
        0 to 1; a judgement, and no probability.
    reason : str
    says : mapping
        Keys of the mapping file.
    """

    variable: str
    column: str
    confidence: float
    reason: str
    says: dict[str, object]

    @property
    def line(self) -> str:
        """The line of YAML, with its comment."""
        # JSON is YAML, and quotes whatever a column may be called.
        said = json.dumps(self.says, ensure_ascii=False)
        said = said if said.isprintable() else json.dumps(self.says)
        return f"  {self.variable}: {said}  # {self.confidence:.2f}: {self.reason}"


@dataclass(frozen=True)
class Suggested:
    """A proposed mapping.

    Attributes
    ----------
    text : str
        The mapping file, with comments.
    proposals : tuple of Proposal
        In the dictionary's order.
    not_understood : tuple of str
        Columns without a proposal; by position where they may be no names.
    missing : tuple of str
        Core variables without a proposal.
    """

    text: str
    proposals: tuple[Proposal, ...]
    not_understood: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def mapping(self) -> TableMapping:
        """The mapping itself."""
        return mapping_from_text(self.text)

    def table(self) -> pd.DataFrame:
        """Columns variable, column, confidence, reason: one row a proposal."""
        names = ["variable", "column", "confidence", "reason"]
        rows = [[getattr(one, name) for name in names] for one in self.proposals]
        return pd.DataFrame(rows, columns=names)

    def __str__(self) -> str:
        lines = [
            f"{one.variable:<20} {one.confidence:.2f}  {one.column}: {one.reason}"
            for one in self.proposals
        ]
        if self.not_understood:
            lines.append(f"Not understood: {', '.join(self.not_understood)}")
        if self.missing:
            lines.append(f"No column for: {', '.join(self.missing)}")
        return "\n".join(lines)


def suggest_mapping(
    table: pd.DataFrame, dictionary: DataDictionary, name: str = "suggested"
) -> Suggested:
    """Propose a mapping from names (several languages) and values (ranges, units, codes, dates).

    Parameters
    ----------
    table : DataFrame
        As exported.
    dictionary : DataDictionary
    name : str
        What the mapping is called.

    Returns
    -------
    Suggested
        Each variable and each column at most once (dates may serve several).

    Raises
    ------
    DataMismatch
        If no column is understood.

    Examples
    --------
    >>> export = pd.DataFrame({"Alter": [61, 47], "Leukozyten": [4100, 9800],
    ...                        "Geschlecht": ["w", "m"]})
    >>> for one in suggest_mapping(export, DataDictionary.load("leuksurv")).proposals:
    ...     print(one.variable, one.says)
    age_years {'column': 'Alter'}
    sex {'column': 'Geschlecht', 'values': {'w': 'F', 'm': 'M'}}
    wbc_gl {'column': 'Leukozyten', 'unit': '/uL'}
    """
    require_table(table)
    formats = {column: date_format(table[column]) for column in table.columns}
    dates = {column: written for column, written in formats.items() if written is not None}
    candidates = [
        candidate
        for column in table.columns
        if isinstance(column, str)
        for candidate in _candidates(column, table, dictionary, dates)
    ]
    candidates.sort(key=lambda candidate: -candidate[0].confidence)
    chosen: dict[str, Proposal] = {}
    used: set[str] = set()
    commas = False
    for one, comma in candidates:
        if one.variable not in chosen and one.column not in used:
            chosen[one.variable] = one
            commas |= comma
            used |= set() if one.column in dates else {one.column}
    if not chosen:
        raise DataMismatch(
            "No column of the table is understood.",
            f"Columns that resemble the variables of {dictionary.name}.",
            "Write a mapping by hand; data_dictionaries/mappings/ holds examples.",
        )
    ordered = tuple(chosen[name] for name in dictionary.variables if name in chosen)
    spoken = {one.column for one in ordered} | {_index_of(one) for one in ordered}
    left = [column for column in table.columns if column not in spoken | {EVENT_COLUMN}]
    shown = tuple(shown_names(table, left, spoken)) if left else ()
    missing = tuple(
        name
        for name, variable in dictionary.variables.items()
        if variable.core and not variable.derive and name not in chosen
    )
    text = _text(name, table, dictionary, ordered, commas, shown, missing)
    return Suggested(text, ordered, shown, missing)


def _candidates(
    column: str, table: pd.DataFrame, dictionary: DataDictionary, dates: dict[str, str]
) -> Iterator[tuple[Proposal, bool]]:
    """What one column may be, with whether its numbers have decimal commas."""
    if column in dates:
        yield from ((one, False) for one in _from_date(column, dictionary, dates))
        return
    plain, unit = without_unit(folded(column))
    for variable in dictionary.variables.values():
        likeness, why, codes = _named(column, plain, variable, dictionary)
        if likeness < 0.5 or variable.derive:
            continue
        values = fit(table[column], variable, unit, codes)
        confidence = round(likeness * (0.6 + 0.4 * values.share), 2)
        if confidence >= LEAST and (values.share >= 0.5 or likeness >= 0.9):
            says = {"column": column, **values.says}
            reason = f"{why}; {values.reason}"
            yield Proposal(variable.name, column, confidence, reason, says), values.decimal_comma


def _named(
    column: str, plain: str, variable: Variable, dictionary: DataDictionary
) -> tuple[float, str, Mapping[str, str | None]]:
    """How alike a column's name is to what a variable is called, why, and its codes there."""
    if column == variable.name:
        return 1.0, "the dictionary's name", {}
    for schema in known_schemas(dictionary):
        filling = schema.variables.get(variable.name)
        if filling and plain_name(column) in map(plain_name, filling.columns):
            return 0.95, f"its name in {schema.name}", filling.values
    names = names_of(variable.name, variable.label)
    whole = folded(column)
    if plain in names or whole in names or whole.replace(" ", "") in names:
        return 0.92, "a usual name", {}
    words = plain.split()
    if any(name in words for name in names[2:] if len(name) > 1):
        return 0.75, "a usual name is part of its name", {}
    best = max(difflib.SequenceMatcher(None, plain, name).ratio() for name in names)
    return (0.8 * best, "a name alike", {}) if best >= 0.8 else (0.0, "", {})


def _from_date(
    column: str, dictionary: DataDictionary, dates: dict[str, str]
) -> Iterator[Proposal]:
    """What a column of dates gives: a time since an index date, or a year."""
    known = {
        role: next((name for name in dates if folded(name) in _split(names)), None)
        for role, names in DATES.items()
    }
    spelt = folded(column)
    written = dates[column]
    role = next((role for role, name in known.items() if name == column), None)
    start = known["diagnosis"] or known["visit"]

    def proposed(name: str, date: dict[str, str], confidence: float) -> Proposal:
        date = date if written == "%Y-%m-%d" else {**date, "format": written}
        reason = f"dates, {'time since another' if 'since' in date else 'their year'}"
        return Proposal(name, column, confidence, reason, {"column": column, "date": date})

    if role == "birth" and "birth_year" in dictionary.variables:
        yield proposed("birth_year", {"take": "year"}, 0.9)
    if role == "diagnosis" and "dx_year" in dictionary.variables:
        yield proposed("dx_year", {"take": "year"}, 0.9)
    if role in ("diagnosis", "visit") and known["birth"]:
        yield proposed("age_years", {"since": known["birth"]}, 0.85)
    if role is None and start is not None and dates[start] == written:
        for variable in dictionary.variables.values():
            timed = variable.numeric and variable.unit in ("d", "a") and variable.range is not None
            if timed and spelt in names_of(variable.name, variable.label)[2:]:
                yield proposed(variable.name, {"since": start}, 0.8)


def _split(names: str) -> list[str]:
    return [folded(name) for name in names.split(",")]


def _index_of(one: Proposal) -> str | None:
    date = one.says.get("date")
    return date.get("since") if isinstance(date, dict) else None


def _text(
    name: str,
    table: pd.DataFrame,
    dictionary: DataDictionary,
    ordered: tuple[Proposal, ...],
    commas: bool,
    shown: tuple[str, ...],
    missing: tuple[str, ...],
) -> str:
    lines = [
        "# A proposal from the names and values of an export. Read every line before you use it:",
        "# the number is a confidence from 0 to 1 and no promise. Units are UCUM.",
        f"name: {json.dumps(name)}",
        f"dictionary: {dictionary.name}",
    ]
    lines += ["decimal: comma"] if commas else []
    if EVENT_COLUMN in table:
        lines += [
            "# Rows of several events: name the one to keep as the file writes it.",
            f"# event: {{column: {EVENT_COLUMN}, keep: baseline_arm_1}}",
        ]
    lines += ["variables:", *(one.line for one in ordered)]
    if missing:
        lines += ["# Without a column; a core variable that may not be missing is needed:"]
        lines += [f"#   {absent}" for absent in missing]
    if shown:
        lines += ["# Not understood. Map them, or put what may be left out under drop:"]
        lines += [f"#   {column}" for column in shown]
    return "\n".join([*lines, "drop: []", ""])
