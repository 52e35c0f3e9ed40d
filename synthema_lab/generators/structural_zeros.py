"""Which combinations of codes does a dictionary rule forbid?

A cell of binned variables is a structural zero of the model only where no
values inside its bins could keep the rule. Between the thresholds that a rule
names, a comparison with a constant does not change, and one linear comparison
between variables takes its extremes at the corners; so trying both sides of
every threshold and corner decides the cell. Rules of another form, and cells
in which some values keep the rule, are left to the sampler, which draws again.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import Rule
from .counts import Clique
from .encoder import CodedVariable, Encoder
from .patterns import Digits, Panel

_MOST_POINTS = 200_000


@dataclass(frozen=True)
class RuleCoverage:
    """How each rule of the dictionary is kept in a synthetic cohort.

    Attributes
    ----------
    structural : dict of str to (clique, numpy.ndarray)
        Rules with forbidden cells: rule name to clique and the codes of the
        forbidden cells, shape (cells, variables of the clique).
    decidable : tuple of Rule
        Rules whose inputs are all present; the sampler checks every row.
    undecidable : tuple of str
        Names of rules with an absent input: listed, not claimed.
    """

    structural: dict[str, tuple[Clique, np.ndarray]]
    decidable: tuple[Rule, ...]
    undecidable: tuple[str, ...]


def rule_coverage(encoder: Encoder) -> RuleCoverage:
    """Sort the dictionary's rules by how they can be kept.

    Parameters
    ----------
    encoder : Encoder
        Holds the dictionary and the variables that are present.

    Returns
    -------
    RuleCoverage
    """
    decidable, undecidable = encoder.dictionary.decidable(encoder.columns)
    structural = {}
    for rule in decidable:
        inputs = tuple(
            position for position, name in enumerate(encoder.columns) if name in rule.inputs
        )
        if len(inputs) != len(rule.inputs):
            continue  # it reads a derived variable: the sampler keeps it
        forbidden = _forbidden(rule, inputs, encoder)
        if len(forbidden):
            structural[rule.name] = (inputs, forbidden)
    return RuleCoverage(structural, tuple(decidable), tuple(rule.name for rule in undecidable))


def pattern_zeros(encoder: Encoder) -> tuple[tuple[Clique, np.ndarray], ...]:
    """Combinations of a pattern's code and a variable's that contradict each other.

    Returns
    -------
    tuple of (clique, numpy.ndarray)
        The codes of the forbidden cells, shape (cells, 2).
    """
    place = {name: number for number, name in enumerate(encoder.names)}
    zeros = []
    for pattern in encoder.patterns:
        names = pattern.members if isinstance(pattern, Panel) else (pattern.variable.name,)
        for name in names:
            coded = encoder.coded[name]
            if isinstance(pattern, Panel):
                # All are there, or none is; where some are, anything may be.
                cells = [(coded.present, 0), *((code, 2) for code in range(coded.present))]
            else:
                cells = [
                    (code, digits)
                    for code in range(coded.size)
                    for digits, may in enumerate(_digits_of(pattern, coded, code))
                    if not may
                ]
            zeros.append(((place[name], place[pattern.name]), np.array(cells).reshape(-1, 2)))
    return tuple(zero for zero in zeros if len(zero[1]))


def _digits_of(pattern: Digits, coded: CodedVariable, code: int) -> list[bool]:
    """Which of a pattern's codes a value with this code can have."""
    if code == coded.present:  # missing
        return [digits == 0 for digits in range(pattern.size)]
    if coded.levels:
        return pattern.possible(coded.levels[code], coded.levels[code])
    low, high = coded.edges[code : code + 2]
    step = coded.variable.resolution or 1.0
    return pattern.possible(low, high if code == coded.present - 1 else high - step)


def cells_without(condition: Rule, encoder: Encoder) -> tuple[Clique, np.ndarray]:
    """The cells in which no values certainly meet a condition, a missing value included.

    Parameters
    ----------
    condition : Rule
        Over variables of the encoder.
    encoder : Encoder

    Returns
    -------
    clique, numpy.ndarray
        None for a form of condition that points cannot decide.
    """
    inputs = tuple(place for place, name in enumerate(encoder.columns) if name in condition.inputs)
    return inputs, _forbidden(condition, inputs, encoder, undecided=True)


def _forbidden(rule: Rule, inputs: Clique, encoder: Encoder, undecided: bool = False) -> np.ndarray:
    """Codes of the cells in which no values keep the rule; none for another form of rule."""
    coded = [encoder.coded[encoder.columns[position]] for position in inputs]
    binned = {one.variable.name for one in coded if not one.levels}
    nothing = np.empty((0, len(inputs)), dtype=np.int64)
    if not _decided_by_points(rule.parsed.tree, binned):
        return nothing
    thresholds = _constants(rule.parsed.tree)
    points = [list(_points(one, thresholds)) for one in coded]
    if np.prod([float(len(p)) for p in points]) > _MOST_POINTS:
        return nothing
    grid = list(itertools.product(*points))
    tried = pd.DataFrame(
        {
            one.variable.name: pd.Series([row[place][1] for row in grid], dtype=object)
            for place, one in enumerate(coded)
        }
    )
    held = np.asarray(rule.holds(encoder.dictionary.conform(tried)))
    broken = held != 1 if undecided else held == 0
    codes = np.array([[code for code, _ in row] for row in grid])
    cells, which = np.unique(codes, axis=0, return_inverse=True)
    always = np.ones(len(cells), dtype=bool)
    np.logical_and.at(always, which.ravel(), broken)
    return cells[always]


def _decided_by_points(tree: ast.AST, binned: set[str]) -> bool:
    """Whether thresholds and corners decide a cell (see the module's first paragraph)."""
    joint = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.func.id in ("choose", "cut"):
            return False
        if isinstance(node, ast.BinOp):
            both = _names(node.left, binned) and _names(node.right, binned)
            divided = isinstance(node.op, ast.Div) and _names(node.right, binned)
            if isinstance(node.op, ast.Pow) or divided:
                return False
            if isinstance(node.op, ast.Mult) and both:
                return False
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for (left, right), operator in zip(itertools.pairwise(sides), node.ops, strict=True):
                names = _names(left, binned) | _names(right, binned)
                plain = not any(
                    isinstance(part, ast.BinOp) and _names(part, binned)
                    for side in (left, right)
                    for part in ast.walk(side)
                )
                if len(names) > 1:
                    joint += 1
                    if isinstance(operator, ast.Eq | ast.NotEq):
                        return False
                elif names and not plain:
                    return False
    return joint <= 1


def _names(tree: ast.AST, binned: set[str]) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & binned


def _constants(tree: ast.AST) -> list[float]:
    """Numbers in an expression, with either sign."""
    found = {
        float(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    }
    return sorted(found | {-number for number in found})


def _points(coded: CodedVariable, thresholds: list[float]) -> Iterator[tuple[int, object]]:
    """Code and value of the points at which a variable is tried."""
    if coded.levels:
        yield from enumerate(coded.levels)
    else:
        for code, (low, high) in enumerate(itertools.pairwise(coded.edges)):
            inside = [low, *(t for t in thresholds if low < t < high), high]
            closed = code == coded.present - 1
            if coded.variable.type == "integer":
                top = high if closed else high - 1
                near = {float(np.floor(edge + step)) for edge in inside for step in (-1, 0, 1)}
                near |= {float(np.floor((a + b) / 2)) for a, b in itertools.pairwise(inside)}
                values = {value for value in near if np.ceil(low) <= value <= top}
            else:
                values = {low, np.nextafter(high, low), *inside[1:-1]}
                values |= {(a + b) / 2 for a, b in itertools.pairwise(inside)}
                for threshold in inside[1:-1]:
                    values |= {np.nextafter(threshold, low), np.nextafter(threshold, high)}
                values |= {high} if closed else set()
            yield from ((code, float(value)) for value in sorted(values))
    if coded.variable.missing:
        yield (coded.present, None)
