"""Is a variable's declaration sound, and what object does it become?"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from itertools import pairwise

from synthema_lab.dictionary.expressions import FUNCTIONS
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.steps import derivation_steps, nested
from synthema_lab.dictionary.variable import (
    CODE_STATUSES,
    DEFAULT_TOLERANCE,
    EVIDENCE,
    IDENTIFIER_CLASSES,
    SHAPES,
    TYPES,
    UNMODELLED,
    Code,
    Variable,
)

VARIABLE_KEYS = (
    "label", "type", "unit", "range", "plausible", "bins", "resolution", "categories", "missing",
    "expected_missing", "derive", "codes", "identifier", "core", "within_bin", "caveat", "source",
    "tolerance", "molar_mass", "evidence", "digits",
)  # fmt: skip
_DEFAULT_CLASS = {"identifier": "direct", "text": "sensitive"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def declare_variable(name: str, content: object) -> Variable:
    """One variable from its section, or DataMismatch that names it."""
    section = Section(content, f"Variable {name}", VARIABLE_KEYS)
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in FUNCTIONS:
        section.refuse(
            "has a name that cannot be used in rules.",
            "Letters, digits and _, beginning with a letter; no word of the rule language.",
        )
    kind = section.choice("type", TYPES)
    steps = derivation_steps(section, kind)
    derive = nested(steps) if steps else section.optional_text("derive")
    if derive and kind in UNMODELLED:
        section.refuse(f"is a derived {kind}.", "Identifiers and texts are given, not derived.")
    if section.given("tolerance") and not (derive and kind in ("number", "integer")):
        section.refuse("has a tolerance.", "A tolerance only for a derived number.")
    limits = section.pair("range")
    plausible = section.pair("plausible")
    if kind not in ("number", "integer"):
        for key in (
            "range", "plausible", "bins", "unit", "within_bin", "resolution", "molar_mass",
            "digits",
        ):  # fmt: skip
            if section.given(key):
                section.refuse(f"is a {kind} and has a {key}.", f"A {key} only for a number.")
    if kind == "integer" and limits and not all(edge.is_integer() for edge in limits):
        section.refuse("is an integer with a limit that is not.", "Whole numbers as limits.")
    if limits and plausible and not limits[0] <= plausible[0] < plausible[1] <= limits[1]:
        section.refuse("is plausible beyond its hard range.", "plausible inside range.")
    missing = section.flag("missing", False)
    shape = section.choice("within_bin", SHAPES, "uniform")
    if shape == "log" and not (limits and limits[0] >= 0):
        section.refuse(
            "is spread log-evenly and can be below 0, or has no range.",
            "A range that starts at 0 or above for within_bin: log.",
        )
    return Variable(
        name=name,
        label=section.text("label"),
        type=kind,
        unit=section.optional_text("unit"),
        range=limits,
        plausible=plausible,
        bins=_bins(section, kind, limits),
        resolution=_resolution(section, limits),
        categories=_categories(section, kind),
        missing=missing,
        expected_missing=_expected_missing(section, missing),
        derive=derive,
        steps=steps,
        tolerance=_positive(section, "tolerance", DEFAULT_TOLERANCE),
        molar_mass=_positive(section, "molar_mass", None),
        codes=tuple(_code(name, code) for code in section.items("codes")),
        identifier=section.choice(
            "identifier", IDENTIFIER_CLASSES, _DEFAULT_CLASS.get(kind, "other")
        ),
        core=section.flag("core", derive is None),
        within_bin=shape,
        caveat=section.text("caveat", ""),
        source=section.text("source", ""),
        evidence=section.choice("evidence", EVIDENCE) if section.given("evidence") else "",
        digits=_digits(section, kind),
    )


def _digits(section: Section, kind: str) -> tuple[float, ...]:
    """Steps of digit preference, each a whole multiple of the one before."""
    if not section.items("digits"):
        return ()
    steps = section.numbers("digits")
    if kind != "integer" and not section.given("resolution"):
        section.refuse("has digits and no resolution.", "The step in which it is recorded.")
    finest = 1.0 if kind == "integer" else section.number("resolution")
    ratios = [step / before for before, step in pairwise([finest, *steps])]
    if not all(ratio > 1 and abs(ratio - round(ratio)) < 1e-9 for ratio in ratios):
        section.refuse(
            "has digits that do not follow from one another.",
            "Multiples of its resolution, each a multiple of the one before, as in [5, 10].",
        )
    return tuple(steps)


def _positive(section: Section, key: str, default: float | None) -> float | None:
    if not section.given(key):
        return default
    number = section.number(key)
    if number <= 0:
        section.refuse(f"has a {key} that is not above 0.", "A number above 0.")
    return number


def _bins(section: Section, kind: str, limits: tuple[float, float] | None) -> tuple[float, ...]:
    if not section.items("bins"):
        return ()
    bins = section.numbers("bins")
    if limits is None:
        section.refuse("has bins and no range.", "A range, which the bins cover.")
    if len(bins) < 2 or any(low >= high for low, high in pairwise(bins)):
        section.refuse("has bins that do not increase.", "At least two edges, each above the last.")
    if (bins[0], bins[-1]) != limits:
        section.refuse(
            "has bins that do not cover its range exactly.",
            "Bins that start at the range's lower limit and end at its upper limit.",
        )
    if kind == "integer" and any(not edge.is_integer() for edge in bins):
        section.refuse("is an integer with a bin edge that is not.", "Whole numbers as edges.")
    return bins


def _resolution(section: Section, limits: tuple[float, float] | None) -> float | None:
    if not section.given("resolution"):
        return None
    step = section.number("resolution")
    if step <= 0:
        section.refuse("has a resolution that is not above 0.", "A step such as 0.1.")
    edges = [*(limits or ()), *section.numbers("bins")] if section.items("bins") else limits or ()
    if any(abs(edge / step - round(edge / step)) > 1e-6 for edge in edges):
        section.refuse(
            "has a limit or a bin edge that cannot be recorded in its resolution.",
            "Limits and edges that are whole multiples of the resolution.",
        )
    return step


def _categories(section: Section, kind: str) -> Lookup[str]:
    given = section.content.get("categories")
    if kind != "category":
        if given is not None:
            section.refuse(f"is a {kind} and has categories.", "Categories only for a category.")
        return Lookup()
    if isinstance(given, list):
        given = {code: code for code in given} if all(map(_hashable, given)) else None
    if not isinstance(given, Mapping) or not given:
        section.refuse("has no categories.", "A mapping of codes to labels, in order.")
    pairs: dict[str, str] = {}
    for code, label in given.items():
        if not isinstance(code, str) or not code.strip() or not isinstance(label, str | int):
            section.refuse(
                "has a code that YAML does not read as text.",
                "Codes and labels in quotes: \"1\": first, 'no': absent.",
            )
        pairs[code] = str(label)
    if isinstance(section.content["categories"], list) and len(pairs) != len(
        section.content["categories"]
    ):
        section.refuse("has a code that occurs twice.", "Each code once.")
    return Lookup(pairs)


def _hashable(code: object) -> bool:
    return isinstance(code, str | int | float | bool)


def _expected_missing(section: Section, missing: bool) -> float | None:
    if not section.given("expected_missing"):
        return None
    share = section.number("expected_missing")
    if not missing or not 0 <= share <= 1:
        section.refuse(
            "has an expected share of missing values that cannot be.",
            "A share between 0 and 1, together with missing: true.",
        )
    return share


def _code(name: str, content: object) -> Code:
    section = Section(content, f"A code of variable {name}", ("system", "code", "status"))
    code = section.content.get("code")
    if not isinstance(code, str | int) or isinstance(code, bool):
        section.refuse("has no code.", "A code, as in {system: LOINC, code: 6690-2}.")
    return Code(section.text("system"), str(code), section.choice("status", CODE_STATUSES))
