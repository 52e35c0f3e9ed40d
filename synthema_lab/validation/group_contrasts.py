"""Do the risk groups differ from one another as real ones do?

Each group of at least ten real patients is contrasted with all others: numbers
by the difference of means in real standard deviations (Cohen 1988), findings by
the difference of shares. What the group is defined by is left out, since it
differs by definition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .bootstrap import distance_interval, percentile_interval
from .columns import MISSING, Columns
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 10


def contrast_error(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of the standardised contrasts of numbers."""
    return _error(candidate, reference, "numbers", np.inf)


def rate_contrast_error(candidate: Columns, reference: Reference) -> Estimate:
    """Mean absolute difference of the contrasts of shares."""
    return _error(candidate, reference, "findings", 2.0)


@dataclass(frozen=True)
class _Contrasts:
    """Which groups are contrasted in which variables, with the real scale of each."""

    pairs: tuple[tuple[int, str], ...]
    scales: np.ndarray
    groups: int
    variables: int


def _error(candidate: Columns, reference: Reference, kind: str, most: float) -> Estimate:
    plan = reference.once(("contrasts", kind), lambda: _plan(reference, kind))
    if not plan.pairs:
        return Estimate.absent(
            f"no risk group of {FEWEST} real patients can be contrasted with {FEWEST} others in "
            f"{kind} that do not define it"
        )
    if candidate.risk_group is None:
        return Estimate.absent("the table has no risk group")
    (real, shown), real_draws = _contrasts(reference.train, reference, plan, kind)
    (other, other_shown), other_draws = _contrasts(candidate, reference, plan, kind)
    unknown = np.isnan(other)
    if unknown.all():
        return Estimate.absent(f"the table holds no two risk groups with known {kind}")
    difference = np.nan_to_num(other) - real
    value = float(np.abs(difference).mean())
    moved = np.abs(np.nan_to_num(other_draws) - np.nan_to_num(real_draws) - difference)
    low, high = distance_interval(value, moved.mean(axis=1), (0.0, most))
    note = f"{plan.groups} risk groups, {plan.variables} {kind}"
    if unknown.any():
        note += f"; {int(unknown.sum())} contrasts that the table cannot tell count as none"
    if not shown.all():
        note += f"; {int((~shown).sum())} real contrasts rest on few patients and are not shown"
    if candidate.role in ("train", "holdout"):
        other = np.where(other_shown, other, np.nan)
    limits = [
        _limits(draws, np.isnan(found))
        for found, draws in ((np.where(shown, real, np.nan), real_draws), (other, other_draws))
    ]
    variables = reference.dictionary.variables
    categories = variables[reference.dictionary.risk_group].categories
    levels = reference.train.risk_levels
    table = pd.DataFrame(
        {
            "group": [str(categories.get(levels[g], levels[g])) for g, _ in plan.pairs],
            "variable": [name for _, name in plan.pairs],
            "label": [variables[name].label for _, name in plan.pairs],
            "kind": kind,
            "real": np.where(shown, real, np.nan).round(2),
            "real_low": limits[0][0],
            "real_high": limits[0][1],
            "candidate": other.round(2),
            "candidate_low": limits[1][0],
            "candidate_high": limits[1][1],
        }
    )
    return Estimate(
        value, low, high, candidate.rows, note, curves={f"group_contrasts_{kind}": table}
    )


def _limits(draws: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Ends of the 95% intervals, shape (2, contrasts); not a number where hidden."""
    ends = np.full((2, draws.shape[1]), np.nan)
    for place in np.flatnonzero(~hidden):
        ends[:, place] = percentile_interval(draws[:, place])
    return ends.round(2)


def _plan(reference: Reference, kind: str) -> _Contrasts:
    train, dictionary = reference.train, reference.dictionary
    outcome = {dictionary.survival.time, dictionary.survival.event} if dictionary.survival else ()
    names = [name for name in _names(train, reference, kind) if name not in outcome]
    defining = dictionary.rests_on([dictionary.risk_group])
    pairs, scales = [], []
    for name in (name for name in names if name not in defining):
        values = _values(train, name, kind)
        known = np.isfinite(values)
        if not known.any() or np.ptp(values[known]) == 0:
            continue
        scale = float(values[known].std()) if kind == "numbers" else 1.0
        for code in range(len(train.risk_levels)):
            inside = train.risk_group == code
            outside = (train.risk_group != code) & (train.risk_group != MISSING)
            if min((inside & known).sum(), (outside & known).sum()) >= FEWEST:
                pairs.append((code, name))
                scales.append(scale)
    return _Contrasts(
        tuple(pairs),
        np.array(scales),
        len({code for code, _ in pairs}),
        len({name for _, name in pairs}),
    )


def _names(columns: Columns, reference: Reference, kind: str) -> list[str]:
    if kind == "numbers":
        return list(columns.numeric)
    types = reference.dictionary.variables
    return [name for name in columns.coded if types[name].type == "boolean"]


def _values(columns: Columns, name: str, kind: str) -> np.ndarray:
    if kind == "numbers":
        return columns.numeric[name]
    codes = columns.coded[name]
    return np.where(codes == MISSING, np.nan, codes.astype(float))


def _contrasts(
    columns: Columns, reference: Reference, plan: _Contrasts, kind: str
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Contrasts and whether each may be shown, by contrast; then by draw and contrast."""

    def compute() -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        matrix = np.column_stack([_values(columns, name, kind) for _, name in plan.pairs])
        codes = np.array([code for code, _ in plan.pairs])
        known = np.isfinite(matrix)
        grouped = columns.risk_group[:, None]
        inside = (known & (grouped == codes)).astype(float)
        outside = (known & (grouped != codes) & (grouped != MISSING)).astype(float)
        filled = np.where(known, matrix, 0.0) / plan.scales

        def contrasts(counts: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                return counts @ (filled * inside) / (counts @ inside) - counts @ (
                    filled * outside
                ) / (counts @ outside)

        once = contrasts(np.ones((1, columns.rows)))[0]
        cells = [inside.sum(axis=0), outside.sum(axis=0)]
        if kind == "findings":
            cells += [
                (v * side).sum(axis=0) for v in (filled, 1 - filled) for side in (inside, outside)
            ]
        shown = np.min(cells, axis=0) >= FEWEST
        return (once, shown), contrasts(reference.counts(columns))

    return reference.once(("contrasts", kind, columns.role), compute)


MEASURES = (
    Measure(
        "contrast_error",
        "Contrasts between risk groups: numbers",
        "clinical",
        "minimise",
        (0.0, float("inf")),
        "Mean difference between how far each risk group's average lies from the others', in "
        "standard deviations.",
        frozenset({"risk_group"}),
        "holdout",
        contrast_error,
    ),
    Measure(
        "rate_contrast_error",
        "Contrasts between risk groups: findings",
        "clinical",
        "minimise",
        (0.0, 2.0),
        "Mean difference between how far each risk group's share with a finding lies from the "
        "others'.",
        frozenset({"risk_group"}),
        "holdout",
        rate_contrast_error,
    ),
)
