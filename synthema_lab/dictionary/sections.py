"""Does one section of a dictionary's file hold what it may hold?"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import NoReturn

from synthema_lab.dictionary.spelling import did_you_mean
from synthema_lab.errors import DataMismatch


class Section:
    """A mapping read from a dictionary's file, key by key.

    Parameters
    ----------
    content : object
        What stands there; anything but a mapping is refused.
    where : str
        How messages call it, such as ``Variable age_years``.
    keys : collection of str
        The keys it may hold; another is refused with the nearest known one.
    """

    def __init__(self, content: object, where: str, keys: Collection[str]) -> None:
        self.where = where
        if not isinstance(content, Mapping):
            self.refuse("is not a set of keys.", f"Some of: {', '.join(keys)}.")
        for key in content:
            if key not in keys:
                self.refuse(
                    f"has the unknown key {key!s:.60}.",
                    f"Keys among {', '.join(keys)}.",
                    did_you_mean(str(key), keys),
                )
        self.content = content

    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        """Raise DataMismatch about this section."""
        raise DataMismatch(
            f"{self.where} {happened}",
            expected,
            next_step or "Correct the data dictionary; data_dictionaries/README.md says how.",
        )

    def given(self, key: str) -> bool:
        """Whether the key is there and not empty."""
        return self.content.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default the key is due."""
        if not self.given(key):
            if default is None:
                self.refuse(f"has no {key}.", f"A text under {key}.")
            return default
        value = self.content[key]
        if not isinstance(value, str):
            self.refuse(f"has a {key} that is not a text.", f"Write {key} in quotes.")
        return " ".join(value.split())

    def optional_text(self, key: str) -> str | None:
        """A text or None."""
        return self.text(key) if self.given(key) else None

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """One of the choices."""
        value = self.text(key, default)
        if value not in choices:
            self.refuse(
                f"has an unknown {key}.",
                f"One of {', '.join(choices)}.",
                did_you_mean(value, choices),
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            self.refuse(f"has a {key} that is neither true nor false.", "true or false.")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        return self.numbers(key, [self.content.get(key)])[0]

    def numbers(self, key: str, values: object = None) -> tuple[float, ...]:
        """A list of finite numbers."""
        values = self.content.get(key) if values is None else values
        if not isinstance(values, list) or not all(
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) < 1e300
            and math.isfinite(value)
            for value in values
        ):
            self.refuse(f"has a {key} that is not made of numbers.", "Numbers, as in [0, 500].")
        return tuple(float(value) for value in values)

    def pair(self, key: str) -> tuple[float, float] | None:
        """Two increasing numbers, or None."""
        if not self.given(key):
            return None
        values = self.numbers(key)
        if len(values) != 2 or not values[0] < values[1]:
            self.refuse(f"has a {key} that is not two increasing numbers.", "As in [0, 500].")
        return values[0], values[1]

    def items(self, key: str) -> list[object]:
        """A list, empty when the key is not there."""
        value = self.content.get(key) or []
        if not isinstance(value, list):
            self.refuse(f"has a {key} that is not a list.", "A list.")
        return value

    def mapping(self, key: str) -> dict[str, object]:
        """A mapping from names, empty when the key is not there."""
        value = self.content.get(key)
        value = {} if value is None else value
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            self.refuse(f"has {key} that are not a mapping of names.", "Names as keys.")
        return dict(value)
