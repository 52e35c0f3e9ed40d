"""Which steps lead from a precise value to none at all?

A hierarchy is a ladder: level 0 is the value as recorded, each further level is
coarser, and what is together stays together. That nesting is what lets a search
say that a coarser table is never more identifying.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

from synthema_lab.deidentify.classes import value_codes
from synthema_lab.deidentify.steps import Step, applied, band_of, kept_codes, read_step
from synthema_lab.dictionary import Variable
from synthema_lab.errors import ArgumentRefused


@dataclass(frozen=True)
class Hierarchy:
    """The levels of one quasi-identifier.

    Attributes
    ----------
    variable : Variable
    steps : tuple of Step
        Level i is step i - 1; level 0 is the value as recorded.

    Examples
    --------
    >>> age = Variable("age_years", "Age", "integer", range=(0, 105))
    >>> ladder = Hierarchy.of(age, [{"width": 5}, {"bands": [20, 40, 60]}, "suppress"])
    >>> print(ladder)
    age_years: as recorded > 21 bands > 4 bands > not told
    >>> ladder.at(pd.Series([23, 61], dtype="Int64"), 2).tolist()
    [29, 82]
    """

    variable: Variable
    steps: tuple[Step, ...] = field(default=())

    @classmethod
    def of(cls, variable: Variable, steps: list[object]) -> Hierarchy:
        """A hierarchy from the steps of a policy.

        Raises
        ------
        ArgumentRefused
            If a step does not suit the variable or is not coarser than the one before.
        """
        read = [
            read_step(step, f"Step {number} of {variable.name}", variable)
            for number, step in enumerate(steps, start=1)
        ]
        for number, (before, after) in enumerate(pairwise(read), start=2):
            if not _coarser(before, after, variable):
                raise ArgumentRefused(
                    f"Step {number} of {variable.name} tears apart what the step before put "
                    "together, or is not coarser.",
                    "Each step a union of the bands or groups of the step before.",
                    "Use edges of the step before, or move whole groups; see "
                    "data_dictionaries/policies/leuksurv.yaml.",
                )
        return cls(variable, tuple(read))

    @property
    def top(self) -> int:
        """The highest level."""
        return len(self.steps)

    def at(self, column: pd.Series, level: int) -> pd.Series:
        """The column at a level, in the variable's type; all missing where it is not told."""
        return column if level == 0 else applied(column, self.steps[level - 1], self.variable)

    def codes(self, column: pd.Series, level: int) -> np.ndarray:
        """The column at a level as integer codes from 0, missing as a code of its own."""
        if level and self.steps[level - 1].kind == "suppress":
            return np.zeros(len(column), dtype=np.int64)
        if level and self.steps[level - 1].kind == "bands":
            step = self.steps[level - 1]
            band = band_of(column.to_numpy(dtype=np.float64, na_value=np.nan), step)
            return np.where(band < 0, len(step.edges), band).astype(np.int64)
        return value_codes(self.at(column, level))

    def words(self, level: int) -> str:
        """A level in words."""
        return "as recorded" if level == 0 else str(self.steps[level - 1])

    def told(self, level: int) -> bool:
        """Whether anything is told at this level."""
        return level == 0 or self.steps[level - 1].kind != "suppress"

    def require(self, level: int) -> None:
        """Refuse a level that the hierarchy does not have."""
        if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= self.top:
            raise ArgumentRefused(
                f"{self.variable.name} has no such level.",
                f"A level from 0 to {self.top}: {self}.",
                "Correct the level in the policy, or add a step.",
            )

    def __str__(self) -> str:
        ladder = " > ".join(self.words(level) for level in range(self.top + 1))
        return f"{self.variable.name}: {ladder}"


def _coarser(before: Step, after: Step, variable: Variable) -> bool:
    if before.kind == "suppress":
        return False
    if after.kind == "suppress":
        return True
    if before.kind != after.kind:
        return False
    if before.kind == "bands":
        return set(after.edges) < set(before.edges)
    if before.kind == "prefix":
        return after.length < before.length
    home = {code: code for code in variable.categories}
    first, second = (
        home | {member: code for code, members in step.groups.items() for member in members}
        for step in (before, after)
    )
    together = {(first[code], second[code]) for code in home}
    return len(together) == len(kept_codes(before, variable)) > len(kept_codes(after, variable))
