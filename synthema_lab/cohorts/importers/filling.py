"""How is one variable filled from the columns of an export?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from synthema_lab.cohorts.importers.ucum import convert
from synthema_lab.dictionary import DataDictionary, did_you_mean
from synthema_lab.dictionary.sections import Section
from synthema_lab.errors import DataMismatch

KEYS = (
    "column", "unit", "values", "unlisted", "missing", "date", "checkboxes", "otherwise",
    "constant", "round", "optional",
)  # fmt: skip
NEXT = "Correct the mapping file; data_dictionaries/mappings/ holds examples."


@dataclass(frozen=True)
class Filling:
    """How one variable is filled.

    Attributes
    ----------
    variable : str
    columns : tuple of str
        Source columns; in each row the first that is there and not missing counts.
    unit : str or None
        The unit the source is in (UCUM); None where it is the dictionary's.
    values : mapping of source text to code, or to None for missing
    unlisted : {"error", "missing"}
        What becomes of a text that is in no map and no code.
    missing : tuple of str
        Texts that mean missing here.
    since : str or None
        The column of the index date: the variable is the time from there, in its own unit.
    take_year : bool
        Whether the variable is the year of a date.
    date_format : str
        As ``strptime`` writes it.
    checkboxes : mapping of source column to code
    otherwise : str or None
        The code where no box is ticked.
    constant : str or float or None
    round : {None, "down", "nearest"}
    optional : bool
        Whether the source may lack the column.
    """

    variable: str
    columns: tuple[str, ...] = ()
    unit: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)
    unlisted: str = "error"
    missing: tuple[str, ...] = ()
    since: str | None = None
    take_year: bool = False
    date_format: str = "%Y-%m-%d"
    checkboxes: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    constant: str | float | None = None
    round: str | None = None
    optional: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Every source column it looks at."""
        return (*self.columns, *self.checkboxes, *((self.since,) if self.since else ()))


class Part(Section):
    """A section of a mapping file."""

    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        raise DataMismatch(f"{self.where} {happened}", expected, next_step or NEXT)

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        given = self.content.get(key)
        given = [] if given is None else given if isinstance(given, list) else [given]
        return tuple(self.as_text(key, item) for item in given)

    def as_text(self, key: str, item: object) -> str:
        """A text, or a number as it is written."""
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            self.refuse(
                f"has something under {key} that YAML does not read as text.",
                "Texts in quotes, as in 'yes', 'no', '1'.",
            )
        return str(item).strip()

    def codes(self, key: str) -> dict[str, str | None]:
        """Source texts with the codes they stand for; null means missing."""
        given = self.content.get(key)
        if given is None:
            return {}
        if not isinstance(given, Mapping) or not given:
            self.refuse(f"has {key} that are no map.", "As in {'1': M, '2': F}.")
        codes: dict[str, str | None] = {}
        for text, code in given.items():
            known = self.as_text(key, text)
            if known in codes:
                self.refuse(f"has a text twice under {key}.", "Each text once.")
            codes[known] = None if code is None else self.as_text(key, code)
        return codes


def read_filling(name: str, given: object, date_format: str) -> Filling:
    """One variable's section of a mapping file, or DataMismatch that names it."""
    if isinstance(given, str):
        given = {"column": given}
    part = Part(given, f"Variable {name}", KEYS)
    date = Part(part.mapping("date"), f"date of {name}", ("since", "take", "format"))
    constant = part.content.get("constant")
    columns, boxes = part.texts("column"), part.codes("checkboxes")
    if (constant is not None) + bool(columns) + bool(boxes) != 1:
        part.refuse(
            "is filled by none, or by more than one, of column, checkboxes and constant.",
            "Exactly one of the three.",
        )
    if constant is not None and (
        isinstance(constant, bool) or not isinstance(constant, str | int | float)
    ):
        part.refuse("has a constant that is neither text nor number.", "A text or a number.")
    if part.given("date") and date.given("since") == date.given("take"):
        part.refuse("has a date without since or take.", "date: {since: COLUMN} or {take: year}.")
    if date.given("take"):
        date.choice("take", ("year",))
    return Filling(
        variable=name,
        columns=columns,
        unit=part.optional_text("unit"),
        values=part.codes("values"),
        unlisted=part.choice("unlisted", ("error", "missing"), "error"),
        missing=part.texts("missing"),
        since=date.optional_text("since"),
        take_year=date.given("take"),
        date_format=date.text("format", date_format),
        checkboxes={box: str(code) for box, code in boxes.items()},
        otherwise=part.as_text("otherwise", part.content["otherwise"])
        if part.given("otherwise")
        else None,
        constant=constant,
        round=part.choice("round", ("down", "nearest")) if part.given("round") else None,
        optional=part.flag("optional", False),
    )


def refuse_misfit(filling: Filling, dictionary: DataDictionary) -> None:
    """Raise DataMismatch where a filling does not fit the variable it fills."""
    name = filling.variable
    if name not in dictionary.variables:
        raise DataMismatch(
            f"The mapping fills {name:.60}, which is not in the dictionary {dictionary.name}.",
            "The dictionary's variables.",
            did_you_mean(name, dictionary.variables),
        )
    variable = dictionary.variables[name]
    part = Part({}, f"Variable {name}", KEYS)
    if not variable.numeric:
        for key, given in (
            ("unit", filling.unit),
            ("date", filling.since or filling.take_year),
            ("round", filling.round),
        ):
            if given:
                part.refuse(f"is a {variable.type} and has a {key}.", f"A {key} for a number.")
    if filling.unit is not None:
        convert(np.empty(0), filling.unit, variable)
    if filling.since is not None:
        convert(np.empty(0), "d", variable)
    codes = {*filling.values.values(), *filling.checkboxes.values(), filling.otherwise} - {None}
    if not variable.numeric and filling.constant is not None:
        codes.add(str(filling.constant))
    allowed = ("0", "1") if variable.type == "boolean" else tuple(variable.categories)
    for code in sorted(codes) if allowed else ():
        if code not in allowed:
            part.refuse(
                f"is mapped to {code:.60}, which is none of its codes.",
                f"One of {variable.allowed}.",
                did_you_mean(code, allowed),
            )
