"""What has changed since the last study that was approved?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .study import KEYS, Study

ABSENT = "(not there)"


@dataclass(frozen=True)
class Change:
    """One field that differs.

    Attributes
    ----------
    field, before, now : str
    """

    field: str
    before: str
    now: str

    @property
    def added(self) -> bool:
        """Whether the field was not there before."""
        return self.before == ABSENT

    @property
    def removed(self) -> bool:
        """Whether the field is no longer there."""
        return self.now == ABSENT

    def __str__(self) -> str:
        return f"{self.field}: {self.before} -> {self.now}"


def differences(before: Study, now: Study) -> tuple[Change, ...]:
    """Every field in which two studies differ, in the order of the study's file.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_content
    >>> content = example_content()
    >>> before = Study.from_dict(content)
    >>> content["budget"]["epsilon"] = 5.0
    >>> print(differences(before, Study.from_dict(content))[0])
    budget, epsilon: 3.0 -> 5.0
    """
    old, new = _flat(before.as_dict()), _flat(now.as_dict())
    every = sorted({*new, *old}, key=lambda name: (KEYS.index(name.split(",")[0]), name))
    return tuple(
        Change(name, old.get(name, ABSENT), new.get(name, ABSENT))
        for name in every
        if old.get(name) != new.get(name)
    )


def _flat(content: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """One line a field, the way to it written out."""
    lines: dict[str, str] = {}
    for name, value in content.items():
        way = f"{above}{name}"
        if isinstance(value, Mapping):
            lines |= _flat(value, f"{way}, ")
        else:
            lines[way] = "none" if value is None else str(value)
    return lines
