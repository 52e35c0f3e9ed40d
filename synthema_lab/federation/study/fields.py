"""Does one section of a study, a policy or a notice hold what it may hold?"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import NoReturn

from ...dictionary.sections import Section
from .errors import StudyRefused

LONGEST_TEXT = 3000
_HEX = re.compile(r"[0-9a-f]+")


class Fields(Section):
    """A mapping whose keys are known, read key by key; what is wrong is a `StudyRefused`.

    Parameters
    ----------
    content : object
    where : str
        How messages call it.
    keys : collection of str
        The keys it may hold.
    """

    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        """Raise StudyRefused about this section."""
        raise StudyRefused(f"{self.where} {happened}", expected, next_step or "Correct it.")

    def text(self, key: str, default: str | None = None) -> str:
        """A text of characters that can be seen, at most 3000."""
        found = unicodedata.normalize("NFC", super().text(key, default))
        if not found.strip() and default is None:
            self.refuse(f"has an empty {key}.", f"A text under {key}.")
        if not found.isprintable() or len(found) > LONGEST_TEXT:
            self.refuse(
                f"has a {key} with characters that are not shown, or too many.",
                f"At most {LONGEST_TEXT} printable characters.",
            )
        return found

    def inner(self, key: str, keys: tuple[str, ...]) -> Fields:
        """The section under a key, which is due."""
        if not self.given(key):
            self.refuse(f"has no {key}.", f"A section {key} with {', '.join(keys)}.")
        return type(self)(self.content[key], f"{self.where}, section {key},", keys)

    def each(self, key: str, keys: tuple[str, ...]) -> dict[str, Fields]:
        """A section a name under a key."""
        return {
            name: type(self)(part, f"{self.where}, {key} {name},", keys)
            for name, part in self.mapping(key).items()
        }

    def whole(self, key: str, least: int, default: int | None = None) -> int:
        """A whole number from `least`; without a default the key is due."""
        value = self.content.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
            self.refuse(
                f"has a {key} that cannot be used.", f"A whole number from {least} under {key}."
            )
        return value

    def real(self, key: str, least: float = -math.inf) -> float:
        """A finite number of at least `least`."""
        value = self.content.get(key)
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if not usable or not math.isfinite(value) or value < least:
            self.refuse(f"has a {key} that cannot be used.", f"A finite number under {key}.")
        return float(value)

    def optional_real(self, key: str, none: str) -> float | None:
        """A finite number, or None where the word `none` stands for it."""
        return None if self.content.get(key) == none else self.real(key)

    def hexadecimal(self, key: str, size: int = 32) -> str:
        """Bytes written in lower-case hexadecimal digits."""
        value = self.content.get(key)
        if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
            self.refuse(f"has a {key} that cannot be used.", f"{2 * size} hexadecimal digits.")
        return value

    def day(self, key: str) -> datetime.date:
        """A day as in 2026-12-31."""
        value = self.text(key)
        try:
            found = datetime.date.fromisoformat(value)
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:
            self.refuse(f"has a {key} that is no day.", "A day as in 2026-12-31.")
        return found

    def texts(self, key: str) -> dict[str, str]:
        """A text a name."""
        inner = type(self)(self.mapping(key), f"{self.where}, {key},", tuple(self.mapping(key)))
        return {name: inner.text(name) for name in inner.content}


def plain_setting(value: object, deep: bool = False) -> bool:
    """Whether a value may be a generator's setting: a scalar, or a list of scalars."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        usual = unicodedata.is_normalized("NFC", value)
        return usual and value.isprintable() and len(value) <= LONGEST_TEXT
    if isinstance(value, list | tuple) and not deep:
        return len(value) <= 1000 and all(plain_setting(part, deep=True) for part in value)
    return isinstance(value, bool | int) and not isinstance(value, Mapping) and abs(value) < 2**63
