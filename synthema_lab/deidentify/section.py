"""Does one section of a policy hold what it may hold?"""

from __future__ import annotations

from typing import NoReturn

from synthema_lab.dictionary.sections import Section
from synthema_lab.errors import ArgumentRefused


class PolicySection(Section):
    """A section of a policy or a study; what is wrong with it is an argument refused."""

    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        """Raise ArgumentRefused about this section."""
        raise ArgumentRefused(
            f"{self.where} {happened}",
            expected,
            next_step
            or "Correct the policy; data_dictionaries/policies/leuksurv.yaml is an example.",
        )

    def whole(self, key: str, default: int, least: int) -> int:
        """A whole number from `least`."""
        if not self.given(key):
            return default
        value = self.content[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.refuse(f"has a {key} that cannot be used.", f"A whole number from {least}.")
        return value

    def share(self, key: str, default: float) -> float:
        """A number from 0 to 1."""
        value = self.number(key) if self.given(key) else default
        if not 0 <= value <= 1:
            self.refuse(f"has a {key} that is no share.", "A number from 0 to 1.")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """A list of names, each once."""
        values = self.items(key)
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.refuse(f"has {key} that are not names.", "A list of names, as in [a, b].")
        if len(set(values)) != len(values):
            self.refuse(f"names something twice under {key}.", "Each name once.")
        return tuple(values)

    def names_by_name(self, key: str) -> dict[str, str]:
        """A mapping from names to names."""
        found = self.mapping(key)
        if not all(isinstance(value, str) and value.strip() for value in found.values()):
            self.refuse(f"has {key} that do not lead from names to names.", "As in {a: b}.")
        return {name: str(value) for name, value in found.items()}
