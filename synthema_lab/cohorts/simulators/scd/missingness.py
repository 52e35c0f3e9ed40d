"""What is not recorded, by design of care and by chance?

A value is missing more often in some centres and at some ages, never because of
what it would have been (missing at random given centre, age, sex, genotype and
treatment). What is measured together is missing together. Rates are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.scd.centres import CENTRES

# Measured together, each with the chance that it is missing although the block was done.
_GENETICS = {
    "alpha_thal": 0.02, "g6pd_deficient": 0.02, "bcl11a_rs1427407_T": 0.20,
    "hmip_rs9399137_C": 0.20, "xmni_rs7482144_A": 0.20, "bs_haplotype": 0.45,
}  # fmt: skip
_SMEAR = {
    "smear_frac_sickle": 0.0, "smear_aspect_med": 0.0, "smear_circ_mean": 0.0,
    "smear_frac_ar2": 0.0, "smear_area_cv": 0.0,
}  # fmt: skip
_MRI = {"mri_sci": 0.0, "mri_sci_count": 0.0, "mri_sci_vol_ml": 0.22, "mra_stenosis": 0.22}
_IRON = {"mri_lic_mgg": 0.0, "mri_heart_t2s_ms": 0.20}
_BLOCKS = (_GENETICS, _SMEAR, _MRI, _IRON)
# Who is followed is known to live or to have died.
_NEVER = {"patient_id", "centre_id", "country", "age_years", "sex", "hsct_ever", "fu_years",
          "vital_status", "smear_uri"}  # fmt: skip


def with_gaps(
    table: pd.DataFrame, expected: Mapping[str, float | None], rng: np.random.Generator
) -> pd.DataFrame:
    """The table with values removed.

    Parameters
    ----------
    table : DataFrame
        Complete, under the dictionary's names, derived variables left out.
    expected : mapping of str to float or None
        The dictionary's expected share of missing values, by variable.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
    """
    names = [centre.name for centre in CENTRES]
    centre = pd.Categorical(table["centre_id"], categories=names).codes
    gaps = np.array([c.gaps for c in CENTRES])[centre]
    panel = np.array([c.genetics for c in CENTRES])[centre]
    age = table["age_years"].to_numpy(float)
    chronic = table["tx_program"].isin(["chronic_simple", "chronic_exchange"]).to_numpy(bool)
    child = age < 18
    count = len(table)
    grouped = {name for block in _BLOCKS for name in block}
    absent: dict[str, np.ndarray] = {}
    for name in table.columns:
        rate = expected.get(name)
        if name in _NEVER or name in grouped or not rate:
            continue
        own = _by_age(name, rate, age, child) * gaps
        absent[name] = rng.random(count) < np.minimum(own, 0.97)
    done = (
        panel,
        1 - np.clip(0.70 * gaps, 0, 0.98),
        1 - np.clip(np.interp(age, [4, 6, 18], [0.90, 0.55, 0.52]) * gaps, 0, 0.98),
        1 - np.clip(np.where(chronic, 0.35, 0.85) * gaps, 0, 0.98),
    )
    for block, chance in zip(_BLOCKS, done, strict=True):
        missed = rng.random(count) >= chance
        for name, besides in block.items():
            absent[name] = missed | (rng.random(count) < besides)
    # Without knowing whether hydroxycarbamide is taken, no dose is known.
    absent["hu_dose_mgkg"] = absent["hu_dose_mgkg"] | absent["hu_current"]
    columns = {
        name: table[name].mask(absent[name]) if name in absent else table[name]
        for name in table.columns
    }
    return pd.DataFrame(columns, index=table.index)


def _by_age(name: str, rate: float, age: np.ndarray, child: np.ndarray) -> np.ndarray:
    """Chance that one variable is missing at each age, before the centre acts."""
    if name == "trv_ms":
        return np.where(child, 0.70, 0.45)
    if name == "tcd_tammv_cms":
        return np.full(len(age), 0.20)
    if name == "priapism_ever":
        return np.where(child, 0.35, 0.12)
    if name == "hu_dose_mgkg":
        return np.full(len(age), 0.10)
    if name in ("ntprobnp_pgml", "pulm_htn"):
        return np.where(child, min(1.25 * rate, 0.95), 0.60 * rate)
    if name in ("retinopathy", "uacr_mgg"):
        return np.interp(age, [6, 12, 20], [1.9 * rate, rate, 0.65 * rate])
    return np.full(len(age), rate)
