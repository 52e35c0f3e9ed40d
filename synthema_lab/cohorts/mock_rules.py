"""How are invented patients changed until they keep every rule?

A local search in the manner of WalkSAT: in each row that breaks something, one
broken rule is picked, one of its variables is drawn afresh, moved to where the two
sides of a comparison meet (a secant step), or left out; the change stays unless it
breaks more than it mends. Rows that resist are begun anew.

Source: Selman B, Kautz H, Cohen B. Noise strategies for improving local search.
Proc. AAAI 1994: 337-343.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from synthema_lab.cohorts.mock_values import draw, limits, recorded
from synthema_lab.dictionary import DataDictionary, Variable
from synthema_lab.dictionary.evaluate import Rows, evaluate
from synthema_lab.dictionary.expressions import Expression, parse
from synthema_lab.dictionary.values import Number, Text, Value, as_number
from synthema_lab.errors import DataMismatch

ROUNDS, FRESH_START = 600, 60
SHARE_OUT, SHARE_MET, UPHILL = 0.2, 0.4, 0.02
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Constraint:
    """What a row must keep: a rule, or that a derived variable is there and within limits.

    `inputs` are the modelled variables it depends on, `sides` the two sides of each
    comparison of numbers in it.
    """

    name: str
    inputs: tuple[str, ...]
    sides: tuple[tuple[Expression, Expression], ...] = ()
    rule: int = -1


class _Drawn(Rows):
    """Drawn values, as the rows that rules are evaluated on."""

    def __init__(self, values: Values, dictionary: DataDictionary, rows: int) -> None:
        super().__init__(
            pd.DataFrame(index=range(rows)), dictionary.variables, dictionary.derivations
        )
        self.values = values

    def _read_now(self, name: str) -> Value:
        if name not in self.values:
            return super()._read_now(name)
        variable, values = self.variables[name], self.values[name]
        if variable.type == "category":
            known = tuple(variable.categories)
            codes = np.where(np.isnan(values), -1, values).astype(np.int64)
            return Text(codes, known, known, name=name)
        return Number(values, variable.type == "boolean")


class Repair:
    """The rules of a dictionary, as what invented rows are repaired by.

    Parameters
    ----------
    dictionary : DataDictionary
    """

    def __init__(self, dictionary: DataDictionary) -> None:
        self.dictionary = dictionary
        self.constraints = (*self._of_derived(), *self._of_rules())

    def __call__(self, values: Values, rng: np.random.Generator) -> None:
        """Change `values` in place until every row keeps every rule.

        Raises
        ------
        DataMismatch
            If rows still break a rule after 600 rounds; it names the rules.
        """
        rows = len(next(iter(values.values())))
        open_rows, broken = np.arange(rows), self.broken(values)
        for attempt in range(ROUNDS):
            still = broken.any(axis=0)
            open_rows, broken = open_rows[still], broken[:, still]
            if not len(open_rows):
                return
            now = {name: column[open_rows] for name, column in values.items()}
            if attempt % FRESH_START == FRESH_START - 1:
                tried = self._fresh(len(open_rows), rng)
            else:
                tried = self._changed(now, broken, rng)
            after = self.broken(tried)
            kept = after.sum(axis=0) <= broken.sum(axis=0)
            kept |= rng.random(len(open_rows)) < UPHILL
            for name, column in values.items():
                column[open_rows[kept]] = tried[name][kept]
            broken = np.where(kept, after, broken)
        still = broken.any(axis=1)
        if not still.any():
            return
        names = [self.constraints[at].name for at in np.flatnonzero(still)[:5]]
        raise DataMismatch(
            f"No invented patient was found that keeps {', '.join(names)}, in "
            f"{int(broken.any(axis=0).sum())} of {rows} rows.",
            "Rules that values within the plausible limits and bins can keep together.",
            "Look at these rules and at the limits of their variables in the dictionary.",
        )

    def broken(self, values: Values) -> np.ndarray:
        """Which constraint each row breaks, ndarray of bool, shape (constraints, rows)."""
        size = len(next(iter(values.values())))
        rows = _Drawn(values, self.dictionary, size)
        found = np.zeros((len(self.constraints), size), dtype=bool)
        for at, constraint in enumerate(self.constraints):
            if constraint.rule >= 0:
                found[at] = self.dictionary.rules[constraint.rule].holds_on(rows) == 0
            else:
                found[at] = _derived_wrong(rows, self.dictionary.variables[constraint.name])
        return found

    def _fresh(self, size: int, rng: np.random.Generator) -> Values:
        variables = self.dictionary.variables
        return {name: draw(variables[name], size, rng) for name in drawn_names(self.dictionary)}

    def _changed(self, now: Values, broken: np.ndarray, rng: np.random.Generator) -> Values:
        """A proposal: in each row one variable of one broken constraint is another."""
        tried = {name: column.copy() for name, column in now.items()}
        # The largest of random numbers over the broken ones picks one of them evenly.
        picked = np.where(broken, rng.random(broken.shape), -1.0).argmax(axis=0)
        for at in np.unique(picked):
            constraint, members = self.constraints[at], np.flatnonzero(picked == at)
            if constraint.rule < 0 and rng.random() < 0.5:
                self._fill(tried, constraint, members, rng)
                continue
            which = rng.integers(0, len(constraint.inputs), len(members))
            for place in np.unique(which):
                self._vary(
                    tried, constraint, constraint.inputs[place], members[which == place], rng
                )
        return tried

    def _fill(
        self, tried: Values, constraint: Constraint, members: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Draw all missing inputs of a derived variable that may not be missing."""
        for name in constraint.inputs:
            gaps = members[np.isnan(tried[name][members])]
            tried[name][gaps] = draw(self.dictionary.variables[name], len(gaps), rng, missing=0.0)

    def _vary(
        self,
        tried: Values,
        constraint: Constraint,
        name: str,
        members: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        variable = self.dictionary.variables[name]
        afresh = draw(variable, len(members), rng, missing=0.1, true=0.5)
        chance = rng.random()
        if constraint.sides and variable.numeric and chance < SHARE_MET:
            sides = constraint.sides[rng.integers(len(constraint.sides))]
            tried[name][members] = self._meeting(tried, sides, variable, members, afresh, rng)
        elif variable.missing and chance > 1 - SHARE_OUT:
            tried[name][members] = np.nan
        else:
            tried[name][members] = afresh

    def _meeting(
        self,
        tried: Values,
        sides: tuple[Expression, Expression],
        variable: Variable,
        members: np.ndarray,
        afresh: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Where both sides meet, or a step or more beside it; drawn afresh where they do not."""
        here = {name: column[members] for name, column in tried.items()}
        there = here | {variable.name: afresh}
        with np.errstate(all="ignore"):
            gap, other = self._gap(sides, here), self._gap(sides, there)
            start = here[variable.name]
            met = start - gap * (afresh - start) / (other - gap)
        met = np.where(np.isfinite(met), met, np.nan)
        low, high = limits(variable)
        step = variable.resolution or (1.0 if variable.type == "integer" else (high - low) / 1000)
        aside = rng.choice([-1.0, 0.0, 1.0], len(members)) * step
        far = met + rng.random(len(members)) * (rng.choice([low, high], len(members)) - met)
        met = np.where(rng.random(len(members)) < 0.5, met + aside, far)
        return np.where(np.isfinite(met), recorded(variable, met), afresh)

    def _gap(self, sides: tuple[Expression, Expression], values: Values) -> np.ndarray:
        size = len(next(iter(values.values())))
        rows = _Drawn(values, self.dictionary, size)
        left, right = (as_number(evaluate(side, rows)).values for side in sides)
        return np.broadcast_to(left - right, size)

    def _of_rules(self) -> list[Constraint]:
        return [
            Constraint(rule.name, inputs, self._sides(rule.parsed), at)
            for at, rule in enumerate(self.dictionary.rules)
            if (inputs := self._modelled(rule.inputs))
        ]

    def _of_derived(self) -> list[Constraint]:
        return [
            Constraint(name, inputs)
            for name, expression in self.dictionary.derivations.items()
            if (inputs := self._modelled(expression.inputs))
        ]

    def _modelled(self, names: frozenset[str]) -> tuple[str, ...]:
        """The drawn variables behind a set of inputs, derived ones followed to theirs."""
        return tuple(sorted(self.dictionary.rests_on(names) & set(drawn_names(self.dictionary))))

    def _sides(self, expression: Expression) -> tuple[tuple[Expression, Expression], ...]:
        """Both sides of each comparison of numbers within an expression."""
        variables = self.dictionary.variables
        nothing = _Drawn({}, self.dictionary, 0)
        found: list[tuple[Expression, Expression]] = []
        for node in ast.walk(expression.tree):
            if not isinstance(node, ast.Compare):
                continue
            parts = [node.left, *node.comparators]
            for operator, pair in zip(node.ops, pairwise(parts), strict=True):
                if isinstance(operator, ast.In | ast.NotIn | ast.NotEq):
                    continue
                left, right = (parse(ast.unparse(part), variables) for part in pair)
                if not any(isinstance(evaluate(side, nothing), Text) for side in (left, right)):
                    found.append((left, right))
        return tuple(found)


def drawn_names(dictionary: DataDictionary) -> tuple[str, ...]:
    """The variables that are drawn: those a generator models, and a centre that has codes."""
    centre = dictionary.centre
    coded = centre is not None and dictionary.variables[centre].type == "category"
    return tuple(
        name
        for name in dictionary.variables
        if name in dictionary.modelled or (coded and name == centre)
    )


def _derived_wrong(rows: _Drawn, variable: Variable) -> np.ndarray:
    value = rows.read(variable.name)
    wrong = np.broadcast_to(value.missing & (not variable.missing), (len(rows),)).copy()
    allowed = variable.plausible or variable.range
    if isinstance(value, Number) and variable.numeric and allowed is not None:
        wrong |= (value.values < allowed[0]) | (value.values > allowed[1])
    return wrong
