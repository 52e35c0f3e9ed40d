"""What has been seen of a patient by the time of the last contact?

Everything that would happen later is cut off. Survival is counted from diagnosis,
relapse-free survival from the first remission; refractory disease after induction,
relapse and death end event-free survival (Cheson et al. 2003).
"""

from __future__ import annotations

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, logistic

LAST_CONTACT = {
    "early": [300, 1100, 1550, 2040, 2790, 3630, 4400, 5300],
    "late": [300, 900, 1130, 1460, 1830, 2310, 2680, 3300],
}
AT = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1]
"""Days of potential follow-up at these shares: reverse Kaplan-Meier of the trials before
and after 2004 (C), the ends assumed (A)."""


STUDY_END = 2026
"""Nobody is followed beyond the beginning of this year (A)."""


def draw_last_contact(columns: Columns, rng: np.random.Generator) -> np.ndarray:
    """Days from diagnosis until contact ends for another reason than death."""
    drawn = rng.random(len(columns["dx_year"]))
    early, late = (np.interp(drawn, AT, LAST_CONTACT[name]) for name in ("early", "late"))
    open_until = (STUDY_END - columns["dx_year"]) * 365.25
    return np.floor(np.minimum(np.where(columns["dx_year"] <= 2003, early, late), open_until))


def seen(
    death: np.ndarray, contact: np.ndarray, columns: Columns, rng: np.random.Generator
) -> Columns:
    """Outcome as recorded, not a number or None where it does not apply.

    Parameters
    ----------
    death, contact : ndarray, shape (patients,)
        Days from diagnosis.
    columns : mapping of name to ndarray
        What `response` and `transplant` gave.
    rng : Generator
    """
    end = np.minimum(death, contact)
    died = death <= contact
    remission, relapse = columns["remission"], columns["relapse"]
    # Remission in patients who leave earlier is not seen; contact outlasts induction.
    in_remission = np.isfinite(remission) & (remission <= end)
    relapsed = np.isfinite(relapse) & (relapse <= end)
    transplanted = columns["transplant"] < end
    answered = np.isin(columns["response_induction"], ("CR", "CRh/CRi"))
    refractory = np.isin(columns["response_induction"], ("RD", "PR"))
    event_day = np.where(refractory, columns["assessed"], np.where(relapsed, relapse, end))
    # Remission that is measurably deep foretells that it lasts (A).
    deep = rng.random(len(end)) < logistic(np.where(np.isfinite(relapse), -0.3, 1.0))
    return {
        "response_induction": columns["response_induction"],
        "os_days": end,
        "os_event": died.astype(float),
        "efs_days": np.minimum(event_day, end),
        "efs_event": (refractory | relapsed | died).astype(float),
        "cr1_day": np.where(in_remission, remission, np.nan),
        "relapse_day": np.where(relapsed, relapse, np.nan),
        "rfs_days": np.where(in_remission, np.minimum(relapse, end) - remission, np.nan),
        "rfs_event": np.where(in_remission, (relapsed | died).astype(float), np.nan),
        "mrd_neg_c2": np.where(answered, deep.astype(float), np.nan),
        "hct": np.where(transplanted, columns["kind"], "none").astype(object),
        "hct_phase": np.where(transplanted, columns["phase"], None),
        "hct_day": np.where(transplanted, columns["transplant"], np.nan),
    }
