"""How is one measurement said, and what does a measure declare about itself?

A number never stands alone: a `Metric` carries its interval, the floor that
independent marginals reach, and the ceiling that real patients reach against
real patients. A measure that cannot be computed yields a metric whose value
is not a number and whose note says why; it is never left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

if TYPE_CHECKING:
    from .columns import Columns
    from .reference import Reference

Group = Literal["fidelity", "clinical", "utility", "privacy"]
Goal = Literal["minimise", "maximise"] | float

GROUPS: Mapping[str, str] = {
    "fidelity": "Statistical fidelity",
    "clinical": "Clinical value",
    "utility": "Usefulness for a model",
    "privacy": "Residual privacy risk",
}
NAN = float("nan")


@dataclass(frozen=True)
class Metric:
    """One measurement of a synthetic table.

    Parameters
    ----------
    group : {"fidelity", "clinical", "utility", "privacy"}
        The question it belongs to.
    name : str
        Stable name for machines, such as ``"km_gap"``.
    label : str
        Name for people.
    goal : "minimise", "maximise" or float
        The direction that is better, or the value to be met.
    range : tuple of float
        Smallest and largest possible value.
    value, low, high : float
        The estimate and its 95% interval; not a number where not computed.
    floor : float
        The same for independent marginals fitted on the same patients.
    ceiling : float
        The same for real patients who were held out, or the chance level of an attack.
    unit : str
        The unit of the value; ``"1"`` for a plain number.
    n : int
        Number of rows behind the value.
    note : str
        What a reader must know, or why there is no value.

    Examples
    --------
    >>> print(Metric("clinical", "km_gap", "Kaplan-Meier gap", "minimise", (0, 1),
    ...              0.04, 0.0, 0.09, 0.2, 0.05, "1", 900))
    Kaplan-Meier gap: 0.040 (95% 0.000 to 0.090); floor 0.200, ceiling 0.050; lower is better
    """

    group: Group
    name: str
    label: str
    goal: Goal
    range: tuple[float, float]
    value: float
    low: float = NAN
    high: float = NAN
    floor: float = NAN
    ceiling: float = NAN
    unit: str = "1"
    n: int = 0
    note: str = ""

    @property
    def computed(self) -> bool:
        """Whether there is a value."""
        return math.isfinite(self.value)

    @property
    def direction(self) -> str:
        """The goal in words."""
        if self.goal == "minimise":
            return "lower is better"
        if self.goal == "maximise":
            return "higher is better"
        return f"best at {self.goal:g}"

    def __str__(self) -> str:
        if not self.computed:
            return f"{self.label}: not computed. {self.note}".rstrip()
        interval = (
            f" (95% {self.low:.3f} to {self.high:.3f})"
            if math.isfinite(self.low)
            else " (no interval)"
        )
        return (
            f"{self.label}: {self.value:.3f}{interval}; floor {_said(self.floor)}, "
            f"ceiling {_said(self.ceiling)}; {self.direction}"
        )

    def as_dict(self) -> dict[str, object]:
        """The metric as plain values for JSON; what is not a number becomes ``None``."""
        return {
            "group": self.group,
            "name": self.name,
            "label": self.label,
            "goal": self.goal,
            "range": [_plain(limit) for limit in self.range],
            "value": _plain(self.value),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "floor": _plain(self.floor),
            "ceiling": _plain(self.ceiling),
            "unit": self.unit,
            "n": int(self.n),
            "note": self.note,
        }


@dataclass(frozen=True)
class Estimate:
    """What a measure finds on one table, before floor and ceiling join it.

    Parameters
    ----------
    value, low, high : float
        Estimate and 95% interval; not a number where not computed.
    n : int
        Rows behind it.
    note : str
        Why there is no value, or what a reader must know.
    chance : float
        For an attack, what the same statistic gives when nothing leaks.
    curves : Mapping[str, DataFrame]
        Tables behind the number, tidy, safe to publish as aggregates.
    unit : str
        Unit of the value where the dictionary decides it, such as ``"days"``; that of the
        measure otherwise.
    """

    value: float
    low: float = NAN
    high: float = NAN
    n: int = 0
    note: str = ""
    chance: float = NAN
    curves: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    unit: str = ""

    @classmethod
    def absent(cls, why: str) -> Estimate:
        """An estimate that could not be made, with the reason."""
        return cls(NAN, note=why)


@dataclass(frozen=True)
class Measure:
    """What a metric is called, what it needs, and how it is computed.

    Parameters
    ----------
    name, label, group, goal, range, unit
        As in `Metric`.
    meaning : str
        One sentence for a clinician.
    needs : frozenset of {"survival", "risk_group", "holdout", "rules"}
        What must be there; otherwise the metric says that it is missing.
    ceiling : {"holdout", "train", "chance"}
        What takes the place of the synthetic table for the ceiling: patients
        held out, the training patients themselves, or the chance level that
        the measure itself states.
    estimate : callable
        ``estimate(candidate, reference) -> Estimate``. The candidate is the
        synthetic table, the floor table or the ceiling table: the same code
        makes all three numbers.
    standard_only : bool
        Left out of ``metrics="quick"``, which a demo waits for.
    rows : {"sample", "attack", "all"}
        What it reads of tables with very many rows (see `reference.prepare`): a
        sample of each; a sample of the patients and every synthetic row, as an
        attacker would; or everything.
    """

    name: str
    label: str
    group: Group
    goal: Goal
    range: tuple[float, float]
    meaning: str
    needs: frozenset[str]
    ceiling: Literal["holdout", "train", "chance"]
    estimate: Callable[[Columns, Reference], Estimate] = field(repr=False)
    unit: str = "1"
    standard_only: bool = False
    rows: Literal["sample", "attack", "all"] = "sample"

    def missing(self, reference: Reference) -> str:
        """Say what this measure lacks, or nothing."""
        has = {
            "survival": reference.dictionary.survival is not None and reference.train.has_survival,
            "risk_group": reference.train.risk_group is not None,
            "holdout": reference.holdout is not None,
            "rules": bool(reference.rules),
        }
        return "; ".join(LACKING[need] for need in sorted(self.needs) if not has[need])

    def metric(self, found: Estimate, floor: float, ceiling: float) -> Metric:
        """Join an estimate with its floor and ceiling."""
        return Metric(
            self.group,
            self.name,
            self.label,
            self.goal,
            self.range,
            found.value,
            found.low,
            found.high,
            floor,
            ceiling,
            found.unit or self.unit,
            found.n,
            found.note,
        )


LACKING = {
    "survival": "the tables hold no survival time and event",
    "risk_group": "the dictionary names no risk group, or its inputs are absent",
    "holdout": "it needs real patients who were held out",
    "rules": "no rule of the dictionary can be decided from these columns",
}


def _plain(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def _said(number: float) -> str:
    return f"{number:.3f}" if math.isfinite(number) else "unknown"
