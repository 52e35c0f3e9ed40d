"""Who receives stem cells of a donor, or their own, and when?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, constants
from synthema_lab.cohorts.simulators.aml.survival import GROUPS

CR1_DAY = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [60, 85, 118, 143, 172, 235, 360])
RD_DAY = ([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], [40, 60, 85, 112, 145, 280, 500])
"""Day of the transplant, quantiles: quartiles of AMLSG (C), the ends assumed (A)."""

LATEST = 2000
"""Days; a first transplant later than this is unusual."""

AFTER_RELAPSE = 0.85
REFRACTORY = {"favorable": 0.60, "intermediate": 0.85, "adverse": 0.75, "APL": 0.10}
"""Share of those who live long enough (C: 9% and 6% of all at relapse or in second
remission, 10% with refractory disease)."""


def draw_transplant(
    group: np.ndarray,
    death: np.ndarray,
    columns: Columns,
    rng: np.random.Generator,
    chances: Mapping[str, float] | None = None,
) -> Columns:
    """``transplant`` (day, infinite for none), ``kind`` and ``phase`` (texts).

    Parameters
    ----------
    group : ndarray of int, shape (patients,)
    death : ndarray, shape (patients,)
    columns : mapping of name to ndarray
        With ``response_induction``, ``remission``, ``relapse``, ``age_years``,
        ``dx_year`` and ``treatment_line1``.
    rng : Generator
    chances : mapping of group to float, optional
        Of a transplant in first remission for who could have one; those solved for
        in ``outcome.yaml`` by default.
    """
    size = len(death)
    chances = constants("outcome")["transplant_chance"] if chances is None else chances
    remission, relapse, age = columns["remission"], columns["relapse"], columns["age_years"]
    fit = (age <= 74) & ~np.isin(columns["treatment_line1"], ("BSC", "HMA", "LDAC"))
    willing = np.where(age <= 55, 1.0, np.where(age <= 65, 0.8, 0.35)) * fit
    day = np.full(size, np.inf)
    phase = np.full(size, None, dtype=object)

    def give(name: str, when: np.ndarray, possible: np.ndarray, share: np.ndarray | float) -> None:
        chosen = possible & ~np.isfinite(day) & (rng.random(size) < share * willing)
        day[chosen], phase[chosen] = when[chosen], name

    # Refractory disease: some come into remission only by the transplant.
    refractory = np.isin(columns["response_induction"], ("RD", "PR"))
    when = np.floor(_day(RD_DAY, size, rng))
    share = np.array([REFRACTORY[name] for name in GROUPS])[group]
    give("RD", when, refractory & (when < np.minimum(remission, death - 1)), share)
    in_remission = np.isfinite(remission)
    soonest = np.where(in_remission, remission, 0) + 25
    first = np.floor(np.maximum(_day(CR1_DAY, size, rng), soonest))
    share = np.array([chances[name] for name in GROUPS])[group]
    give("CR1", first, in_remission & (first < np.minimum(relapse, death)), share)
    relapsed = np.isfinite(relapse)
    wait = np.exp(np.log(85) + 0.6 * rng.standard_normal(size))
    later = np.floor(np.where(relapsed, relapse, 0) + np.maximum(wait, 20))
    possible = relapsed & (later < np.minimum(death - 1, LATEST))
    give("CR2", later, possible & (wait > 95), min(1.0, AFTER_RELAPSE * 1.3))
    give("relapse", later, possible & (wait <= 95), AFTER_RELAPSE)
    # Patients' own cells were used in first remission of the earlier trials, above all
    # where the risk is low (C: 20% of the transplants in first remission).
    own = np.where(columns["dx_year"] <= 2004, 0.36, 0.05) * np.where(group == 0, 1.4, 0.8)
    auto = (phase == "CR1") & (rng.random(size) < own)
    kind = np.where(np.isfinite(day), np.where(auto, "auto", "allo"), "none").astype(object)
    return {"transplant": day, "kind": kind, "phase": phase}


def _day(quantiles: tuple[list, list], size: int, rng: np.random.Generator) -> np.ndarray:
    return np.interp(rng.random(size), *quantiles)
