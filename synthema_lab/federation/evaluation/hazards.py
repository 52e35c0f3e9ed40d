"""How far are the hazard ratios of a synthetic cohort from those across hospitals?

Every hospital fits the same Cox model to its own patients and gives its
coefficients weighted by their information, and the information. The sum of the
first, solved by the sum of the second, is the fixed-effect meta-analysis of the
hospitals' models: each keeps a baseline hazard of its own. Which covariates
there are follows from the dictionary, and their scale from the synthetic
cohort, never less than a hundredth of what the dictionary's bins span, so that no
patient decides about either. A covariate on which the hospitals' models hold no
information beyond their ridge is not compared.

References
----------
DerSimonian R, Laird N. Meta-analysis in clinical trials. Controlled Clinical
Trials 1986; 7: 177-188 (the fixed-effect mean, here of several coefficients).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...validation.bootstrap import distance_interval
from ...validation.columns import Columns
from ...validation.covariates import FEWEST, Covariate, CovariatePlan
from ...validation.cox import fit_cox
from ...validation.hazard_overlap import interval_overlap
from ...validation.metric import Estimate
from ...validation.survival_model import FEWEST_EVENTS, RIDGE
from .rates import STEPS, Z, bounded

SMALLEST = 0.01
LEAST_TOLD = 1.0
"""Information below which a log hazard ratio's standard error is above 1."""
TOO_LITTLE = "too few events, or no covariate that varies enough"


@dataclass(frozen=True, eq=False)
class CoxSums:
    """What is known of a Cox model from one table, or from the sum of several.

    Attributes
    ----------
    patients : int
    coefficients : numpy.ndarray, shape (covariates,)
    covariance : numpy.ndarray, shape (covariates, covariates)
    told : numpy.ndarray of bool, shape (covariates,), optional
        Covariates on which there is information beyond the ridge.
    hospitals : int
        Whose models it is the mean of.
    """

    patients: int
    coefficients: np.ndarray
    covariance: np.ndarray
    told: np.ndarray | None = None
    hospitals: int = 1


def covariates_of(dictionary: DataDictionary, columns: tuple[str, ...]) -> tuple[Covariate, ...]:
    """The covariates, before they have a scale.

    Examples
    --------
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> [one.variable for one in covariates_of(leuksurv, ("age_years", "sex", "os_days"))]
    ['age_years', 'sex']
    """
    survival, found = dictionary.survival, []
    for name in columns:
        variable = dictionary.variables[name]
        asked = not survival.covariates or name in survival.covariates
        if name in (survival.time, survival.event) or not asked:
            continue
        if variable.numeric:
            found.append(Covariate(name, variable.label, "number"))
        else:
            levels = list(variable.categories.values()) or ["no", "yes"]
            found += [
                Covariate(name, f"{variable.label}: {label} vs {levels[0]}", "level", code)
                for code, label in enumerate(levels)
                if code
            ]
        if variable.missing:
            found.append(Covariate(name, f"{variable.label}, missing", "missing"))
    return tuple(found)


def plan_of(dictionary: DataDictionary, columns: tuple[str, ...], scale: Columns) -> CovariatePlan:
    """The design, on the scale of the synthetic cohort."""
    bins = {name: dictionary.variables[name].bins or (0.0, 1.0) for name in columns}
    named = covariates_of(dictionary, columns)
    return CovariatePlan(tuple(_scaled(one, bins[one.variable], scale) for one in named), ())


def _scaled(one: Covariate, bins: tuple[float, ...], scale: Columns) -> Covariate:
    if one.kind != "number":
        return one
    values = scale.numeric[one.variable]
    values = values[np.isfinite(values)]
    least = SMALLEST * (bins[-1] - bins[0])
    if not len(values):
        middle = float(np.median(bins))
        return replace(one, centre=middle, scale=10 * least, fill=middle)
    spread = max(float(values.std()), least)
    return replace(one, centre=float(values.mean()), scale=spread, fill=float(np.median(values)))


def size_of(covariates: int) -> int:
    """Numbers that a table gives: patients, hospitals, weighted coefficients, information.

    Examples
    --------
    >>> size_of(4)
    16
    """
    return 2 + covariates + covariates * (covariates + 1) // 2


def fitted(plan: CovariatePlan, table: Columns) -> CoxSums | None:
    """The model of one table; None with fewer than ten events."""
    design, time, event = plan.design(table)
    if event.sum() < FEWEST_EVENTS:
        return None
    fit = fit_cox(design, time, event, ridge=RIDGE)
    return CoxSums(len(time), fit.log_hazard_ratios, fit.covariance)


def summed(sums: CoxSums | None, covariates: int) -> np.ndarray:
    """What is given to the sum, int64 of shape (size_of(covariates),); zeros for no model."""
    if sums is None:
        return np.zeros(size_of(covariates), np.int64)
    information = np.linalg.inv(sums.covariance)
    upper = information[np.triu_indices(covariates)]
    parts = [[sums.patients, 1], STEPS * (information @ sums.coefficients), STEPS * upper]
    return bounded(np.concatenate(parts))


def solved(total: np.ndarray, covariates: int) -> CoxSums | None:
    """Undo `summed`, for a sum over hospitals; None if none gave a model."""
    if total[0] == 0:
        return None
    weighted, upper = np.split(total[2:] / STEPS, [covariates])
    information = np.zeros((covariates, covariates))
    information[np.triu_indices(covariates)] = upper
    information = information + np.triu(information, 1).T
    patients, own = int(total[0]), np.diag(information)
    told = own - RIDGE * patients >= LEAST_TOLD
    # On one scale, since covariates that the patients lack hold the ridge alone.
    unit = np.sqrt(np.where(own > 0, own, 1.0))
    scaled = information / np.outer(unit, unit)
    scaled[np.diag_indices(covariates)] = 1.0
    covariance = np.linalg.pinv(scaled, hermitian=True) / np.outer(unit, unit)
    return CoxSums(patients, covariance @ weighted, covariance, told, int(total[1]))


def compared(plan: CovariatePlan, tables: list[Columns]) -> np.ndarray:
    """Which covariates are compared: no indicators of a gap, no level with few patients."""
    keep = plan.compared.copy()
    for place, one in enumerate(plan.covariates):
        for table in tables:
            if one.kind == "level":
                codes = table.coded[one.variable]
                keep[place] &= min((codes == one.level).sum(), (codes == 0).sum()) >= FEWEST
            elif one.kind == "number":
                keep[place] &= np.isfinite(table.numeric[one.variable]).sum() >= FEWEST
    return keep


def error_of(
    plan: CovariatePlan, real: CoxSums | None, other: CoxSums | None, shown: np.ndarray,
    rng: np.random.Generator, draws: int,
) -> Estimate:  # fmt: skip
    """Mean absolute difference of log hazard ratios, with a table of them.

    Parameters
    ----------
    plan : CovariatePlan
    real, other : CoxSums or None
    shown : numpy.ndarray of bool, shape (covariates,)
    rng : numpy.random.Generator
        Draws coefficients from their normal approximation.
    draws : int
    """
    shown = _told(shown, real, other)
    if not shown.any():
        return Estimate.absent(TOO_LITTLE)
    difference = (other.coefficients - real.coefficients)[shown]
    value = float(np.abs(difference).mean())
    covariance = (real.covariance + other.covariance)[np.ix_(shown, shown)]
    moved = rng.multivariate_normal(np.zeros(shown.sum()), covariance, size=draws)
    low, high = distance_interval(value, np.abs(moved).mean(axis=1), (0.0, np.inf))
    note = (
        f"{int(shown.sum())} log hazard ratios, numbers per standard deviation of the synthetic "
        f"cohort; real ones are the fixed-effect mean of the models of {real.hospitals} hospitals "
        f"with {FEWEST_EVENTS} events or more"
    )
    table = pd.concat([_table(plan, real, shown, "real"), _table(plan, other, shown, "candidate")])
    curves = {"hazard_ratios": table.reset_index(drop=True)}
    return Estimate(value, low, high, other.patients, note, curves=curves)


def overlap_of(
    plan: CovariatePlan, real: CoxSums | None, other: CoxSums | None, shown: np.ndarray,
    rng: np.random.Generator, draws: int,
) -> Estimate:  # fmt: skip
    """Mean overlap of the 95% intervals; parameters as of `error_of`."""
    shown = _told(shown, real, other)
    if not shown.any():
        return Estimate.absent(TOO_LITTLE)
    difference = (other.coefficients - real.coefficients)[shown]
    half, other_half = (Z * np.sqrt(np.diag(one.covariance))[shown] for one in (real, other))
    overlap = interval_overlap(difference, half, other_half)
    covariance = (real.covariance + other.covariance)[np.ix_(shown, shown)]
    moved = np.abs(rng.multivariate_normal(np.zeros(shown.sum()), covariance, size=draws))
    value, slope = float(overlap.mean()), (1 / half + 1 / other_half) / 4
    low, high = distance_interval(value, (slope * moved).mean(axis=1), (-np.inf, 1.0))
    note = f"{len(overlap)} hazard ratios; {int((overlap < 0).sum())} with intervals apart"
    return Estimate(value, low, high, other.patients, note)


def _told(shown: np.ndarray, *sums: CoxSums | None) -> np.ndarray:
    """Which covariates all models tell of; none where a model is lacking."""
    for one in sums:
        if one is None:
            return np.zeros_like(shown)
        if one.told is not None:
            shown = shown & one.told
    return shown


def _table(plan: CovariatePlan, sums: CoxSums, shown: np.ndarray, table: str) -> pd.DataFrame:
    """Hazard ratios with 95% intervals of the covariates that are compared."""
    named = [one for one, keep in zip(plan.covariates, shown, strict=True) if keep]
    value, reach = sums.coefficients[shown], Z * np.sqrt(np.diag(sums.covariance))[shown]
    return pd.DataFrame(
        {
            "table": table,
            "variable": [one.variable for one in named],
            "contrast": [one.label for one in named],
            "hazard_ratio": np.exp(value).round(4),
            "low": np.exp(value - reach).round(4),
            "high": np.exp(value + reach).round(4),
        }
    )
