"""What risk does a custodian accept, as written down in one file?"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthema_lab.dictionary import did_you_mean
from synthema_lab.dictionary.load import folders, read_yaml
from synthema_lab.errors import ArgumentRefused, DataMismatch

from .metric import Metric
from .registry import MEASURES
from .uses import way_to_the_floor

DEFAULT = "risk_appetite"
CONDITIONS = ("low_above", "high_above", "high_below", "value_above", "nearer")
HALFWAY = 0.5
_KEYS = {"name", "title", "version", "decided_by", "refuse", "release"}
_SAID = {
    "low_above": "its interval lies above {limit}",
    "high_above": "its interval reaches above {limit}",
    "high_below": "its interval lies below {limit}",
    "value_above": "it lies above {limit}",
    "nearer": "it is nearer to the floor ({floor}) than to the ceiling ({limit})",
}


@dataclass(frozen=True)
class Limit:
    """One condition on one metric.

    Attributes
    ----------
    metric : str
    condition : {"low_above", "high_above", "high_below", "value_above", "nearer"}
    limit : float
        Not a number for ``nearer``.
    times_ceiling : bool
        Whether the limit is in multiples of the metric's ceiling.
    because : str
        What it means where the condition is met.
    """

    metric: str
    condition: str
    limit: float
    times_ceiling: bool
    because: str

    def met(self, found: Metric) -> bool:
        """Whether the condition is met; never for a number that is not there."""
        if self.condition == "nearer":
            return way_to_the_floor(found) > HALFWAY
        limit = self._limit(found)
        end, beyond = self.condition.split("_")
        number = getattr(found, end)
        if not math.isfinite(number) or not math.isfinite(limit):
            return False
        return number > limit if beyond == "above" else number < limit

    def judges(self, found: Metric) -> bool:
        """Whether a number that is there can be held against it."""
        return self.condition != "nearer" or math.isfinite(way_to_the_floor(found))

    def _limit(self, found: Metric) -> float:
        if self.condition == "nearer":
            return found.ceiling
        if not self.times_ceiling:
            return self.limit
        # Where no patient was held out, nothing is by chance.
        return self.limit * (found.ceiling if math.isfinite(found.ceiling) else 0.0)

    def said(self, found: Metric) -> str:
        """The reason with the figures that led to it."""
        interval = f" (95% {found.low:.3f} to {found.high:.3f})" if found.low == found.low else ""
        beyond = _SAID[self.condition].format(
            limit=f"{self._limit(found):.3g}", floor=f"{found.floor:.3g}"
        )
        return f"{self.because}: {found.label} {found.value:.3f}{interval}, {beyond}"


@dataclass(frozen=True)
class RiskAppetite:
    """A custodian's limits.

    Attributes
    ----------
    name, title, version, decided_by : str
    refuse, release : tuple of Limit
        What forbids a release; what keeps a table from being released.

    Examples
    --------
    >>> RiskAppetite.load().release[0].metric
    'membership_tpr'
    """

    name: str
    title: str
    version: str
    decided_by: str
    refuse: tuple[Limit, ...]
    release: tuple[Limit, ...]

    @classmethod
    def load(cls, path: str | os.PathLike[str] = DEFAULT) -> RiskAppetite:
        """Read a file, or the one that comes with the workbench.

        Raises
        ------
        ArgumentRefused
            If there is no such file, or it is unsound; the message names the entry.
        """
        file = _found(Path(path))
        try:
            content = read_yaml(file.read_text(encoding="utf-8"), file.name)
        except (UnicodeDecodeError, DataMismatch):
            raise _unsound(file.name, "it cannot be read as YAML, or a key occurs twice") from None
        return cls.from_dict(content, file.name)

    @classmethod
    def from_dict(cls, content: Mapping[str, object], name: str = "The appetite") -> RiskAppetite:
        """Build limits from plain values; raises as `load` does."""
        if unknown := sorted(map(str, set(content) - _KEYS)):
            raise _unsound(name, f"it has a key {unknown[0]}", did_you_mean(unknown[0], _KEYS))
        parts = {
            part: tuple(_limit(one, f"{name}, {part} {place}") for place, one in _listed(
                content.get(part), name, part))
            for part in ("refuse", "release")
        }  # fmt: skip
        if not parts["refuse"] or not parts["release"]:
            raise _unsound(name, "it forbids nothing, or asks for nothing before a release")
        texts = {
            key: str(content.get(key) or "") for key in ("name", "title", "version", "decided_by")
        }
        return cls(**texts, **parts)


def _found(path: Path) -> Path:
    if path.suffix.lower() in (".yaml", ".yml") and path.is_file():
        return path
    for folder in folders():
        candidate = folder / f"{path.name.removesuffix('.yaml')}.yaml"
        if len(path.parts) == 1 and candidate.is_file():
            return candidate
    raise ArgumentRefused(
        f"There is no file {path.name} of a risk appetite.",
        f"A YAML file, or {DEFAULT}, which comes with the workbench.",
        "Copy data_dictionaries/risk_appetite.yaml, change it, and give it after --appetite.",
    )


def _listed(part: object, name: str, title: str) -> Sequence[tuple[int, object]]:
    if not isinstance(part, list):
        raise _unsound(name, f"{title} is no list of limits")
    return list(enumerate(part, start=1))


def _limit(entry: object, where: str) -> Limit:
    if not isinstance(entry, Mapping):
        raise _unsound(where, "it is no limit on a metric")
    known = {measure.name for measure in MEASURES}
    metric = str(entry.get("metric"))
    if metric not in known:
        raise _unsound(where, f"there is no metric {metric}", did_you_mean(metric, known))
    allowed = {"metric", "because", "times", *CONDITIONS}
    if unknown := sorted(map(str, set(entry) - allowed)):
        raise _unsound(where, f"it has a key {unknown[0]}", did_you_mean(unknown[0], allowed))
    given = [condition for condition in CONDITIONS if condition in entry]
    if len(given) != 1 or not str(entry.get("because") or "").strip():
        raise _unsound(where, "it needs one condition, and a reason after because")
    number, times = entry[given[0]], entry.get("times")
    if given[0] == "nearer":
        if number != "floor" or times is not None:
            raise _unsound(where, "nearer stands with floor alone")
        return Limit(metric, "nearer", math.nan, False, str(entry["because"]))
    if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
        raise _unsound(where, f"{given[0]} is no number")
    if times not in (None, "ceiling"):
        raise _unsound(where, "times stands with ceiling alone")
    return Limit(metric, given[0], float(number), times is not None, str(entry["because"]))


def _unsound(where: str, why: str, hint: str = "") -> ArgumentRefused:
    return ArgumentRefused(
        f"{where} cannot be used: {why}.",
        "Limits on metrics under refuse and release, each with one condition and a reason.",
        hint or "See data_dictionaries/risk_appetite.yaml, which says how one is written.",
    )
