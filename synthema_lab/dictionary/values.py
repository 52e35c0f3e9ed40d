"""What can an expression be worth: a number, a text, or a truth that may be undecided?

Truth follows Kleene's strong three-valued logic. It is kept as 0 (false),
1 (undecided), 2 (true), so that *and* is the minimum, *or* the maximum and
*not* the reflection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FALSE, UNDECIDED, TRUE = np.uint8(0), np.uint8(1), np.uint8(2)


class KindError(Exception):
    """An expression puts a value where another kind is due; the message says how."""


@dataclass(frozen=True)
class Number:
    """Numbers; NaN is missing. `truth_like` marks a 0/1 variable.

    `values` is float64, shape (rows,) or () for a constant. Where a variable's
    column is absent altogether, `absent` is true: then nobody can say whether
    its values are missing.
    """

    values: np.ndarray
    truth_like: bool = False
    absent: bool = False
    kind = "number"

    @property
    def missing(self) -> np.ndarray:
        return np.isnan(self.values)


@dataclass(frozen=True)
class Text:
    """Texts, as positions in `labels`; below 0 is missing.

    `known` holds the codes a category allows, so that a constant that can
    never match is refused when the dictionary is loaded.
    """

    codes: np.ndarray
    labels: tuple[str, ...]
    known: tuple[str, ...] | None = None
    absent: bool = False
    name: str | None = None
    kind = "text"

    @property
    def missing(self) -> np.ndarray:
        return self.codes < 0

    def recoded(self, labels: tuple[str, ...]) -> np.ndarray:
        """The codes as positions in `labels` (which holds all of ours)."""
        if labels == self.labels:
            return self.codes
        place = {label: at for at, label in enumerate(labels)}
        return np.array([*(place[label] for label in self.labels), -1], dtype=np.int64)[
            np.where(self.codes < 0, len(self.labels), self.codes)
        ]


@dataclass(frozen=True)
class Truth:
    """Truths, as 0 false, 1 undecided, 2 true."""

    states: np.ndarray
    kind = "truth"

    @property
    def missing(self) -> np.ndarray:
        return self.states == UNDECIDED


Value = Number | Text | Truth


def as_truth(value: Value) -> Truth:
    """A truth as it is, and a 0/1 variable as false or true."""
    if isinstance(value, Truth):
        return value
    if isinstance(value, Number) and value.truth_like:
        states = np.where(value.values == 1, TRUE, np.where(value.values == 0, FALSE, UNDECIDED))
        return Truth(states.astype(np.uint8))
    raise KindError(
        f"a {value.kind} stands where a condition is due; compare it, as in 'age_years >= 18'"
    )


def as_number(value: Value) -> Number:
    """A number as it is, and a truth as 0 or 1 (missing when undecided)."""
    if isinstance(value, Number):
        return value
    if isinstance(value, Truth):
        return Number(np.where(value.states == UNDECIDED, np.nan, (value.states == TRUE) * 1.0))
    raise KindError("a text stands where a number is due")


def decided(condition: np.ndarray, known: np.ndarray) -> Truth:
    """A truth that is undecided wherever `known` is false."""
    return Truth(np.where(known, np.where(condition, TRUE, FALSE), UNDECIDED).astype(np.uint8))
