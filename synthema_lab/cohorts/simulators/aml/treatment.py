"""Which first-line treatment is given?

Trial patients receive intensive induction; in acute promyelocytic leukaemia tretinoin.
After 2012 newer drugs enter by gene, ontogeny and age. Shares are assumed (A).
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns

TREATMENTS = (
    "7+3", "7+3+midostaurin", "7+3+GO", "CPX351", "ven_aza", "ven_LDAC", "HMA", "LDAC",
    "ATRA_ATO", "BSC",
)  # fmt: skip

LOG_HAZARD = {
    "7+3+midostaurin": np.log(0.78), "7+3+GO": np.log(0.85), "CPX351": np.log(0.80),
    "HMA": 0.35, "LDAC": 0.45, "BSC": 1.1,
}  # fmt: skip
"""On death, against intensive induction: midostaurin from RATIFY (R), the rest assumed (A)."""


def draw_treatment(columns: Columns, rng: np.random.Generator) -> np.ndarray:
    """First-line treatment, as text; shape (patients,)."""
    size = len(columns["age_years"])
    age, year = columns["age_years"], columns["dx_year"]
    given = np.full(size, "7+3", dtype=object)

    def offer(treatment: str, to: np.ndarray, share: float) -> None:
        given[to & (rng.random(size) < share)] = treatment

    favourable = (columns["t_8_21"] + columns["inv16"] + columns["mut_NPM1"]) > 0
    flt3 = (columns["mut_FLT3_ITD"] + columns["mut_FLT3_TKD"]) > 0
    offer("7+3+GO", (year >= 2004) & (year <= 2010) & (age <= 60), 0.08)
    offer("7+3+GO", (year >= 2018) & favourable, 0.5)
    offer("7+3+midostaurin", (year >= 2017) & flt3, 0.85)
    offer("CPX351", (year >= 2018) & (age >= 60) & (columns["aml_type"] != "de_novo"), 0.6)
    offer("LDAC", (year <= 2010) & (age >= 72), 0.10)
    offer("HMA", (year >= 2013) & (age >= 68), 0.35)
    offer("ven_aza", (year >= 2020) & (age >= 65), 0.5)
    offer("ven_LDAC", (year >= 2020) & (age >= 65), 0.05)
    offer("BSC", age >= 70, 0.02)
    offer("ATRA_ATO", columns["t_15_17"] == 1, 1.0)
    return given


def treatment_log_hazard(treatment: np.ndarray) -> np.ndarray:
    """What the treatment adds to the log hazard of death; shape (patients,)."""
    added = np.zeros(len(treatment))
    for name, effect in LOG_HAZARD.items():
        added[treatment == name] = effect
    return added
