"""How long do patients live, and what does each factor add to the hazard of death?

Measures for `targets` that need a survival model; see `measures` for the others.
"""

from __future__ import annotations

import weakref

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.aml.constants import constants
from synthema_lab.cohorts.simulators.calibration import Measure


class _Kept:
    """A fit that lives as long as its patients: tables themselves cannot be keys."""

    def __init__(self, table: pd.DataFrame):
        self.patients = weakref.ref(table)
        self.summary = _fit(table)


_LAST: list[_Kept] = []


def median_survival(where: str | None = None, censored: bool = False) -> Measure:
    """Median overall survival in days (Kaplan and Meier 1958), and its standard error.

    Parameters
    ----------
    where : str, optional
        Subgroup, as in ``DataFrame.query``.
    censored : bool
        The median time to the end of contact instead (reverse Kaplan-Meier).
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        from lifelines import KaplanMeierFitter
        from lifelines.utils import median_survival_times

        group = patients if where is None else patients.query(where, engine="python")
        event = group["os_event"].to_numpy(float)
        curve = KaplanMeierFitter().fit(
            group["os_days"].to_numpy(float), 1 - event if censored else event
        )
        limits = median_survival_times(curve.confidence_interval_).to_numpy(float).ravel()
        return float(curve.median_survival_time_), float(abs(limits[1] - limits[0]) / 3.92)

    return measure


def hazard_ratio(factor: str) -> Measure:
    """Hazard ratio of death in the multivariable Cox model, and its standard error.

    Parameters
    ----------
    factor : str
        One of ``constants("outcome")["hazard_ratios"]``.
    """

    def measure(patients: pd.DataFrame) -> tuple[float, float]:
        if not _LAST or _LAST[0].patients() is not patients:
            _LAST[:] = [_Kept(patients)]
        row = _LAST[0].summary.loc[factor]
        ratio = float(np.exp(row["coef"]))
        return ratio, ratio * float(row["se(coef)"])

    return measure


def _fit(patients: pd.DataFrame) -> pd.DataFrame:
    from lifelines import CoxPHFitter

    derived = {
        "age_decade": patients["age_years"].to_numpy(float) / 10,
        "log2_wbc": np.log2(patients["wbc_gl"].to_numpy(float)),
        "blasts_10": patients["bm_blasts_pct"].to_numpy(float) / 10,
    }
    together = ["mut_NPM1", "mut_FLT3_ITD", "mut_DNMT3A"]
    derived["npm1_itd_dnmt3a"] = patients[together].to_numpy(float).prod(axis=1)
    # As in the published model, with what it adjusts for besides.
    beside = ("t_8_21", "mut_DNMT3A", "del5q_minus5", "minus7", "mut_RUNX1")
    factors = (*constants("outcome")["hazard_ratios"], *beside)
    table = pd.DataFrame(
        {
            name: derived[name] if name in derived else patients[name].to_numpy(float)
            for name in factors
        }
    )
    table["days"] = patients["os_days"].to_numpy(float)
    table["died"] = patients["os_event"].to_numpy(float)
    return CoxPHFitter(penalizer=1e-4).fit(table.dropna(), "days", "died").summary
