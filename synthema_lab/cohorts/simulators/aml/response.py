"""Does the leukaemia respond to induction, and when does it come back?

Death is drawn before; what happens until then is drawn so that it leads there. Who
dies within 60 days has an early death. Remission is likelier the longer a patient
lives. Of those in remission most who die have relapsed before, and some who relapse
live on after another treatment.
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, chance, constants, logistic
from synthema_lab.cohorts.simulators.aml.survival import GROUPS

EARLY = 60.0
"""Days; death until then counts as early (7.7% of AMLSG, where 8% died in induction, C)."""

LESS_INTENSIVE = ("ven_aza", "ven_LDAC", "HMA", "LDAC")
SLOPE, LATE_SLOPE = 0.1, 2.5
"""Log-odds of a remission after induction, and of a later one, for each unit of the
logarithm of the days lived. Event-free survival says that the first hardly depends on it;
nobody lives long without any remission (A)."""

NEVER_LATER = 150.0
"""Days; who dies sooner has no later remission."""

REMISSION_DAY = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [17, 22, 29, 38, 63, 100, 180])
LATE_REMISSION_DAY = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [45, 65, 105, 132, 176, 280, 395])
ASSESSMENT_DAY = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [18, 22, 27, 35, 55, 90, 120])
"""Quantiles in days: quartiles of AMLSG (C), the ends assumed (A)."""

RELAPSED_IF_DEAD = (1.15, 1.0)
"""Log-odds that a death one year after remission follows a relapse, and their change with
the logarithm of that time (A), so that 74% of the deaths in remission do (C: 73 to 76%)."""

RELAPSED_IF_ALIVE = {"favorable": 0.20, "intermediate": 0.21, "adverse": 0.28, "APL": 0.08}
"""Share of five-year survivors in remission who had relapsed; from 5-y OS against RFS (C)."""


def lived(death: np.ndarray) -> np.ndarray:
    """Logarithm of the years to death, between 60 days and five years."""
    return np.log(np.clip(death, EARLY, 1825) / 365)


def draw_response(
    group: np.ndarray, death: np.ndarray, columns: Columns, rng: np.random.Generator
) -> Columns:
    """Response, remission and relapse as they would be seen with endless follow-up.

    Parameters
    ----------
    group : ndarray of int, shape (patients,)
        A code into `survival.GROUPS`.
    death : ndarray, shape (patients,)
        Days from diagnosis.
    columns : mapping of name to ndarray
        With ``treatment_line1``.
    rng : Generator

    Returns
    -------
    mapping of name to ndarray
        ``response_induction`` (text); ``remission`` and ``relapse``, days from
        diagnosis or infinite; ``assessed``, the day on which induction is judged.
    """
    size = len(death)
    told = constants("outcome")
    solved = np.array([told["remission_logit"][name] for name in GROUPS])[group]
    long = lived(death)
    early = death <= EARLY
    remits = ~early & (rng.random(size) < logistic(solved + SLOPE * long))
    later = np.array([told["late_remission_logit"][name] for name in GROUPS])[group]
    late = ~early & ~remits & (death > NEVER_LATER)
    late &= rng.random(size) < logistic(later + LATE_SLOPE * long)
    day = np.where(late, _day(LATE_REMISSION_DAY, size, rng), _day(REMISSION_DAY, size, rng))
    remission = np.where(remits | late, np.floor(np.minimum(day, 0.8 * death)), np.inf)
    assessed = np.floor(np.minimum(_day(ASSESSMENT_DAY, size, rng), 0.8 * death))
    return {
        "response_induction": _response(early, remits, columns, rng),
        "assessed": np.maximum(assessed, 1),
        "remission": remission,
        "relapse": _relapse(group, death, remission, rng),
    }


def _response(
    early: np.ndarray, remits: np.ndarray, columns: Columns, rng: np.random.Generator
) -> np.ndarray:
    size = len(early)
    response = np.where(rng.random(size) < 0.04, "PR", "RD").astype(object)
    # Incomplete recovery of counts is common after less intensive treatment (A).
    gentle = np.isin(columns["treatment_line1"], LESS_INTENSIVE)
    incomplete = rng.random(size) < np.where(gentle, 0.5, 0.06)
    response[remits] = np.where(incomplete[remits], "CRh/CRi", "CR")
    response[early] = "ED"
    return response


def _relapse(
    group: np.ndarray, death: np.ndarray, remission: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    size = len(death)
    cured = death > 1825
    alive = np.array([RELAPSED_IF_ALIVE[name] for name in GROUPS])[group]
    from_remission = death - np.where(np.isfinite(remission), remission, 0)
    at_one_year, slope = RELAPSED_IF_DEAD
    dead = logistic(at_one_year + slope * np.log(np.maximum(from_remission, 1) / 365))
    relapses = np.isfinite(remission) & (chance(np.where(cured, alive, dead), size, rng) == 1)
    # Dead patients relapsed after about 0.61 of the time from remission to death; nobody's
    # relapse waits for a death that is far off (C: median 274 days after remission).
    share = rng.beta(2.6, 1.6, size) * from_remission
    latest = np.where(cured, 420, 1100) * np.exp(0.75 * rng.standard_normal(size))
    wait = np.minimum(share, latest)
    relapse = np.where(relapses, remission, 0) + np.maximum(np.ceil(wait), 14)
    return np.where(relapses, np.minimum(relapse, death - 1), np.inf)


def _day(quantiles: tuple[list, list], size: int, rng: np.random.Generator) -> np.ndarray:
    return np.interp(rng.random(size), *quantiles)
