"""Which values are not recorded, where and in whom?

Rates follow ``expected_missing`` of the dictionary (AMLSG where it holds the
variable). What is measured together is missing together: one karyotype, one gene
panel, one expression assay. Centres differ, and so do periods and ages; given these,
values go missing at random (A).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.aml.cytogenetics import FLAGS
from synthema_lab.dictionary import DataDictionary

CARE = {
    "AML-C01": 0.5, "AML-C02": 0.9, "AML-C03": 1.1, "AML-C04": 0.7, "AML-C05": 1.2,
    "AML-C06": 1.6, "AML-C07": 0.6, "AML-C08": 1.0, "AML-C09": 1.8, "AML-C10": 0.8,
    "AML-C11": 1.5, "AML-C12": 2.2,
}  # fmt: skip
"""How often values go missing in each centre, relative to all."""

NO_EXPRESSION = ("AML-C05", "AML-C06", "AML-C09", "AML-C11", "AML-C12")
"""Centres that store no RNA."""

OUTCOME = ("cr1_day", "relapse_day", "efs_days", "efs_event", "rfs_days", "rfs_event",
           "os_days", "os_event", "hct", "hct_phase", "hct_day", "dx_year", "country")  # fmt: skip
"""Complete, as in a trial; missing only where they do not apply."""


def leave_out(
    patients: pd.DataFrame, dictionary: DataDictionary, rng: np.random.Generator
) -> pd.DataFrame:
    """The patients with values left out; derived variables are for the caller to recompute.

    Parameters
    ----------
    patients : DataFrame
        Complete and conformed, with ``centre_id``, ``dx_year`` and ``age_years``.
    dictionary : DataDictionary
        Its ``expected_missing`` gives the rates.
    rng : Generator
    """
    care = patients["centre_id"].map(CARE).to_numpy(float)
    older = np.exp(0.02 * (patients["age_years"].to_numpy(float) - 48))
    burden = care * older
    burden = burden / burden.mean()
    gone: dict[str, np.ndarray] = {}
    karyotype = _lost(0.07, burden, rng)
    panel = _lost(0.02, burden, rng)
    stored = ~patients["centre_id"].isin(NO_EXPRESSION).to_numpy()
    expression = ~stored | (rng.random(len(patients)) < 0.35)
    for name, variable in dictionary.variables.items():
        rate = variable.expected_missing
        if name not in patients or name in OUTCOME:
            continue
        if name in FLAGS:
            gone[name] = karyotype
        elif name.startswith("mut_"):
            more = _lost(rate - 0.02, burden, rng) if rate and rate > 0.02 else False
            gone[name] = panel | more
        elif name.startswith("expr_"):
            gone[name] = expression
        elif rate:
            gone[name] = _lost(rate, burden, rng)
    gone["flt3_itd_ar"] |= gone["mut_FLT3_ITD"]
    gone["tp53_vaf"] |= gone["mut_TP53"]
    gone["karyotype_iscn"] = karyotype
    # Measurable disease was looked for only later; FAB is no longer given (A).
    year = patients["dx_year"].to_numpy(float)
    gone["mrd_neg_c2"] = rng.random(len(patients)) < np.where(year < 2004, 0.7, 0.2)
    gone["fab"] |= (year >= 2013) & (rng.random(len(patients)) < 0.4)
    return patients.assign(**{name: patients[name].mask(out) for name, out in gone.items()})


def _lost(rate: float, burden: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.random(len(burden)) < np.clip(rate * burden, 0, 0.9)
