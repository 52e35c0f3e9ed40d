"""How large are published effects over hospitals that never pool their patients?

Odds ratios and shares follow from summed counts, means and their ratios from summed
moments of a variable over its range in the dictionary: as if all patients lay in one
place. Hazard ratios and medians are estimated in every hospital that has enough
patients in each group, and averaged by how many these are.
"""

from __future__ import annotations

import math

import numpy as np

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...validation.columns import Columns
from ...validation.finding_effects import (
    RATIOS,
    Effect,
    Finding,
    compared_in,
    effect_from,
    effect_of,
    effect_of_sums,
)
from ...validation.published_findings import load_findings
from .rates import SQUARES, STEPS, Z, bounded

COUNTED, SUMMED = ("odds_ratio", "share"), ("mean_difference", "rate_ratio")
FEWEST, FEWEST_EVENTS = 10, 5
"""Patients in each group of a hospital, and events, from which it gives an effect of its own."""
PARTS = 100
"""A variable is summed in hundredths of its range."""
FARTHEST = 100.0
SIZE = 6
"""Numbers that an effect adds to a site's vector."""


def published(
    dictionary: DataDictionary, columns: tuple[str, ...], survival: bool
) -> tuple[Finding, ...]:
    """The published findings that these variables can decide.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> {one.kind for one in published(leuksurv, ("sex", "age_years"), False)}
    {'median'}
    """
    try:
        findings = load_findings(dictionary) or ()
    except ArgumentRefused:
        return ()
    there = dictionary.available(columns)
    return tuple(one for one in findings if one.decided_by(there, survival))


def summed_effect(
    finding: Finding, columns: Columns, dictionary: DataDictionary, counts: np.ndarray
) -> np.ndarray:
    """What a side of a hospital adds to the sum.

    Parameters
    ----------
    finding : Finding
    columns : Columns
    dictionary : DataDictionary
    counts : numpy.ndarray, shape (draws, rows)

    Returns
    -------
    numpy.ndarray of int64, shape (6,)
        By group the patients, the sum and the sum of squares of the outcome (1 for yes and
        0 for no; or in hundredths of the variable's range). Or else the weight, the
        weighted effect and variance, the smallest group and cell, and 1 for the hospital.
        Zeros where there is nothing to give.
    """
    span = _range(finding, dictionary)
    if span is not None:
        groups, outcome = compared_in(finding, columns, dictionary)
        least, unit = span
        told = np.zeros((2, 3))
        for place, group in enumerate(groups):
            parts = (outcome[group] - least) / unit
            told[place] = len(parts), parts.sum(), (parts**2).sum()
        return bounded(told.ravel())
    effect = effect_of(finding, columns, dictionary, counts)
    group, cell = effect.smallest_group, effect.smallest_cell
    centre, unit = _scale(finding)
    ends = [_scaled(finding, one) for one in (effect.value, effect.low, effect.high)]
    value, low, high = ((end - centre) / unit for end in ends)
    few = group < FEWEST or cell < FEWEST_EVENTS
    if few or not all(map(math.isfinite, (value, low, high))) or abs(value) > FARTHEST:
        return np.zeros(SIZE, dtype=np.int64)
    variance = ((high - low) / (2 * Z)) ** 2
    parts = [cell, STEPS * cell * value, SQUARES * cell**2 * variance, group, cell, 1]
    return bounded(np.array(parts, dtype=float))


def effect_over(
    finding: Finding, dictionary: DataDictionary, total: np.ndarray, rng: np.random.Generator,
    draws: int,
) -> Effect:  # fmt: skip
    """The effect over hospitals, from the sum of what they gave.

    Examples
    --------
    >>> aml = DataDictionary.load("aml")
    >>> finding = load_findings(aml)[0]
    >>> effect_over(finding, aml, np.zeros(6), np.random.default_rng(0), 50).smallest_group
    0
    """
    span = _range(finding, dictionary)
    if span is not None:
        return _from_moments(finding, span, np.reshape(total, (2, 3)), rng, draws)
    weight = float(total[0])
    smallest = int(total[3]), int(total[4])
    if weight <= 0:
        return effect_from(math.nan, np.empty(draws), *smallest)
    centre, unit = _scale(finding)
    value = centre + unit * total[1] / STEPS / weight
    error = unit * math.sqrt(total[2] / SQUARES) / weight
    ends = value + np.array([0.0, -Z, Z]) * error
    drawn = rng.normal(value, error, draws)
    if finding.kind in RATIOS:
        ends, drawn = np.exp(ends), np.exp(drawn)
    return Effect(*map(float, ends), drawn, *smallest)


def _from_moments(
    finding: Finding, span: tuple[float, float], groups: np.ndarray, rng: np.random.Generator,
    draws: int,
) -> Effect:  # fmt: skip
    least, unit = span
    groups = groups[: len(finding.between)].astype(float)
    sizes = groups[:, 0]
    cells = [*sizes, *groups[:, 1], *(sizes - groups[:, 1])] if finding.kind in COUNTED else sizes
    smallest = int(sizes.min()), int(min(cells))
    if sizes.min() == 0:
        return effect_from(math.nan, np.empty(draws), *smallest)
    if finding.kind in COUNTED:
        summed = [
            np.r_[count, rng.binomial(int(size), count / size, draws)].astype(float)
            for size, count, _ in groups
        ]
    else:
        summed = [size * least + unit * _sums_drawn(size, *rest, rng, draws)
                  for size, *rest in groups]  # fmt: skip
    effect = effect_of_sums(finding.kind, summed, list(sizes))
    return effect_from(float(effect[0]), effect[1:], *smallest)


def _sums_drawn(
    size: float, total: float, squares: float, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """A sum, and what it becomes when patients are drawn again; shape (1 + draws,)."""
    spread = math.sqrt(max(0.0, squares - total**2 / size))
    return np.maximum(0.0, np.r_[total, rng.normal(total, spread, draws)])


def _range(finding: Finding, dictionary: DataDictionary) -> tuple[float, float] | None:
    """Where sums of an outcome begin, and their unit; None where no sum gives the effect."""
    if finding.kind in COUNTED:
        return 0.0, 1.0
    if finding.kind not in SUMMED or finding.of.text not in dictionary.variables:
        return None
    limits = dictionary.variables[finding.of.text].range
    return None if limits is None else (limits[0], (limits[1] - limits[0]) / PARTS)


def _scaled(finding: Finding, effect: float) -> float:
    if finding.kind not in RATIOS:
        return effect
    return math.log(effect) if effect > 0 else math.nan


def _scale(finding: Finding) -> tuple[float, float]:
    """Where the published effect lies, and the unit: a quarter of the way between its limits."""
    least, most = (_scaled(finding, limit) for limit in finding.within)
    centre = _scaled(finding, finding.expected)
    width = (most - least) / 4
    return centre, width if math.isfinite(width) and width > 0 else max(abs(centre), 1.0)
