"""What is a quantity in these patients, and how exactly is it known?

Each function here makes a measure: something that takes the patients and gives
a value and its standard error. Conditions and subgroups are written as in
``DataFrame.query``, such as ``"genotype == 'HbSS' and age_years >= 18"``.
Patients with a missing value in what is measured are left out.
"""

from __future__ import annotations

import ast
from math import sqrt

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.calibration import Measure


def holds(patients: pd.DataFrame, condition: str | None) -> np.ndarray:
    """Where a condition certainly holds; everywhere without one."""
    if condition is None:
        return np.ones(len(patients), dtype=bool)
    held = patients[_named(patients, condition)].eval(condition, engine="python")
    return pd.Series(held, index=patients.index).astype("boolean").fillna(False).to_numpy(bool)


def _recorded(patients: pd.DataFrame, condition: str) -> np.ndarray:
    """Where every variable that the condition names has a value."""
    named = _named(patients, condition)
    return patients[named].notna().all(axis=1).to_numpy(bool)


def _named(patients: pd.DataFrame, condition: str) -> list[str]:
    """The variables that a condition names."""
    named = {node.id for node in ast.walk(ast.parse(condition)) if isinstance(node, ast.Name)}
    return [name for name in patients.columns if name in named]


def _values(patients: pd.DataFrame, variable: str, where: str | None) -> np.ndarray:
    chosen = patients.loc[holds(patients, where), variable]
    return chosen.astype("float64").dropna().to_numpy()


def share(condition: str, where: str | None = None) -> Measure:
    """Percentage of the patients in `where` in whom the condition holds.

    Examples
    --------
    >>> share("hb < 8")(pd.DataFrame({"hb": [7.0, 9.0, 7.5, 9.5]}))
    (50.0, 25.0)
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = holds(patients, where) & _recorded(patients, condition)
        count = int(group.sum())
        portion = holds(patients, condition)[group].mean() if count else np.nan
        error = sqrt(portion * (1 - portion) / count) if count else np.nan
        return 100 * float(portion), 100 * float(error)

    return measure


def mean(variable: str, where: str | None = None) -> Measure:
    """Mean of a variable in the patients of `where`."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        values = _values(patients, variable, where)
        return values.mean(), values.std(ddof=1) / sqrt(len(values))

    return measure


def sd(variable: str, where: str | None = None) -> Measure:
    """Standard deviation of a variable in the patients of `where`."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        values = _values(patients, variable, where)
        spread = values.std(ddof=1)
        fourth = ((values - values.mean()) ** 4).mean()
        return spread, sqrt(max(fourth - spread**4, 0) / len(values)) / (2 * spread)

    return measure


def quantile(variable: str, at: float, where: str | None = None) -> Measure:
    """Quantile of a variable, `at` between 0 and 1; error from the order statistics."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        values = _values(patients, variable, where)
        step = 1.96 * sqrt(at * (1 - at) / len(values))
        low, value, high = np.quantile(values, [max(at - step, 0), at, min(at + step, 1)])
        return value, (high - low) / (2 * 1.96)

    return measure


def median(variable: str, where: str | None = None) -> Measure:
    """Median of a variable in the patients of `where`."""
    return quantile(variable, 0.5, where)


def rate(
    events: str, where: str | None = None, years: str | float = 1.0, per: float = 100.0
) -> Measure:
    """Events per `per` patient-years; `years` is a variable or the same for everyone.

    Examples
    --------
    >>> counts = pd.DataFrame({"voc_12m": [0, 1, 2, 1]})
    >>> value, error = rate("voc_12m", per=1)(counts)
    >>> value, round(error, 2)
    (1.0, 0.41)
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = patients[holds(patients, where) & patients[events].notna().to_numpy()]
        counts = group[events].to_numpy("float64")
        time = group[years].to_numpy("float64") if isinstance(years, str) else years
        time = np.broadcast_to(np.asarray(time, dtype=float), counts.shape)
        value = counts.sum() / time.sum()
        # Of a ratio of means, so that overdispersed counts have their due error.
        error = (counts - value * time).std(ddof=1) / sqrt(len(counts)) / time.mean()
        return per * float(value), per * float(error)

    return measure


def odds_ratio(one: str, other: str, where: str | None = None) -> Measure:
    """Odds ratio of two conditions; half a patient is added to each cell if one is empty."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = holds(patients, where) & _recorded(patients, one) & _recorded(patients, other)
        first, second = holds(patients, one)[group], holds(patients, other)[group]
        cells = np.bincount(2 * first + second, minlength=4).astype(float)
        cells += 0.5 if (cells == 0).any() else 0.0
        ratio = cells[0] * cells[3] / (cells[1] * cells[2])
        return ratio, ratio * sqrt((1 / cells).sum())

    return measure


def correlation(one: str, other: str, where: str | None = None, ranks: bool = True) -> Measure:
    """Correlation of two variables: Spearman's, or Pearson's without `ranks`."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = patients.loc[holds(patients, where), [one, other]].astype("float64").dropna()
        group = group.rank() if ranks else group
        value = np.corrcoef(group[one], group[other])[0, 1]
        return value, (1 - value**2) / sqrt(len(group) - 3)

    return measure


def kaplan_meier(time: str, event: str, at: float, where: str | None = None) -> Measure:
    """Percentage without the event at a time; Kaplan and Meier 1958, Greenwood's error.

    Examples
    --------
    >>> told = pd.DataFrame({"years": [1.0, 2.0, 3.0, 4.0], "died": [1, 0, 1, 0]})
    >>> kaplan_meier("years", "died", at=3.5)(told)[0]
    37.5
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = patients.loc[holds(patients, where), [time, event]].astype("float64").dropna()
        ends, which = np.unique(group[time].to_numpy(), return_inverse=True)
        died = np.bincount(which, weights=group[event].to_numpy(), minlength=len(ends))
        at_risk = len(group) - np.concatenate([[0], np.cumsum(np.bincount(which))[:-1]])
        by_then = ends <= at
        died, at_risk = died[by_then], at_risk[by_then]
        alive = np.prod(1 - died / at_risk)
        hazard = (died / np.maximum(at_risk * (at_risk - died), 1)).sum()
        return 100 * float(alive), 100 * float(alive) * sqrt(hazard)

    return measure


def ratio(one: Measure, other: Measure) -> Measure:
    """One measure divided by another, as if they were taken from different patients."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        (top, top_error), (bottom, bottom_error) = one(patients), other(patients)
        value = top / bottom
        return value, abs(value) * sqrt((top_error / top) ** 2 + (bottom_error / bottom) ** 2)

    return measure


def difference(one: Measure, other: Measure) -> Measure:
    """One measure less another, as if they were taken from different patients."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        (first, first_error), (second, second_error) = one(patients), other(patients)
        return first - second, sqrt(first_error**2 + second_error**2)

    return measure


def slope(
    outcome: str, predictor: str, where: str | None = None, of_logarithm: bool = False
) -> Measure:
    """Least-squares change of a variable for one more of another; of its logarithm if asked."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = patients.loc[holds(patients, where), [outcome, predictor]].astype("float64")
        group = group.dropna()
        x = (group[predictor] - group[predictor].mean()).to_numpy()
        y = group[outcome].to_numpy()
        y = np.log(y) if of_logarithm else y
        y = y - y.mean()
        value = (x @ y) / (x @ x)
        error = sqrt(((y - value * x) ** 2).sum() / (len(x) - 2) / (x @ x))
        return value, error

    return measure


def risk_ratio(event: str, exposed: str, where: str | None = None) -> Measure:
    """Risk of an event in the exposed over that in the others."""

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        group = holds(patients, where) & _recorded(patients, event) & _recorded(patients, exposed)
        with_it, exposure = holds(patients, event)[group], holds(patients, exposed)[group]
        one, other = with_it[exposure], with_it[~exposure]
        value = one.mean() / other.mean()
        spread = (1 - one.mean()) / one.sum() + (1 - other.mean()) / other.sum()
        return value, value * sqrt(spread)

    return measure
