"""What are all synthetic tables of one cohort compared with?

A `Reference` holds the real training patients, those held out, and a table of
independent marginals. It resamples the real patients once, and keeps what it
has computed on them, so that several synthetic tables are judged against the
same draws. Of tables with more rows than are needed for narrow intervals most
measures read a random sample; what looks for single patients reads every row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar
from zlib import crc32

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary, Rule
from synthema_lab.errors import ArgumentRefused

from .admission import admit_real, refuse_overlap
from .bootstrap import patient_counts
from .columns import Columns, read_columns
from .metric import Measure

Found = TypeVar("Found")
DRAWS = {"quick": 200, "standard": 1000}
MOST_ROWS, FEWEST_ROWS = 5000, 1000


@dataclass(frozen=True, repr=False)
class Reference:
    """Real patients, held-out patients and the floor, ready for comparison.

    Parameters
    ----------
    dictionary : DataDictionary
    train : Columns
        Real patients whom a generator learnt from.
    holdout : Columns or None
        Real patients whom it never saw.
    floor : Columns
        Independent marginals fitted on the training patients.
    rules : tuple of Rule
        Rules that can be decided from these columns.
    undecided : tuple of str
        Names of the rules that cannot.
    constant : tuple of str
        Variables with one value in the training table.
    metrics : {"quick", "standard"}
    draws : int
        Bootstrap draws.
    seed : int
    most_rows : int
        Rows of a table that most measures read, at most.
    whole : Reference or None
        The same with every row, where `train`, `holdout` and `floor` are samples.
    """

    dictionary: DataDictionary
    train: Columns
    holdout: Columns | None
    floor: Columns
    rules: tuple[Rule, ...]
    undecided: tuple[str, ...]
    constant: tuple[str, ...]
    metrics: str
    draws: int
    seed: int
    most_rows: int = MOST_ROWS
    whole: Reference | None = None
    _kept: dict[Hashable, object] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        real = self.every
        held = f"{real.holdout.rows} held out" if real.holdout is not None else "none held out"
        return (
            f"Reference({self.dictionary.name}: {real.train.rows} training patients, {held}, "
            f"{len(self.train.variables)} variables, {self.draws} draws, seed {self.seed})"
        )

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator that depends on the seed and the purpose, not on the order of calls."""
        return np.random.default_rng([self.seed, crc32(purpose.encode())])

    def once(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """Compute a thing the first time, and keep it."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def knows(self, key: Hashable) -> bool:
        """Whether a thing was computed already."""
        return key in self._kept

    def keep(self, key: Hashable, made: object) -> None:
        """Keep a thing that was computed elsewhere."""
        self._kept[key] = made

    def recall(self, key: Hashable, otherwise: Found) -> Found:
        """What was kept, if anything was."""
        return self._kept.get(key, otherwise)

    @property
    def every(self) -> Reference:
        """The real side with every row."""
        return self.whole or self

    def seen_by(self, measure: Measure) -> Reference:
        """The real side with the rows that a measure reads."""
        if self.whole is None or measure.rows == "sample":
            return self
        if measure.rows == "all":
            return self.whole
        return self.once(
            ("seen by an attack",),
            lambda: replace(self, floor=self.whole.floor, whole=None, _kept={}),
        )

    def sampled(self, columns: Columns) -> Columns:
        """At most `most_rows` of a table's rows, at random; the table itself if it has no more."""
        return _sampled(columns, self.most_rows, self.rng(f"rows of {columns.role}"))

    def counts(self, columns: Columns) -> np.ndarray:
        """How often each patient of a table is drawn, shape (draws, rows)."""
        return self.once(
            ("counts", columns.role),
            lambda: patient_counts(self.rng(f"patients, {columns.role}"), columns.rows, self.draws),
        )

    def forget(self, role: str) -> None:
        """Drop what was computed on one table, such as the last candidate."""
        for key in [k for k in self._kept if isinstance(k, tuple) and k[-1] == role]:
            del self._kept[key]


def prepare(
    real: pd.DataFrame,
    holdout: pd.DataFrame | None,
    dictionary: DataDictionary,
    *,
    metrics: str = "quick",
    draws: int | None = None,
    seed: int = 0,
    floor: pd.DataFrame | None = None,
    most_rows: int = MOST_ROWS,
) -> Reference:
    """Prepare the real side of a comparison once, for several synthetic tables.

    Parameters
    ----------
    real : DataFrame
        The patients a generator was fitted on.
    holdout : DataFrame or None
        Patients of the same kind it never saw. Without them, ceilings, the
        C-index and the attacks are not computed, and the result says so.
    dictionary : DataDictionary
        Any subset of its modelled variables may be there.
    metrics : {"quick", "standard"}
        "quick" takes 200 bootstrap draws and leaves out what takes long (see
        `describe`), "standard" takes 1000 and leaves out nothing.
    draws : int, optional
        Another number of draws, at least 20.
    seed : int
        Everything that follows is determined by it.
    floor : DataFrame, optional
        Rows of independent marginals; drawn from `real` by default.
    most_rows : int
        Of a larger table most measures read as many rows, drawn at random, at least
        1000. Rules, copies and predicates that single out are looked for in every
        row, and attacks read every synthetic row (`Measure.rows`).

    Returns
    -------
    Reference

    Raises
    ------
    DataMismatch
        An empty table, columns that differ, no event, or a holdout that
        overlaps the training patients.
    """
    draws = _settled(metrics, draws, seed, most_rows)
    variables = admit_real(real, holdout, dictionary)
    train = read_columns(real, dictionary, variables, "train")
    if holdout is None:
        held = None
    else:
        held = read_columns(holdout, dictionary, variables, "holdout")
        refuse_overlap(train, held, dictionary)
    if floor is None:
        from synthema_lab.generators import floor_table

        floor = floor_table(dictionary.conform(real), dictionary, len(real), seed)
    rules, undecided = dictionary.decidable(train.table.columns)
    every = Reference(
        dictionary,
        train,
        held,
        read_columns(floor, dictionary, variables, "floor"),
        tuple(rules),
        tuple(str(getattr(rule, "name", rule)) for rule in undecided),
        _constant(train),
        metrics,
        draws,
        seed,
        most_rows,
    )
    tables = {"train": every.train, "holdout": every.holdout, "floor": every.floor}
    judged = {role: table and every.sampled(table) for role, table in tables.items()}
    if all(judged[role] is table for role, table in tables.items()):
        return every
    return replace(every, **judged, whole=every, _kept={})


def _sampled(columns: Columns, most: int, rng: np.random.Generator) -> Columns:
    if columns.rows <= most:
        return columns
    return columns.take(np.sort(rng.choice(columns.rows, size=most, replace=False)))


def _settled(metrics: str, draws: int | None, seed: int, most_rows: int) -> int:
    if metrics not in DRAWS:
        raise ArgumentRefused(
            f"There is no set of metrics named '{metrics}'.",
            f"One of: {', '.join(DRAWS)}.",
            "Use metrics='quick' while exploring and metrics='standard' for a release.",
        )
    draws = DRAWS[metrics] if draws is None else draws
    if not isinstance(draws, int) or draws < 20:
        raise ArgumentRefused(
            "The number of bootstrap draws is too small for a 95% interval.",
            "A whole number, 20 or more.",
            f"Use draws={DRAWS[metrics]}.",
        )
    if not isinstance(seed, int) or seed < 0:
        raise ArgumentRefused(
            "The seed cannot be used.", "A whole number, 0 or more.", "Use seed=0."
        )
    if not isinstance(most_rows, int) or most_rows < FEWEST_ROWS:
        raise ArgumentRefused(
            "So few rows of a large table say little.",
            f"A whole number, {FEWEST_ROWS} or more.",
            f"Use most_rows={MOST_ROWS}.",
        )
    return draws


def _constant(train: Columns) -> tuple[str, ...]:
    values = train.matrix()
    return tuple(
        name
        for name, column in zip(train.variables, values.T, strict=True)
        if len(np.unique(column[~np.isnan(column)])) <= 1
    )
