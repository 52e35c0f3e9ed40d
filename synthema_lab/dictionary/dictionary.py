"""What does a cohort consist of: its variables, its outcome, its rules?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from synthema_lab.dictionary import display, load
from synthema_lab.dictionary.check import check
from synthema_lab.dictionary.conform import conform, derive
from synthema_lab.dictionary.declare import declare_derivations, declare_rule, declare_variable
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.findings import Findings
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.rules import Rule
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.dictionary.variable import Survival, Variable

KEYS = (
    "name", "title", "version", "source", "licence", "patient", "centre", "survival",
    "risk_group", "workload", "variables", "rules",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class DataDictionary:
    """The variables of a cohort, as clinicians declare them, and the rules between them.

    Everything a method needs to know in advance is here and public: limits,
    bins, categories, units, the outcome, the pairs that matter. Nothing of it
    is learnt from patients.

    Attributes
    ----------
    name, title, version, source, licence : str
    variables : mapping of name to Variable
        Ordered; ``dictionary.variables.age_years`` works too.
    patient : str or None
        The variable that holds the pseudonym.
    centre : str or None
        The variable that says which centre or district a patient belongs to.
    survival : Survival or None
    risk_group : str or None
        The category that stratifies survival figures.
    workload : tuple of tuple of str
        Sets of variables whose joint counts matter most, outcome first.
    rules : tuple of Rule
    derivations : mapping of name to Expression
        How derived variables are computed, inputs before what needs them.

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> dictionary.survival
    Survival(time='os_days', event='os_event', horizon=1825.0)
    >>> dictionary.variables.wbc_gl.unit
    '10*9/L'
    """

    name: str
    title: str
    version: str
    source: str
    licence: str
    variables: Lookup[Variable]
    patient: str | None = None
    centre: str | None = None
    survival: Survival | None = None
    risk_group: str | None = None
    workload: tuple[tuple[str, ...], ...] = ()
    rules: tuple[Rule, ...] = ()
    derivations: Lookup[Expression] = field(default_factory=Lookup)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DataDictionary:
        """Read a dictionary from a YAML file.

        Parameters
        ----------
        path : path or str
            A file, or a bare name such as ``leuksurv`` that is looked up in the
            folder ``data_dictionaries/``.

        Raises
        ------
        ArgumentRefused
            If there is no such file.
        DataMismatch
            If a key is unknown or repeated, a limit or a bin unsound, or a rule
            outside the expression language.
        """
        return cls.from_dict(load.read_file(load.find(path)))

    @classmethod
    def from_text(cls, text: str) -> DataDictionary:
        """Read a dictionary from YAML text; raises as `load` does."""
        return cls.from_dict(load.read_yaml(text, "The text"))

    @classmethod
    def from_dict(cls, content: Mapping[str, object]) -> DataDictionary:
        """Build a dictionary from plain values, as YAML or JSON gives them.

        Raises
        ------
        DataMismatch
            As `load` does.
        """
        section = Section(content, "The data dictionary", KEYS)
        variables = Lookup(
            (name, declare_variable(name, declared))
            for name, declared in section.mapping("variables").items()
        )
        if not variables:
            section.refuse("declares no variable.", "At least one under variables.")
        derivations = Lookup(declare_derivations(variables))
        rules = tuple(
            declare_rule(name, declared, variables, derivations)
            for name, declared in section.mapping("rules").items()
        )
        built = cls(
            name=section.text("name"),
            title=section.text("title"),
            version=section.text("version"),
            source=section.text("source"),
            licence=section.text("licence"),
            variables=variables,
            patient=_role(section, "patient", variables, ("identifier",)),
            centre=_role(section, "centre", variables, ("category", "identifier")),
            survival=_survival(section, variables),
            risk_group=_role(section, "risk_group", variables, ("category",)),
            rules=rules,
            derivations=derivations,
        )
        object.__setattr__(built, "workload", _workload(section, built.modelled))
        return built

    @property
    def modelled(self) -> tuple[str, ...]:
        """Variables a generator models: not an identifier, not derived, not the centre."""
        return tuple(
            name
            for name, variable in self.variables.items()
            if variable.type != "identifier" and not variable.derive and name != self.centre
        )

    @property
    def derived(self) -> tuple[str, ...]:
        """Variables computed from others, inputs before what needs them."""
        return tuple(self.derivations)

    @property
    def digest(self) -> str:
        """SHA-256 of what the dictionary says, in hexadecimal; layout does not count."""
        canonical = json.dumps(self.as_dict(), separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    def as_dict(self) -> dict[str, object]:
        """The dictionary as plain values; `from_dict` gives it back."""
        return display.plain_values(self)

    def conform(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with the dictionary's types, columns in the dictionary's order.

        Parameters
        ----------
        table : DataFrame
            Raw, as read from a file; any subset of the variables.

        Returns
        -------
        DataFrame
            number float64; integer and boolean Int64; category a categorical
            over the dictionary's codes in order; identifier string. The index
            is kept. Limits and rules are not looked at: see `check`.

        Raises
        ------
        DataMismatch
            With columns, rows and counts only.
        """
        return conform(table, self.variables)

    def derive(self, table: pd.DataFrame) -> pd.DataFrame:
        """The conformed table with derived variables recomputed where inputs are present."""
        return derive(table, self.variables, self.derivations, self.derived)

    def check(self, table: pd.DataFrame, require_core: bool = True) -> Findings:
        """All that is wrong with a table, without raising on bad data.

        Parameters
        ----------
        table : DataFrame
            Raw or conformed.
        require_core : bool
            Whether an absent core variable is an error.

        Returns
        -------
        Findings
            Columns, types, limits, codes, missing values, repeated pseudonyms,
            derived values and rules; row numbers and counts, never values.
        """
        return check(self, table, require_core)

    def decidable(self, columns: Iterable[str]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """The rules that can be decided from these columns, and those that cannot."""
        available = set(columns)
        for name, expression in self.derivations.items():
            if expression.inputs <= available:
                available.add(name)
        can = tuple(rule for rule in self.rules if rule.inputs <= available)
        cannot = tuple(rule for rule in self.rules if not rule.inputs <= available)
        return can, cannot

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataDictionary) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return display.as_text(self)

    def _repr_html_(self) -> str:
        return display.as_html(self)


def _role(
    section: Section, key: str, variables: Mapping[str, Variable], types: Collection[str]
) -> str | None:
    name = section.optional_text(key)
    if name is None:
        return None
    if name not in variables:
        section.refuse(
            f"names a {key} that it does not declare.",
            "The name of a variable.",
            did_you_mean(name, variables),
        )
    if variables[name].type not in types:
        section.refuse(
            f"has {name} as its {key}, and {name} is a {variables[name].type}.",
            f"A variable of type {' or '.join(types)}.",
        )
    return name


def _survival(section: Section, variables: Mapping[str, Variable]) -> Survival | None:
    if not section.given("survival"):
        return None
    inner = Section(section.content["survival"], "survival", ("time", "event", "horizon"))
    inner.text("time"), inner.text("event")
    time = _role(inner, "time", variables, ("number", "integer"))
    event = _role(inner, "event", variables, ("boolean",))
    horizon = inner.number("horizon")
    limits = variables[time].range
    if horizon <= 0 or (limits is not None and horizon > limits[1]):
        inner.refuse("has a horizon beyond the range of its time.", "A positive time in range.")
    return Survival(time, event, horizon)


def _workload(section: Section, modelled: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    cliques: list[tuple[str, ...]] = []
    for clique in section.items("workload"):
        if (
            not isinstance(clique, list)
            or len(clique) < 2
            or len(set(map(str, clique))) < len(clique)
        ):
            section.refuse("has a workload entry that is no set.", "As in [os_days, age_years].")
        for name in clique:
            if name not in modelled:
                section.refuse(
                    f"has {name!s:.60} in its workload, which is not a modelled variable.",
                    "Variables that are no identifier, not derived and not the centre.",
                    did_you_mean(str(name), modelled),
                )
        if any(set(clique) == set(earlier) for earlier in cliques):
            section.refuse(f"has {', '.join(clique)} twice in its workload.", "Each set once.")
        cliques.append(tuple(clique))
    return tuple(cliques)
