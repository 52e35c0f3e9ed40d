"""Which numbers does a run put first, and what stands beside each?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ArgumentRefused
from .display import NOTHING, interval, number


@dataclass(frozen=True)
class Headline:
    """A number with its interval, floor and ceiling.

    Attributes
    ----------
    value : float, int or str
        The estimate, or a word such as a verdict; None when not computed.
    low, high : float or None
        95% interval; None where there is none, as for a count.
    floor, ceiling : float or None
        What independent marginals, and real patients held out, reach.
    unit : str
        ``"1"`` for a plain number.
    label : str
        Name for people; made from the name when empty.
    direction : str
        What is better, in words.
    note : str
        Why there is no value, or what a reader must know.
    n : int or None
        Rows behind the number.
    cohort : str
        Which of several cohorts it is about, such as ``"federated"``.

    Examples
    --------
    >>> Headline(0.7, 0.65, 0.75, floor=0.5).cells()
    ['0.700 (0.650 to 0.750)', '0.500', '–', '']
    """

    value: float | int | str | None
    low: float | None = None
    high: float | None = None
    floor: float | None = None
    ceiling: float | None = None
    unit: str = "1"
    label: str = ""
    direction: str = ""
    note: str = ""
    n: int | None = None
    cohort: str = ""

    def cells(self) -> list[str]:
        """Value, floor, ceiling and unit as text."""
        value = interval(self.value, self.low, self.high)
        if value == NOTHING and self.note:
            value = "not computed"
        unit = "" if self.unit in ("1", "") else self.unit
        return [value, number(self.floor), number(self.ceiling), unit]

    def as_record(self, name: str) -> dict[str, Any]:
        """As it stands in the manifest; what is not finite becomes None."""
        record = {key: _finite(value) for key, value in asdict(self).items()}
        label = self.label or name.replace("_", " ")
        return {**record, "name": name, "label": label[:1].upper() + label[1:]}


HEADER = ("Measure", "Value (95% interval)", "Floor", "Ceiling", "Unit")


def headline(name: str, given: Any) -> Headline:
    """A headline from a tuple, a mapping, a metric or another headline.

    Raises
    ------
    ArgumentRefused
        If a bare number is given: a number never stands alone.
    """
    if isinstance(given, Headline):
        return given
    if isinstance(given, str):
        return Headline(given)
    if isinstance(given, Mapping):
        unknown = set(given) - set(Headline.__dataclass_fields__)
        if not unknown and "value" in given:
            return Headline(**given)
    elif isinstance(given, Sequence) and len(given) == 3:
        return Headline(*given)
    elif all(hasattr(given, part) for part in ("value", "low", "high", "floor", "ceiling")):
        return Headline(
            given.value, given.low, given.high, given.floor, given.ceiling,
            getattr(given, "unit", "1"), getattr(given, "label", ""),
            getattr(given, "direction", ""), getattr(given, "note", ""), getattr(given, "n", None),
        )  # fmt: skip
    raise ArgumentRefused(
        f"The headline '{name}' was not taken: a number never stands alone.",
        "(value, low, high), or a metric of a validation, or a mapping with value, low, high, "
        "floor, ceiling, unit, label, note.",
        f"Write {name}=(value, low, high); for a count: {name}=(value, None, None).",
    )


def rows_of(headlines: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of a table under `HEADER`, from records of a manifest."""
    known = Headline.__dataclass_fields__
    return [
        [_labelled(record), *Headline(**{k: v for k, v in record.items() if k in known}).cells()]
        for record in headlines
    ]


def _labelled(record: Mapping[str, Any]) -> str:
    cohort = record.get("cohort")
    return f"{record['label']}, {cohort}" if cohort else record["label"]


def _finite(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
