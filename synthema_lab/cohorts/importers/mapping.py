"""What does a mapping file say about the columns of an export?

A mapping is YAML: which source column fills which variable of a data
dictionary, in which unit, with which codes, and which columns are known and
left out. It is strict: a key that is not known is refused.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from synthema_lab.cohorts.importers.cells import fill
from synthema_lab.cohorts.importers.filling import NEXT, Filling, Part, read_filling, refuse_misfit
from synthema_lab.cohorts.importers.imported import Imported, Notes, settle
from synthema_lab.cohorts.importers.redcap import keep_event, refuse_repeated_patients
from synthema_lab.dictionary import DataDictionary, Lookup, did_you_mean
from synthema_lab.dictionary.load import LARGEST_FILE, folders, read_yaml
from synthema_lab.dictionary.names import require_table, shown_names
from synthema_lab.errors import ArgumentRefused, DataMismatch

KEYS = (
    "name", "dictionary", "source", "separator", "decimal", "date_format", "missing",
    "detection_limits", "event", "drop", "variables",
)  # fmt: skip
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", ",": ",", ";": ";"}


@dataclass(frozen=True)
class TableMapping:
    """How an export becomes a table of a dictionary.

    Attributes
    ----------
    name, source : str
    dictionary : str or None
        The dictionary it was written for.
    variables : mapping of variable to Filling
    drop : tuple of str
        Columns that are known and left out; ``*`` stands for any text.
    separator : str or None
        ``,`` or ``;`` or tab; None where the header of the file shows it.
    decimal : str
        ``.`` or ``,``.
    missing : tuple of str
        Texts that mean missing everywhere.
    detection_limits : {"refuse", "keep"}
        Whether ``<0.3`` is refused, or read as 0.3 and noted.
    event_column, event : str or None
        Of an export with several rows a patient, the rows to keep.
    """

    name: str
    variables: Lookup[Filling]
    source: str = ""
    dictionary: str | None = None
    drop: tuple[str, ...] = ()
    separator: str | None = None
    decimal: str = "."
    missing: tuple[str, ...] = ()
    detection_limits: str = "refuse"
    event_column: str | None = None
    event: str | None = None

    def filled(self, fillings: Mapping[str, Filling]) -> TableMapping:
        """The same mapping with more variables filled, or filled in another way."""
        return replace(self, variables=Lookup({**self.variables, **fillings}))

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.variables)} variables"
            + (f" of {self.dictionary}" if self.dictionary else "")
            + f", {len(self.drop)} columns left out"
        )


def load_mapping(path: str | os.PathLike[str]) -> TableMapping:
    """Read a mapping from a YAML file.

    Parameters
    ----------
    path : path or str
        A file, or the bare name of one in ``data_dictionaries/mappings/``.

    Raises
    ------
    ArgumentRefused
        If there is no such file.
    DataMismatch
        If it is not a mapping, or has a key that is not known.

    Examples
    --------
    >>> print(load_mapping("redcap_scd").dictionary)
    scd
    """
    found = _find(Path(path))
    text: str | None = None
    if found.stat().st_size <= LARGEST_FILE:
        try:
            text = found.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            text = None
    if text is None:
        raise DataMismatch(
            f"{found.name} is not a mapping file: it is no UTF-8 text of at most 5 MB.",
            "A YAML file that maps columns to variables.",
            NEXT,
        )
    return mapping_from_text(text, found.name)


def _find(asked: Path) -> Path:
    if asked.is_file():
        return asked
    known: dict[str, Path] = {}
    for folder in folders():
        for file in sorted((folder / "mappings").glob("*.yaml")):
            known.setdefault(file.stem, file)
    bare = asked.name.removesuffix(".yaml")
    if len(asked.parts) == 1 and bare in known:
        return known[bare]
    raise ArgumentRefused(
        f"There is no mapping file {asked}.",
        "A YAML file, or the name of one in data_dictionaries/mappings/.",
        f"{did_you_mean(bare, known)} Propose one with: synthema data map FILE --suggest",
    )


def mapping_from_text(text: str, name: str = "The mapping") -> TableMapping:
    """Read a mapping from YAML text; raises as `load_mapping` does.

    Examples
    --------
    >>> print(mapping_from_text("name: ours\\nvariables: {hb_gdl: {column: hgb, unit: g/L}}"))
    ours: 1 variables, 0 columns left out
    """
    content: dict[str, object] | None
    try:
        content, problem = read_yaml(text, name), ""
    except DataMismatch as refused:
        content, problem = None, refused.happened.replace("a data dictionary", "a mapping file")
    if content is None:
        raise DataMismatch(problem, "A YAML mapping with name and variables, each key once.", NEXT)
    return mapping_from_dict(content)


def mapping_from_dict(content: Mapping[str, object]) -> TableMapping:
    """Build a mapping from plain values; raises as `load_mapping` does."""
    part = Part(content, "The mapping", KEYS)
    date_format = part.text("date_format", "%Y-%m-%d")
    event = part.mapping("event")
    inner = Part(event, "event", ("column", "keep"))
    variables = {
        name: read_filling(name, given, date_format)
        for name, given in part.mapping("variables").items()
    }
    if not variables:
        part.refuse("maps no variable.", "At least one under variables.")
    separator = part.choice("separator", tuple(SEPARATORS)) if part.given("separator") else None
    decimal = part.choice("decimal", ("point", "comma", ".", ","), "point")
    return TableMapping(
        name=part.text("name", "mapping"),
        variables=Lookup(variables),
        source=part.text("source", ""),
        dictionary=part.optional_text("dictionary"),
        drop=part.texts("drop"),
        separator=None if separator is None else SEPARATORS[separator],
        decimal="," if decimal in ("comma", ",") else ".",
        missing=part.texts("missing"),
        detection_limits=part.choice("detection_limits", ("refuse", "keep"), "refuse"),
        event_column=inner.text("column") if event else None,
        event=inner.as_text("keep", event.get("keep")) if event else None,
    )


def apply_mapping(
    table: pd.DataFrame,
    mapping: TableMapping,
    dictionary: DataDictionary,
    notes: Notes | None = None,
) -> Imported:
    """Fill the dictionary's variables from an export.

    Parameters
    ----------
    table : DataFrame
        As exported, one row a patient (or, with ``event``, one of them to keep).
    mapping : TableMapping
    dictionary : DataDictionary
    notes : Notes, optional
        What was noted before, such as when the file was read.

    Returns
    -------
    Imported
        Its notes name, with rows, every cell that could not be read (an error),
        and what was left out or set to missing (a warning).

    Raises
    ------
    DataMismatch
        If the mapping does not fit the dictionary or names a column that the
        table lacks, if a unit is unknown, or if a patient has several rows.

    Examples
    --------
    >>> export = pd.DataFrame({"pid": ["a", "b"], "age": [61, 47], "gender": ["f", "m"]})
    >>> mapping = mapping_from_text(
    ...     "variables: {patient_id: pid, age_years: age, sex: {column: gender, "
    ...     "values: {f: F, m: M}}}"
    ... )
    >>> apply_mapping(export, mapping, DataDictionary.load("leuksurv")).patients.sex.tolist()
    ['F', 'M']
    """
    require_table(table)
    if mapping.dictionary not in (None, dictionary.name):
        raise DataMismatch(
            f"The mapping is written for the dictionary {mapping.dictionary:.60}.",
            f"A mapping for {dictionary.name}.",
            f"Use --dictionary {mapping.dictionary:.60}, or another mapping.",
        )
    for filling in mapping.variables.values():
        refuse_misfit(filling, dictionary)
    _refuse_absent(table, mapping)
    notes = Notes() if notes is None else notes
    _note_unmapped(table, mapping, notes)
    table = keep_event(table, mapping.event_column, mapping.event, notes)
    columns = {
        name: fill(table, filling, dictionary.variables[name], mapping, notes)
        for name, filling in mapping.variables.items()
        if filling.constant is not None or _there(filling, table)
    }
    if dictionary.patient in columns:
        refuse_repeated_patients(columns[dictionary.patient], dictionary.patient, notes)
    return settle(columns, dictionary, mapping.source or mapping.name, notes)


def _there(filling: Filling, table: pd.DataFrame) -> bool:
    """Whether the table has what a filling is read from; what is optional may be absent."""
    if filling.since is not None and filling.since not in table:
        return False
    return any(name in table for name in (*filling.columns, *filling.checkboxes))


def _refuse_absent(table: pd.DataFrame, mapping: TableMapping) -> None:
    """Raise where the table has none of the columns that a variable is read from."""
    absent: list[str] = []
    for filling in mapping.variables.values():
        if filling.optional or filling.constant is not None:
            continue
        absent += [name for name in filling.checkboxes if name not in table]
        absent += [filling.since] if filling.since and filling.since not in table else []
        if filling.columns and not any(name in table for name in filling.columns):
            absent.append(" or ".join(filling.columns))
    if mapping.event_column and mapping.event_column not in table:
        absent.append(mapping.event_column)
    if absent:
        named = list(dict.fromkeys(absent))
        raise DataMismatch(
            f"{len(named)} column{'s' if len(named) > 1 else ''} of the mapping "
            f"{'are' if len(named) > 1 else 'is'} not in the table: "
            f"{', '.join(named[:20])}{', ...' if len(named) > 20 else ''}.",
            "Every column that the mapping names, unless it says optional: true.",
            "Correct the names in the mapping, or check the file's separator and header.",
        )


def _note_unmapped(table: pd.DataFrame, mapping: TableMapping, notes: Notes) -> None:
    known = {name for filling in mapping.variables.values() for name in filling.reads}
    known |= {mapping.event_column} - {None}
    unmapped = [
        name
        for name in dict.fromkeys(table.columns)
        if name not in known
        and not any(fnmatch.fnmatchcase(str(name), dropped) for dropped in mapping.drop)
    ]
    if unmapped:
        shown = shown_names(table, unmapped, known)
        named = ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "")
        message = f"Columns neither mapped nor dropped were left out: {named}."
        notes.warn("not_mapped", None, len(unmapped), message)
