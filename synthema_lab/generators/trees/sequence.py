"""How are patients drawn, variable after variable, and how do they come to keep the rules?

A rule is asked as soon as its last input is drawn: where it is broken, that
value is drawn again from the same leaf. A patient for whom no value of the leaf
keeps it is drawn again from the start, up to a cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary, Rule
from ...errors import GateFailed
from ..kept_rules import breaks_a_rule
from .draws import draw_codes, outcome_windows
from .forest import Forest
from .intervals import Intervals
from .predictors import residuals, seen_by_trees

_REDRAWS = 20
_ROUNDS = 200
_IDLE_ROUNDS = 20
_FEWEST_DRAWN = 100


@dataclass(frozen=True, eq=False)
class Drawing:
    """What it takes to draw patients.

    Attributes
    ----------
    dictionary : DataDictionary
    intervals : mapping of str to Intervals
        By variable, in the order of drawing.
    forests : tuple of Forest
    axes : tuple of tuple of numpy.ndarray
        For each variable, where the codes of those before it lie.
    expected : numpy.ndarray, shape (codes of time,), or None
        Events expected up to each code; None where event and time do not come first.
    balanced : bool
        See `draws`.
    """

    dictionary: DataDictionary
    intervals: Mapping[str, Intervals]
    forests: tuple[Forest, ...]
    axes: tuple[tuple[np.ndarray, ...], ...]
    expected: np.ndarray | None
    balanced: bool

    def cohort(self, rows: int, rng: np.random.Generator) -> pd.DataFrame:
        """Patients who keep every decidable rule.

        Parameters
        ----------
        rows : int
        rng : numpy.random.Generator

        Returns
        -------
        pandas.DataFrame
            Derived variables recomputed; ``.attrs["redrawn"]`` is the share of
            rows of which a value or all were drawn again.

        Raises
        ------
        GateFailed
            If the rules cannot be met within the cap.
        """
        rules, _ = self.dictionary.decidable(self.intervals)
        steps = self._steps_of(rules)
        cohort, stuck, again = self._drawn(rows, rng, steps, self.balanced)
        stuck |= breaks_a_rule(rules, cohort)
        redrawn, rounds, idle = again | stuck, 0, 0
        while stuck.any() and rounds < _ROUNDS and idle < _IDLE_ROUNDS:
            lacking = np.flatnonzero(stuck)
            fresh, unfit, _ = self._drawn(max(_FEWEST_DRAWN, lacking.size), rng, steps, False)
            fit = np.flatnonzero(~(unfit | breaks_a_rule(rules, fresh)))[: lacking.size]
            filled = lacking[: fit.size]
            for name in cohort.columns:
                column = cohort[name].array.copy()
                column[filled] = fresh[name].array[fit]
                cohort[name] = column
            stuck[filled] = False
            rounds, idle = rounds + 1, 0 if fit.size else idle + 1
        if not stuck.any():
            cohort.attrs = {"redrawn": float(redrawn.mean())}
            return cohort
        raise GateFailed(
            f"{int(stuck.sum())} synthetic patients still break a rule after {rounds} redraws.",
            "A model and rules that can be met together.",
            f"Look for contradicting rules in '{self.dictionary.name}', or check whether the "
            "patients keep them: synthema data check FILE --dictionary "
            f"{self.dictionary.name}",
        )

    def _drawn(
        self, rows: int, rng: np.random.Generator, steps: Mapping[str, list[Rule]], balanced: bool
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """Patients, which of them a rule does not fit, and of which a value was drawn again."""
        codes = np.empty((rows, len(self.forests)), dtype=np.int32)
        stuck, again = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
        outcome = None
        windows = np.zeros(rows, dtype=np.int64) if balanced else None
        values: dict[str, pd.Series] = {}
        for place, (name, known) in enumerate(self.intervals.items()):
            forest, size = self.forests[place], known.missing + 1
            if place == 2 and self.expected is not None:
                outcome = residuals(codes[:, 0], codes[:, 1], self.expected)
                windows = outcome_windows(outcome, rng) if balanced else None
            leaves = np.zeros(rows, dtype=np.int64)
            if place:
                tree = rng.permutation(np.arange(rows) % forest.roots.size)
                seen = seen_by_trees(self.axes[place], codes[:, :place], outcome)
                leaves = forest.leaves(seen, tree)
            codes[:, place] = draw_codes(forest.contents, leaves, size, windows, rng)
            values[name] = known.values(codes[:, place], rng)
            asked = steps.get(name, [])
            inputs = self.dictionary.rests_on(one for rule in asked for one in rule.inputs)
            needed = [one for one in values if one in inputs]
            wrong = np.empty(0, dtype=bool)
            if asked:
                there = pd.DataFrame({one: values[one] for one in needed})
                wrong = breaks_a_rule(asked, there) & ~stuck
            for _ in range(_REDRAWS):
                at = np.flatnonzero(wrong)
                if at.size == 0:
                    break
                again[at] = True
                codes[at, place] = draw_codes(forest.contents, leaves[at], size, None, rng)
                column = values[name].array.copy()
                column[at] = known.values(codes[at, place], rng).array
                values[name] = pd.Series(column)
                tried = pd.DataFrame({one: values[one].array[at] for one in needed})
                wrong[at] = breaks_a_rule(asked, tried)
            if asked:
                stuck |= wrong
        return self.dictionary.derive(pd.DataFrame(values)), stuck, again

    def _steps_of(self, rules: tuple[Rule, ...]) -> dict[str, list[Rule]]:
        """Rules by the variable after which they can be decided."""
        order = {name: place for place, name in enumerate(self.intervals)}
        names = list(order)
        steps: dict[str, list[Rule]] = {}
        for rule in rules:
            inputs = self.dictionary.rests_on(rule.inputs)
            places = [order[name] for name in inputs if name in order]
            if places:
                steps.setdefault(names[max(places)], []).append(rule)
        return steps
