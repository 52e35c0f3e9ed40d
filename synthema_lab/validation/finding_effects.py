"""How large is the effect that a published finding speaks of, in one table?

A condition that a missing value leaves undecided leaves the patient out of the
comparison (three-valued logic).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.evaluate import Rows, evaluate, three_valued
from synthema_lab.dictionary.expressions import Expression
from synthema_lab.dictionary.values import as_number

from .bootstrap import percentile_interval
from .columns import Columns
from .cox import cox_draws, fit_cox
from .metric import NAN
from .survival_model import RIDGE

LARGEST_LOG = 10.0
RATIOS = ("hazard_ratio", "odds_ratio", "rate_ratio", "median")


@dataclass(frozen=True)
class Finding:
    """A published finding.

    Parameters
    ----------
    name, text, source : str
        The text is for a clinician.
    evidence : {"read", "computed", "recalled", "assumed"}
        How well what `source` says is known.
    kind : {"hazard_ratio", "odds_ratio", "mean_difference", "rate_ratio", "share", "median"}
    of : Expression or None
        The outcome: a condition for odds and shares, a number for means, rates and
        medians, none for hazards.
    between : tuple of Expression
        Conditions for the group and the one that it is compared with.
    direction : {"higher", "lower", "near"}
        Against 1 for ratios and 0 for differences; "near" asks for the limits only.
    expected : float
        The published effect.
    within : tuple of float
        The smallest and largest effect with which the finding still holds.
    """

    name: str
    text: str
    source: str
    evidence: str
    kind: str
    of: Expression | None
    between: tuple[Expression, ...]
    direction: str
    expected: float
    within: tuple[float, float]

    @property
    def inputs(self) -> frozenset[str]:
        """Variables it uses, survival time and event apart."""
        parts = (*self.between, *([self.of] if self.of else []))
        return frozenset().union(*(part.inputs for part in parts))

    def decided_by(self, variables: Collection[str], survival: bool) -> bool:
        """Whether it can be estimated from these variables, derived ones included."""
        return self.inputs <= set(variables) and (survival or self.kind != "hazard_ratio")

    def holds(self, effect: np.ndarray | float) -> np.ndarray:
        """Whether effects have the right direction and lie within the limits."""
        ratio = self.kind in RATIOS
        null = 1.0 if ratio else 0.0
        side = {"higher": np.greater(effect, null), "lower": np.less(effect, null)}
        inside = (effect >= np.float64(self.within[0])) & (effect <= np.float64(self.within[1]))
        return inside & side.get(self.direction, True)


@dataclass(frozen=True)
class Effect:
    """The effect in one table.

    Parameters
    ----------
    value, low, high : float
        With the 95% interval; not a number where a group is empty.
    draws : ndarray, shape (draws,)
        The same in resamples of the patients.
    smallest_group : int
        Patients in the smaller group whose outcome is known.
    smallest_cell : int
        Fewest patients behind any count that enters, such as deaths in a group.
    """

    value: float
    low: float
    high: float
    draws: np.ndarray
    smallest_group: int
    smallest_cell: int


def effect_of(
    finding: Finding, columns: Columns, dictionary: DataDictionary, counts: np.ndarray
) -> Effect:
    """Estimate a finding's effect in a table and in its resamples.

    Parameters
    ----------
    finding : Finding
    columns : Columns
        The table; it must hold what the finding uses.
    dictionary : DataDictionary
    counts : ndarray, shape (draws, rows)
        How often each patient is drawn.

    Notes
    -----
    A hazard ratio is that of a Cox model with the group alone. An odds ratio
    has half a patient added to each cell (Haldane 1956).
    """
    groups, outcome = compared_in(finding, columns, dictionary)
    if finding.kind == "hazard_ratio":
        return _hazard_ratio(columns, groups, counts)
    sizes = [int(group.sum()) for group in groups]
    cells = list(sizes)
    if finding.kind in ("odds_ratio", "share"):
        cells += [int((outcome[group] == code).sum()) for group in groups for code in (0, 1)]
    once, draws = (
        _combined(finding.kind, outcome, groups, drawn)
        for drawn in (np.ones((1, columns.rows)), counts)
    )
    return effect_from(float(once[0]), draws, min(sizes), min(cells))


def compared_in(
    finding: Finding, columns: Columns, dictionary: DataDictionary
) -> tuple[list[np.ndarray], np.ndarray]:
    """Who is in each group with a known outcome, and the outcome.

    Returns
    -------
    list of ndarray of bool, shape (rows,)
        Of a hazard ratio, whoever is in each group.
    ndarray, shape (rows,)
        1 for yes and 0 for no, or a number; not a number where unknown, and all
        through for a hazard ratio.
    """
    rows = Rows(columns.table, dictionary.variables, dictionary.derivations)
    groups = [three_valued(evaluate(group, rows), columns.rows) == 1 for group in finding.between]
    if len(groups) == 2:
        groups[1] &= ~groups[0]
    if finding.kind == "hazard_ratio":
        return groups, np.full(columns.rows, np.nan)
    if finding.kind in ("odds_ratio", "share"):
        states = three_valued(evaluate(finding.of, rows), columns.rows)
        outcome = np.where(states < 0, np.nan, states.astype(float))
    else:
        values = as_number(evaluate(finding.of, rows)).values
        outcome = np.broadcast_to(values, (columns.rows,)).astype(float)
    return [group & np.isfinite(outcome) for group in groups], outcome


def effect_from(value: float, draws: np.ndarray, group: int, cell: int) -> Effect:
    """An effect with the percentile interval of its draws; not a number without a value."""
    if not np.isfinite(value):
        return Effect(NAN, NAN, NAN, np.full(len(draws), np.nan), group, cell)
    low, high = percentile_interval(draws)
    return Effect(value, low, high, draws, group, cell)


def _combined(
    kind: str, outcome: np.ndarray, groups: list[np.ndarray], counts: np.ndarray
) -> np.ndarray:
    """The effect in each resample; not a number where a group is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "median":
            middles = [_medians(outcome[group], counts[:, group]) for group in groups]
            return middles[0] if len(middles) == 1 else middles[0] / middles[1]
        sizes = [counts @ group.astype(float) for group in groups]
        sums = [counts @ np.where(group, outcome, 0.0) for group in groups]
    return effect_of_sums(kind, sums, sizes)


def effect_of_sums(kind: str, sums: list[np.ndarray], sizes: list[np.ndarray]) -> np.ndarray:
    """The effect that sums of an outcome give, for any kind but hazards and medians.

    Parameters
    ----------
    kind : str
    sums, sizes : list of ndarray, shape (draws,)
        By group, the sum of the outcome and the patients.

    Returns
    -------
    ndarray, shape (draws,)
        Not a number where a group is empty.

    Examples
    --------
    >>> effect_of_sums("share", [np.array([6.0]), np.array([1.0])], [np.array([8.0])] * 2)
    array([0.625])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "odds_ratio":
            odds = [(y + 0.5) / (n - y + 0.5) for y, n in zip(sums, sizes, strict=True)]
            some = (sizes[0] > 0) & (sizes[1] > 0)
            return np.where(some, odds[0] / odds[1], np.nan)
        means = [y / n for y, n in zip(sums, sizes, strict=True)]
        if kind == "rate_ratio":
            return means[0] / means[1]
        return means[0] if len(means) == 1 else means[0] - means[1]


def _medians(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Median of each resample: the mean of the values that half the patients reach and exceed."""
    if not len(values):
        return np.full(len(counts), np.nan)
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[:, order], axis=1)
    half = below[:, -1:] / 2
    first = (below < half).sum(axis=1)
    last = np.minimum((below <= half).sum(axis=1), len(values) - 1)
    ordered = values[order]
    middle = (ordered[np.minimum(first, len(values) - 1)] + ordered[last]) / 2
    return np.where(half[:, 0] > 0, middle, np.nan)


def _hazard_ratio(columns: Columns, groups: list[np.ndarray], counts: np.ndarray) -> Effect:
    known = np.isfinite(columns.time) & np.isfinite(columns.event)
    groups = [group & known for group in groups]
    events = [int(np.nansum(columns.event[group])) for group in groups]
    sizes = [int(group.sum()) for group in groups]
    cells = min(*events, *sizes)
    if min(sizes) == 0 or max(events) == 0:
        return effect_from(NAN, np.full(len(counts), np.nan), min(sizes), cells)
    rows = groups[0] | groups[1]
    inside = groups[0][rows].astype(float)[:, None]
    time, event = columns.time[rows], columns.event[rows]
    fit = fit_cox(inside, time, event, RIDGE).log_hazard_ratios
    draws = cox_draws(inside, time, event, counts[:, rows], fit, RIDGE)[:, 0]
    both = (counts[:, groups[0]].sum(axis=1) > 0) & (counts[:, groups[1]].sum(axis=1) > 0)
    draws = np.where(both, np.clip(draws, -LARGEST_LOG, LARGEST_LOG), np.nan)
    return effect_from(float(np.exp(fit[0])), np.exp(draws), min(sizes), cells)
