"""What is a variable, and what may it hold?"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from synthema_lab.dictionary.lookup import Lookup

TYPES = ("number", "integer", "category", "boolean", "identifier", "text")
UNMODELLED = ("identifier", "text")
IDENTIFIER_CLASSES = ("direct", "quasi", "sensitive", "other")
SHAPES = ("uniform", "log")
CODE_STATUSES = ("verified", "recalled")
DEFAULT_TOLERANCE = 0.01
EVIDENCE = ("verified", "computed", "recalled", "assumed")


@dataclass(frozen=True)
class Code:
    """A variable's concept in a standard vocabulary.

    Parameters
    ----------
    system : str
        The vocabulary: ``LOINC``, ``SNOMED CT``, ``ICD-10-CM``, ``HPO``, ``OMOP``, ...
    code : str
        The concept's code there.
    status : {"verified", "recalled"}
        Whether the code was read in a published list, or written from memory
        and still to be looked up.

    Examples
    --------
    >>> print(Code("LOINC", "6690-2", "verified"))
    LOINC 6690-2
    >>> print(Code("LOINC", "63504-5", "recalled"))
    LOINC 63504-5 (recalled)
    """

    system: str
    code: str
    status: str = "recalled"

    def __str__(self) -> str:
        return f"{self.system} {self.code}" + ("" if self.status == "verified" else " (recalled)")


@dataclass(frozen=True)
class Survival:
    """The outcome: a time, whether the event was seen, and how far figures look.

    Parameters
    ----------
    time, event : str
        Names of the time variable and of the 0/1 event variable.
    horizon : float
        Where survival figures and restricted means stop, in the unit of `time`.
    covariates : tuple of str
        Prognostic factors of the survival model; empty means every variable.
    """

    time: str
    event: str
    horizon: float
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable:
    """One column of a cohort, as clinicians declare it.

    Parameters
    ----------
    name : str
        The column's name.
    label : str
        What it is, in words.
    type : {"number", "integer", "category", "boolean", "identifier", "text"}
        A boolean is written 0 or 1. Identifiers and free text are never modelled.
    unit : str or None
        The UCUM unit of a number.
    range : (low, high) or None
        Hard limits, both included: a value beyond them is impossible.
    plausible : (low, high) or None
        A value beyond them is possible and worth a second look.
    bins : tuple of float
        Public edges ``e0 < e1 < ... < ek``: bins ``[e0, e1), ..., [ek-1, ek]``.
        They start and end at the hard limits. Never learnt from patients.
    resolution : float or None
        The step in which it is recorded, such as 0.1.
    molar_mass : float or None
        In g/mol, of a substance that laboratories report by mass or by amount.
    categories : mapping of code to label
        Ordered.
    missing : bool
        Whether it may be missing.
    expected_missing : float or None
        The share usually missing, 0 to 1.
    derive : str or None
        The expression that gives this variable from others.
    steps : tuple of (str, str)
        The ordered table that `derive` was written as, if it was: code and condition of
        each row, first hit wins.
    tolerance : float
        How far a recorded number may lie from the derived one, as a share of it.
    codes : tuple of Code
        Its concept in standard vocabularies.
    identifier : {"direct", "quasi", "sensitive", "other"}
        How it could point to a person.
    core : bool
        Whether a table is incomplete without it.
    within_bin : {"uniform", "log"}
        The shape assumed inside a bin. In a bin that touches 0, ``log`` means uniform.
    caveat, source : str
        What to know before using it, and where its definition comes from.
    evidence : {"", "verified", "computed", "recalled", "assumed"}
        Whether what `source` says was read there, computed, recalled or assumed.
    digits : tuple of float
        Steps to which people like to round it (digit preference), such as 5 and
        10 for a share of blasts; each a multiple of the one before.

    Examples
    --------
    >>> age = Variable("age_years", "Age", "integer", unit="a", range=(14, 105))
    >>> print(age)
    age_years: Age, integer, 14 to 105 a
    """

    name: str
    label: str
    type: str
    unit: str | None = None
    range: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None
    bins: tuple[float, ...] = ()
    resolution: float | None = None
    molar_mass: float | None = None
    categories: Mapping[str, str] = field(default_factory=Lookup)
    missing: bool = False
    expected_missing: float | None = None
    derive: str | None = None
    steps: tuple[tuple[str, str], ...] = ()
    tolerance: float = DEFAULT_TOLERANCE
    codes: tuple[Code, ...] = ()
    identifier: str = "other"
    core: bool = True
    within_bin: str = "uniform"
    caveat: str = ""
    source: str = ""
    evidence: str = ""
    digits: tuple[float, ...] = ()

    @property
    def numeric(self) -> bool:
        """Whether it is counted or measured (number or integer)."""
        return self.type in ("number", "integer")

    @property
    def allowed(self) -> str:
        """What it may hold, in words.

        Examples
        --------
        >>> Variable("sex", "Sex", "category", categories={"F": "female", "M": "male"}).allowed
        'F, M'
        """
        if self.type == "boolean":
            return "0, 1"
        if self.type in UNMODELLED:
            return "text"
        if self.categories:
            codes = list(self.categories)
            return ", ".join(codes if len(codes) <= 8 else [*codes[:7], f"... ({len(codes)})"])
        if self.range is not None:
            return f"{plain(self.range[0])} to {plain(self.range[1])}"
        return "any number"

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit and self.unit != "1" else ""
        derived = ", derived" if self.derive else ""
        return f"{self.name}: {self.label}, {self.type}{derived}, {self.allowed}{unit}"

    def _repr_html_(self) -> str:
        facts = {
            "label": self.label,
            "type": self.type,
            "unit": self.unit or "",
            "allowed": self.allowed,
            "plausible": "" if self.plausible is None else " to ".join(map(plain, self.plausible)),
            "public bins": ", ".join(map(plain, self.bins)),
            "recorded in steps of": "" if self.resolution is None else plain(self.resolution),
            "may be missing": "yes" if self.missing else "no",
            "derived as": _steps(self.steps) or self.derive or "",
            "identifier class": self.identifier,
            "codes": "; ".join(map(str, self.codes)),
            "caveat": self.caveat,
            "source": self.source + (f" ({self.evidence})" if self.evidence else ""),
        }
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(fact)}</td></tr>"
            for name, fact in facts.items()
            if fact
        )
        return f"<table><caption><b>{html.escape(self.name)}</b></caption>{rows}</table>"


def _steps(steps: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(f"{code} if {condition}" for code, condition in steps).replace(
        " if otherwise", " otherwise"
    )


def plain(number: float) -> str:
    """A number without needless decimals.

    Examples
    --------
    >>> plain(14.0), plain(0.5)
    ('14', '0.5')
    """
    number = float(number)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
