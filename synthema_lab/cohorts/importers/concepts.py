"""Which codes mean the disease, its categories and its events in records kept for care?"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from synthema_lab.cohorts.importers.vocabularies import Coding, Matcher, coding, vocabulary
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.dictionary.load import find, read_file
from synthema_lab.dictionary.sections import Section
from synthema_lab.errors import ArgumentRefused

PACKAGED = Path(__file__).with_name("concepts.yaml")
INDEX_RULES = ("condition", "measurement", "steady")
KEYS = (
    "index", "conditions", "excluded", "unsteady", "steady", "events", "current", "males_only",
    "certain_only", "not_by_gene", "extra", "categories",
)  # fmt: skip
RECORDED = {"SNOMED CT", "ICD-10", "RxNorm", "ATC"}
"""Vocabularies in which care records what a patient has: no record then means no."""


@dataclass(frozen=True)
class CategoryCodes:
    """How one category variable is told from codes.

    Attributes
    ----------
    codes : mapping of category to tuple of coding
    latest : bool
        Whether the latest record counts; otherwise records that disagree leave it missing.
    otherwise : str or None
        The category of a patient without any of the codes.
    """

    codes: Mapping[str, tuple[Coding, ...]]
    latest: bool = False
    otherwise: str | None = None


@dataclass(frozen=True)
class Concepts:
    """What a dictionary does not say about how its cohort stands in records kept for care.

    Attributes
    ----------
    conditions, excluded : tuple of coding
        What makes a patient one of the cohort, and what begins like it and does not.
    index : {"condition", "measurement", "steady"}
        The rule for the day on which patients are looked at.
    unsteady : tuple of (days, codings)
        A day is not steady if one of the codes was recorded within so many days before.
    steady : str or None
        The variable that says whether the day was steady.
    events : mapping of variable to days
        Counts of days with one of its codes, in so many days up to the index day.
    current, males_only, certain_only, not_by_gene : frozenset of str
        Variables that count only if they last into the window, that only males have,
        whose absence from the record says nothing, and that a variant of their gene
        does not tell.
    extra : mapping of variable to tuple of coding
    categories : mapping of variable to CategoryCodes
    """

    conditions: tuple[Coding, ...]
    excluded: tuple[Coding, ...] = ()
    index: str = "condition"
    unsteady: tuple[tuple[int, tuple[Coding, ...]], ...] = ()
    steady: str | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    current: frozenset[str] = frozenset()
    males_only: frozenset[str] = frozenset()
    certain_only: frozenset[str] = frozenset()
    not_by_gene: frozenset[str] = frozenset()
    extra: Mapping[str, tuple[Coding, ...]] = field(default_factory=dict)
    categories: Mapping[str, CategoryCodes] = field(default_factory=dict)

    @classmethod
    def load(
        cls, concepts: Concepts | str | os.PathLike[str] | None, dictionary: DataDictionary
    ) -> Concepts:
        """The concepts of a dictionary's cohort.

        Parameters
        ----------
        concepts : Concepts, path or None
            A YAML file such as ``concepts.yaml`` beside this module; None takes that one.
        dictionary : DataDictionary
            Its name is the key that is looked for.

        Raises
        ------
        ArgumentRefused
            If the file has nothing under the dictionary's name.
        DataMismatch
            If the file is not written as it should be.

        Examples
        --------
        >>> from synthema_lab.dictionary import DataDictionary
        >>> given = Concepts(conditions=(("ICD-10", "C920"),))
        >>> Concepts.load(given, DataDictionary.load("leuksurv")).index
        'condition'
        """
        if isinstance(concepts, Concepts):
            return concepts
        content = read_file(PACKAGED if concepts is None else find(concepts))
        if dictionary.name not in content:
            raise ArgumentRefused(
                f"No disease is named {dictionary.name} where codes are looked up.",
                f"One of {', '.join(map(str, content))}, or a file of your own.",
                f"Write the codes of {dictionary.name} as in {PACKAGED.name} and pass "
                "concepts='my_concepts.yaml'.",
            )
        return cls.from_dict(dictionary.name, content[dictionary.name])

    @classmethod
    def from_dict(cls, name: str, content: object) -> Concepts:
        """Concepts from plain values, as YAML gives them; raises DataMismatch."""
        section = Section(content, f"Concepts of {name}", KEYS)
        conditions = _codings(section, section.items("conditions"))
        if not conditions:
            section.refuse("has no conditions.", "The codes that make a patient one of the cohort.")
        return cls(
            conditions=conditions,
            excluded=_codings(section, section.items("excluded")),
            index=section.choice("index", INDEX_RULES, "condition"),
            unsteady=tuple(_unsteady(section, item) for item in section.items("unsteady")),
            steady=section.optional_text("steady"),
            events={key: _days(section, days) for key, days in section.mapping("events").items()},
            current=frozenset(map(str, section.items("current"))),
            males_only=frozenset(map(str, section.items("males_only"))),
            certain_only=frozenset(map(str, section.items("certain_only"))),
            not_by_gene=frozenset(map(str, section.items("not_by_gene"))),
            extra={
                key: _codings(section, codes) for key, codes in section.mapping("extra").items()
            },
            categories={
                key: _category(section, key, declared)
                for key, declared in section.mapping("categories").items()
            },
        )

    def codes_of(self, variable: Variable) -> tuple[Coding, ...]:
        """The codings of a variable: those of its dictionary, then the extra ones."""
        own = (coding(code.system, code.code) for code in variable.codes)
        extra = self.extra.get(variable.name, ())
        return tuple(dict.fromkeys([*(one for one in own if one is not None), *extra]))

    def recorded(self, variable: Variable) -> bool:
        """Whether care would have recorded it, so that no record means no.

        Examples
        --------
        >>> stroke = Variable("stroke", "Stroke", "boolean")
        >>> Concepts(conditions=()).recorded(stroke)
        False
        """
        if variable.name in self.certain_only:
            return False
        return any(system in RECORDED for system, _ in self.codes_of(variable))

    @functools.cached_property
    def disease(self) -> Matcher:
        """Tells ``disease`` from ``excluded``."""
        return Matcher.of({"disease": self.conditions, "excluded": self.excluded})

    def wanted(self, dictionary: DataDictionary) -> frozenset[Coding]:
        """Every coding that the import has a use for."""
        codes = [
            one for variable in dictionary.variables.values() for one in self.codes_of(variable)
        ]
        codes += [*self.conditions, *self.excluded]
        codes += [one for _, codings in self.unsteady for one in codings]
        for category in self.categories.values():
            codes += [one for codings in category.codes.values() for one in codings]
        return frozenset(codes)


def _codings(section: Section, items: object) -> tuple[Coding, ...]:
    found = []
    for item in items if isinstance(items, list) else [None]:
        declared = Section(item, f"{section.where}: a code", ("system", "code", "status"))
        if not isinstance(declared.content.get("code"), str | int):
            declared.refuse("has no code.", 'As in {system: SNOMED CT, code: "91861009"}.')
        system = declared.text("system")
        one = coding(system, declared.content["code"])
        if one is None or vocabulary(system) is None:
            declared.refuse("has an unknown system.", "LOINC, SNOMED CT, ICD-10, RxNorm, ATC, ...")
        found.append(one)
    return tuple(found)


def _days(section: Section, days: object) -> int:
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        section.refuse("has days that are no number of days.", "A whole number from 1.")
    return days


def _unsteady(section: Section, item: object) -> tuple[int, tuple[Coding, ...]]:
    declared = Section(item, f"{section.where}: unsteady", ("days", "codes"))
    return _days(declared, declared.content.get("days")), _codings(
        declared, declared.items("codes")
    )


def _category(section: Section, name: str, item: object) -> CategoryCodes:
    declared = Section(item, f"{section.where}: {name}", ("codes", "latest", "otherwise"))
    return CategoryCodes(
        codes={
            category: _codings(declared, codes)
            for category, codes in declared.mapping("codes").items()
        },
        latest=declared.flag("latest", False),
        otherwise=declared.optional_text("otherwise"),
    )
