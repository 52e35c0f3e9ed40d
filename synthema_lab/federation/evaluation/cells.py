"""Which public cells do patients fall into, when a synthetic cohort is judged?

All cells follow from the data dictionary: its bins and categories, its pairs,
its survival horizon in quarters of a year, and fixed grids of attack scores.
Two sides are counted apart, patients learnt from and patients held out. A
patient is on one side, and so in one cell of a table that is marked private;
the other tables depend on patients in more than one way, and are left out where
the sums are to be differentially private. Attacks are made with the synthetic
cohort, and with each hospital's own independent marginals as the floor.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ...dictionary import DataDictionary
from ...generators.encoder import Encoder
from ...privacy import SkellamEvent, calibrate
from ...validation import guessing
from ...validation.finding_effects import Finding
from ...validation.knowledge import sensitive_variables
from ...validation.linkability import NEIGHBOURS, SPLITS
from ..statistics.grid import DAYS, QUARTER_DAYS
from .effects import SIZE as EFFECT
from .effects import published
from .hazards import covariates_of, size_of
from .rates import RATES
from .rates import SIZE as RATE
from .score_grid import EDGES

TRAIN, HELD = 0, 1
SIDES = 2
TABLES = ("candidate", "floor")
"""What attacks are made with."""


@dataclass(frozen=True)
class Cells:
    """One table of counts.

    Attributes
    ----------
    name : str
    shape : tuple of int
    private : bool
        Whether adding or removing a patient changes one cell, by one.
    """

    name: str
    shape: tuple[int, ...]
    private: bool

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(np.prod(self.shape))


class Layout:
    """All tables that are summed, in the order of the vector.

    Parameters
    ----------
    dictionary : DataDictionary
    columns : sequence of str
        The study's variables.
    private : bool
        Only tables in which a patient is in one cell.

    Attributes
    ----------
    encoder : Encoder
    pairs : tuple of (str, str)
        The dictionary's pairs among the variables; all pairs where it names none.
    edges : numpy.ndarray
        Of the survival grid, in the unit of the survival time; empty without an outcome.
    covariates : int
        Of the Cox model; 0 without an outcome.
    grouped : bool
        Whether patients are counted by risk group.
    sensitive : tuple of str
        What attackers guess.
    carried : tuple of (str, str)
        Pairs of findings that a patient carries or not, the event apart.
    findings : tuple of Finding
        Published ones that these variables can decide.
    tables : tuple of Cells

    Examples
    --------
    >>> layout = Layout(DataDictionary.load("leuksurv"), ["os_days", "os_event", "sex"], False)
    >>> layout.pairs
    (('os_days', 'os_event'), ('os_days', 'sex'))
    >>> layout.table("one os_event").shape
    (2, 2)
    """

    def __init__(self, dictionary: DataDictionary, columns: list[str], private: bool) -> None:
        self.dictionary = dictionary
        self.encoder = Encoder(dictionary, columns)
        self.columns = self.encoder.columns
        self.pairs = _pairs(dictionary, self.columns)
        self.edges = _survival_edges(dictionary, self.columns)
        self.grouped = dictionary.risk_group in dictionary.available(self.columns)
        self.rules, self.undecided = dictionary.decidable(self.columns)
        self.covariates = len(covariates_of(dictionary, self.columns)) if len(self.edges) else 0
        several = len(self.columns) > 1
        self.sensitive = sensitive_variables(dictionary, self.columns) if several else ()
        self.carried = _carried(dictionary, self.columns)
        self.findings: tuple[Finding, ...] = ()
        if not private:
            self.findings = published(dictionary, self.columns, len(self.edges) > 0)
        self.tables = tuple(table for table in self._all() if table.private or not private)
        self.private = private

    @property
    def length(self) -> int:
        """Numbers in a site's vector."""
        return sum(table.size for table in self.tables)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all tables, and of what attacks and findings behind them are; 32 bytes."""
        told = [
            [(one.name, one.shape) for one in self.tables], self.findings, guessing.TREES,
            guessing.TOLERANCE, [(name, edges.tolist()) for name, edges in EDGES.items()],
        ]  # fmt: skip
        return hashlib.sha256(repr(told).encode()).digest()

    def table(self, name: str) -> Cells:
        """One table by name."""
        return next(table for table in self.tables if table.name == name)

    def __contains__(self, name: str) -> bool:
        return any(table.name == name for table in self.tables)

    def joined(self, counts: dict[str, np.ndarray]) -> np.ndarray:
        """The vector of these counts, int64 of shape (length,)."""
        parts = [np.asarray(counts[table.name], np.int64).ravel() for table in self.tables]
        return np.concatenate(parts)

    def split(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """Undo `joined`."""
        ends = np.cumsum([table.size for table in self.tables])[:-1]
        parts = np.split(np.asarray(vector), ends)
        return {
            table.name: part.reshape(table.shape)
            for table, part in zip(self.tables, parts, strict=True)
        }

    def variances(self, epsilon: float, delta: float) -> tuple[float, ...]:
        """Variance of the noise in each cell of each table, in squared patients.

        The budget is shared evenly: a patient is in one cell of every table.
        """
        return calibrate([1.0] * len(self.tables), epsilon, delta)

    def events(self, epsilon: float, delta: float) -> tuple[SkellamEvent, ...]:
        """What opening all tables costs."""
        return tuple(SkellamEvent(variance) for variance in self.variances(epsilon, delta))

    def _all(self) -> list[Cells]:
        sizes = dict(zip(self.columns, self.encoder.sizes, strict=True))
        groups = 1
        if self.grouped:
            groups += len(self.dictionary.variables[self.dictionary.risk_group].categories)
        tables = [Cells(f"one {name}", (SIDES, sizes[name]), True) for name in self.columns]
        tables += [
            Cells(f"pair {one} {other}", (SIDES, sizes[one], sizes[other]), True)
            for one, other in self.pairs
        ]
        if len(self.edges):
            tables.append(Cells("survival", (SIDES, groups, len(self.edges), 2), True))
        if self.rules:
            tables.append(Cells("rules", (SIDES, 2), True))
        if self.grouped:
            tables += [
                Cells(f"grouped {name}", (SIDES, groups, sizes[name]), False)
                for name in self.columns
            ]
        attacked = (len(TABLES), SIDES)
        for name, edges in EDGES.items():
            tables += [
                Cells(f"{whom} {name}", (*attacked, len(edges) + 1), False)
                for whom in ("attack", "rarest")
            ]
        for name in self.sensitive:
            coded = self.encoder.coded[name]
            levels = 1 if coded.variable.numeric else coded.present
            tables.append(
                Cells(f"guesses {name}", (*attacked, levels, 1 + len(guessing.ATTACKS)), False)
            )
        if len(self.columns) > 1:
            tables.append(Cells("joins", (*attacked, len(NEIGHBOURS), SPLITS + 1), False))
        tables.append(Cells("copies", attacked, False))
        if self.carried:
            tables.append(Cells("carried", (SIDES, len(self.carried), 4), False))
        tables += [Cells(f"effect {one.name}", (SIDES, EFFECT), False) for one in self.findings]
        if self.covariates:
            tables.append(Cells("cox", (SIDES, size_of(self.covariates)), False))
        tables += [
            Cells(f"rate {name} {role}", (RATE,), False)
            for name, roles in RATES.items()
            for role in roles
        ]
        return tables


def _pairs(dictionary: DataDictionary, columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    named = [pair for some in dictionary.workload for pair in combinations(some, 2)]
    here = [pair for pair in dict.fromkeys(named) if set(pair) <= set(columns)]
    return tuple(here or combinations(columns, 2))


def _carried(dictionary: DataDictionary, columns: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    event = dictionary.survival.event if dictionary.survival else None
    names = [n for n in columns if dictionary.variables[n].type == "boolean" and n != event]
    return tuple(combinations(names, 2))


def _survival_edges(dictionary: DataDictionary, columns: tuple[str, ...]) -> np.ndarray:
    survival = dictionary.survival
    if survival is None or not {survival.time, survival.event} <= set(columns):
        return np.empty(0)
    days = survival.horizon * DAYS.get(dictionary.variables[survival.time].unit, 1.0)
    return np.linspace(0.0, survival.horizon, max(1, round(days / QUARTER_DAYS)) + 1)
