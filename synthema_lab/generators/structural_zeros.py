"""Which combinations of codes does a dictionary rule forbid?

A rule over binned variables is tried at the corners and in the middle of every
cell. Where it is broken at all of them the cell is a structural zero of the
model; where it is broken at some, the sampler draws again.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..dictionary import Rule
from .counts import Clique
from .encoder import CodedVariable, Encoder

_LARGEST_CELLS = 20_000


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
    dictionary = encoder.dictionary
    decidable, undecidable = dictionary.decidable((*encoder.columns, *dictionary.derived))
    structural = {}
    for rule in decidable:
        inputs = tuple(position for position, name in enumerate(encoder.columns)
                       if name in rule.inputs)  # fmt: skip
        cells = int(np.prod([encoder.sizes[position] for position in inputs], dtype=float))
        if len(inputs) != len(rule.inputs) or cells > _LARGEST_CELLS:
            continue  # reads a derived variable, or is too wide: rejection keeps it
        forbidden = _forbidden(rule, inputs, encoder)
        if forbidden.size:
            structural[rule.name] = (inputs, forbidden)
    return RuleCoverage(structural, tuple(decidable), tuple(rule.name for rule in undecidable))


def _forbidden(rule: Rule, inputs: Clique, encoder: Encoder) -> np.ndarray:
    """Codes of the cells in which the rule is broken at every point tried."""
    names = [encoder.columns[position] for position in inputs]
    points = [_points(encoder.coded[name]) for name in names]
    grid = list(itertools.product(*(range(len(p)) for p in points)))
    tried = pd.DataFrame(
        {
            name: pd.Series([p[row[place]][1] for row in grid], dtype=object)
            for place, (name, p) in enumerate(zip(names, points, strict=True))
        }
    )
    codes = np.array([[p[i][0] for p, i in zip(points, row, strict=True)] for row in grid])
    broken = np.asarray(rule.holds(encoder.dictionary.conform(tried))) == 0
    cells, which = np.unique(codes, axis=0, return_inverse=True)
    always = np.ones(len(cells), dtype=bool)
    np.logical_and.at(always, which.ravel(), broken)
    return cells[always]


def _points(coded: CodedVariable) -> list[tuple[int, object]]:
    """Code and value of the points at which a variable is tried."""
    points: list[tuple[int, object]] = []
    if coded.levels:
        points += list(enumerate(coded.levels))
    else:
        for code, (low, high) in enumerate(itertools.pairwise(coded.edges)):
            if coded.variable.type == "integer":
                top = high if code == coded.present - 1 else high - 1
                values = {np.ceil(low), np.floor((low + top) / 2), np.floor(top)}
            else:
                values = {low, (low + high) / 2, np.nextafter(high, low)}
            points += [(code, value) for value in sorted(values)]
    if coded.variable.missing:
        points.append((coded.present, None))
    return points
