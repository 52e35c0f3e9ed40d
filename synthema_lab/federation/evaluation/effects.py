"""How large are published effects over hospitals that never pool their patients?

Odds ratios and shares follow from summed counts, as if all patients lay in one
place. Other effects are estimated in every hospital and averaged by their
precision (the fixed-effect mean, as in `hazards`), in units that the list of
findings gives: no patient decides about them.
"""

from __future__ import annotations

import math

import numpy as np

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...validation.bootstrap import percentile_interval
from ...validation.columns import Columns
from ...validation.finding_effects import RATIOS, Effect, Finding, compared_in, effect_of
from ...validation.published_findings import load_findings
from .rates import STEPS, Z

COUNTED = ("odds_ratio", "share")
HEAVIEST = 1e4
SIZE = 4
"""Numbers that an effect adds to a site's vector."""


def listed(
    dictionary: DataDictionary, columns: tuple[str, ...], survival: bool
) -> tuple[Finding, ...]:
    """The published findings that these variables can decide.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> {one.kind for one in listed(leuksurv, ("sex", "age_years"), False)}
    {'median'}
    """
    try:
        findings = load_findings(dictionary) or ()
    except ArgumentRefused:
        return ()
    there = dictionary.available(columns)
    return tuple(
        one for one in findings if one.inputs <= there and (survival or one.kind != "hazard_ratio")
    )


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
    numpy.ndarray of int64, shape (4,)
        Patients with a known outcome and those with the outcome, by group; or the
        weight, the weighted effect, and the smallest group and cell.
    """
    if finding.kind in COUNTED:
        groups, outcome = compared_in(finding, columns, dictionary)
        told = [[group.sum(), outcome[group].sum()] for group in groups]
        return np.resize(np.round(np.concatenate([*told, [0, 0]])), SIZE).astype(np.int64)
    effect = effect_of(finding, columns, dictionary, counts)
    centre, unit = _scale(finding)
    value, low, high = (_scaled(finding, one) for one in (effect.value, effect.low, effect.high))
    parts = [0.0, 0.0, effect.smallest_group, effect.smallest_cell]
    if all(map(math.isfinite, (value, low, high))):
        spread = max((high - low) / (2 * Z) / unit, HEAVIEST**-0.5)
        weight = STEPS / spread**2
        parts[:2] = weight, weight * (value - centre) / unit
    return np.round(parts).astype(np.int64)


def effect_over(
    finding: Finding, total: np.ndarray, rng: np.random.Generator, draws: int
) -> Effect:
    """The effect over hospitals, from the sum of what they gave.

    Examples
    --------
    >>> finding = load_findings(DataDictionary.load("aml"))[0]
    >>> effect_over(finding, np.zeros(4), np.random.default_rng(0), 50).smallest_group
    0
    """
    if finding.kind in COUNTED:
        return _from_counts(finding, total, rng, draws)
    weight, offset = total[0] / STEPS, total[1] / STEPS
    smallest = int(total[2]), int(total[3])
    if weight <= 0:
        return Effect(math.nan, math.nan, math.nan, np.full(draws, np.nan), *smallest)
    centre, unit = _scale(finding)
    value, error = centre + unit * offset / weight, unit / math.sqrt(weight)
    ends = value + np.array([0.0, -Z, Z]) * error
    drawn = rng.normal(value, error, draws)
    if finding.kind in RATIOS:
        ends, drawn = np.exp(ends), np.exp(drawn)
    return Effect(*map(float, ends), drawn, *smallest)


def _from_counts(
    finding: Finding, total: np.ndarray, rng: np.random.Generator, draws: int
) -> Effect:
    groups = [part.astype(int) for part in np.split(np.asarray(total), 2)][: len(finding.between)]
    sizes = [int(size) for size, _ in groups]
    cells = [int(cell) for size, met in groups for cell in (met, size - met)]
    smallest = min(sizes), min(*sizes, *cells)
    if min(sizes) == 0:
        return Effect(math.nan, math.nan, math.nan, np.full(draws, np.nan), *smallest)
    met = [
        np.r_[count, rng.binomial(size, count / size, draws)].astype(float)
        for size, count in groups
    ]
    if finding.kind == "odds_ratio":
        odds = [(y + 0.5) / (n - y + 0.5) for y, n in zip(met, sizes, strict=True)]
        effect = odds[0] / odds[1]
    else:
        shares = [y / n for y, n in zip(met, sizes, strict=True)]
        effect = shares[0] if len(shares) == 1 else shares[0] - shares[1]
    return Effect(float(effect[0]), *percentile_interval(effect[1:]), effect[1:], *smallest)


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
