"""What does a cohort consist of: its variables, its outcome, its rules?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from synthema_lab.dictionary import display, load
from synthema_lab.dictionary.check import check
from synthema_lab.dictionary.conform import conform, derive
from synthema_lab.dictionary.declare import declare_variable
from synthema_lab.dictionary.declare_roles import panels_of, role, survival_of, workload_of
from synthema_lab.dictionary.declare_rules import declare_derivations, declare_rule
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.findings import Findings
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.rules import Rule
from synthema_lab.dictionary.schema import pandera_schema
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.variable import UNMODELLED, Survival, Variable

if TYPE_CHECKING:
    import pandera.pandas as pandera

KEYS = (
    "name", "title", "version", "source", "licence", "patient", "centre", "survival",
    "risk_group", "workload", "panels", "variables", "rules",
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
    panels : mapping of name to tuple of str
        Variables that one examination gives, and that are missing together.
    rules : tuple of Rule
    derivations : mapping of name to Expression
        How derived variables are computed, inputs before what needs them.

    Examples
    --------
    >>> dictionary = DataDictionary.load("leuksurv")
    >>> dictionary.survival.time, dictionary.survival.horizon
    ('os_days', 1825.0)
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
    panels: Lookup[tuple[str, ...]] = field(default_factory=Lookup)

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
            patient=role(section, "patient", variables, ("identifier",)),
            centre=role(section, "centre", variables, ("category", "identifier")),
            survival=survival_of(section, variables),
            risk_group=role(section, "risk_group", variables, ("category",)),
            rules=rules,
            derivations=derivations,
        )
        object.__setattr__(built, "workload", workload_of(section, built.modelled))
        object.__setattr__(built, "panels", panels_of(section, variables, built.modelled))
        return built

    @property
    def modelled(self) -> tuple[str, ...]:
        """Variables a generator models: no identifier or text, not derived, not the centre."""
        return tuple(
            name
            for name, variable in self.variables.items()
            if variable.type not in UNMODELLED and not variable.derive and name != self.centre
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

    def pandera(self) -> pandera.DataFrameSchema:
        """The dictionary as a pandera schema; see `schema.pandera_schema`.

        Raises
        ------
        ExtraMissing
            If pandera is not installed.

        Examples
        --------
        >>> len(DataDictionary.load("leuksurv").pandera().columns)
        9
        """
        return pandera_schema(self)

    def available(self, columns: Iterable[str]) -> set[str]:
        """These columns, and what can be derived from them."""
        available = set(columns)
        for name, expression in self.derivations.items():
            if expression.inputs <= available:
                available.add(name)
        return available

    def rests_on(self, names: Iterable[str]) -> set[str]:
        """The recorded variables behind these, derived ones followed to theirs."""
        found: set[str] = set()
        for name in names:
            derived = self.derivations.get(name)
            found |= {name} if derived is None else self.rests_on(derived.inputs)
        return found

    def decidable(self, columns: Iterable[str]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """The rules that can be decided from these columns, and those that cannot."""
        available = self.available(columns)
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
