"""When does a patient die?

Hazards are proportional within an ELN group: a baseline that is constant between
given days, times the hazard ratios of the multivariable model and of the treatment.
Baselines differ by group because hazards in AML are not proportional over time: most
deaths come in the first two years, and many patients are cured.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, constants
from synthema_lab.cohorts.simulators.aml.treatment import treatment_log_hazard

GROUPS = ("favorable", "intermediate", "adverse", "APL")
"""ELN 2022 risk, with acute promyelocytic leukaemia apart."""

LONGEST_LIFE = 100.0


def log_hazard(columns: Columns) -> np.ndarray:
    """Log hazard relative to the group's baseline; shape (patients,).

    Centred at 50 years, 2**4 white cells and 70% blasts, so that baselines are those of
    an ordinary patient.
    """
    ratio = constants("outcome")["hazard_ratios"]
    derived = {
        "age_decade": (columns["age_years"] - 50) / 10,
        "log2_wbc": np.log2(columns["wbc_gl"]) - 4,
        "blasts_10": (columns["bm_blasts_pct"] - 70) / 10,
        "npm1_itd_dnmt3a": columns["mut_NPM1"] * columns["mut_FLT3_ITD"] * columns["mut_DNMT3A"],
    }
    biallelic = columns["mut_CEBPA_bzip"] * columns["mut_CEBPA_other"]
    total = treatment_log_hazard(columns["treatment_line1"])
    total = total + np.log(constants("outcome")["biallelic_cebpa"]) * biallelic
    for name, value in ratio.items():
        total = total + np.log(value) * (derived[name] if name in derived else columns[name])
    return total


def draw_death(group: np.ndarray, columns: Columns, rng: np.random.Generator) -> np.ndarray:
    """Days from diagnosis to death, whether or not it is observed; shape (patients,).

    Parameters
    ----------
    group : ndarray of int, shape (patients,)
        A code into `GROUPS`.
    columns : mapping of name to ndarray
        With age, laboratory values, genes and ``treatment_line1``.
    rng : Generator
    """
    told = constants("outcome")
    needed = rng.exponential(size=len(group)) / np.exp(log_hazard(columns))
    days = np.array([0, *told["survival"]["days"]], dtype=float)
    death = np.empty(len(group))
    for code, name in enumerate(GROUPS):
        hazard = np.array([0, *told["cumulative_hazard"][name]])
        # After the last day the last hazard goes on.
        slope = (hazard[-1] - hazard[-3]) / (days[-1] - days[-3])
        there = group == code
        inside = np.interp(needed[there], hazard, days)
        beyond = days[-1] + (needed[there] - hazard[-1]) / slope
        death[there] = np.where(needed[there] > hazard[-1], beyond, inside)
    lived = 365.25 * (LONGEST_LIFE - columns["age_years"])
    return np.clip(np.ceil(death), 1, lived)


def solve_hazard(log_hazards: np.ndarray, survival: np.ndarray) -> np.ndarray:
    """The cumulative baseline hazards that give a mean survival, by bisection.

    Parameters
    ----------
    log_hazards : ndarray, shape (patients,)
    survival : ndarray, shape (times,)
        Between 0 and 1.

    Returns
    -------
    ndarray, shape (times,)

    Examples
    --------
    >>> solve_hazard(np.zeros(3), np.array([np.exp(-0.5)])).round(6).tolist()
    [0.5]
    """
    low, high = np.zeros(len(survival)), np.full(len(survival), 50.0)
    relative = np.exp(log_hazards)
    for _ in range(60):
        middle = (low + high) / 2
        alive = np.array([np.exp(-hazard * relative).mean() for hazard in middle])
        low, high = (
            np.where(alive > survival, middle, low),
            np.where(alive > survival, high, middle),
        )
    return (low + high) / 2
