"""How are simulated values written down, as a hospital would record them?

Under the dictionary's names, rounded to its resolution. Values on which a
threshold is read (jet velocity, Doppler, NT-proBNP) are cut off rather than
rounded, so that nobody reaches a threshold by rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.scd.centres import (
    ANCESTRIES,
    GENOTYPES,
    SB0,
    SS,
    of_centres,
)
from synthema_lab.cohorts.simulators.scd.genetics import ALPHA, HAPLOTYPES

# Dictionary name: (simulated name, step). Whole numbers and yes/no have step 1.
_NUMBERS = {
    "age_years": ("age", 0.1), "age_dx_years": ("age_dx", 0.1), "height_cm": ("height", 0.1),
    "weight_kg": ("weight", 0.1), "spo2_pct": ("spo2", 1), "sbp_mmhg": ("sbp", 1),
    "dbp_mmhg": ("dbp", 1), "hb_gdl": ("hb", 0.1), "mcv_fl": ("mcv", 0.1),
    "mchc_gdl": ("mchc", 0.1), "rdw_pct": ("rdw", 0.1), "retic_pct": ("retic", 0.1),
    "wbc_gl": ("wbc", 0.1), "anc_gl": ("anc", 0.1), "plt_gl": ("plt", 1),
    "hbs_pct": ("hbs", 0.1), "hbf_pct": ("hbf", 0.1), "hba2_pct": ("hba2", 0.1),
    "hba_pct": ("hba", 0.1), "hbc_pct": ("hbc", 0.1), "ldh_ul": ("ldh", 1),
    "bili_tot_mgdl": ("bili", 0.1), "bili_dir_mgdl": ("bili_dir", 0.01), "ast_ul": ("ast", 1),
    "alt_ul": ("alt", 1), "creat_mgdl": ("creat", 0.01), "uacr_mgg": ("uacr", 1),
    "ferritin_ngml": ("ferritin", 1), "crp_mgl": ("crp", 0.1), "ntprobnp_pgml": ("ntprobnp", 1),
    "bcl11a_rs1427407_T": ("bcl11a", 1), "hmip_rs9399137_C": ("hmip", 1),
    "xmni_rs7482144_A": ("xmni", 1), "g6pd_deficient": ("g6pd", 1), "trv_ms": ("trv", 0.1),
    "mri_sci": ("sci", 1), "mri_sci_count": ("lesions", 1), "mri_sci_vol_ml": ("volume", 0.1),
    "mri_lic_mgg": ("lic", 0.1), "mri_heart_t2s_ms": ("t2s", 0.1),
    "smear_frac_sickle": ("sickled", 0.01), "smear_aspect_med": ("aspect", 0.01),
    "smear_circ_mean": ("circularity", 0.01), "smear_frac_ar2": ("long", 0.01),
    "smear_area_cv": ("area_cv", 0.01), "voc_12m": ("voc", 1), "acs_12m": ("acs", 1),
    "acs_ever": ("acs_ever", 1), "stroke_ever": ("stroke", 1),
    "splenic_seq_ever": ("sequestration", 1), "avn_ever": ("avn", 1),
    "leg_ulcer_ever": ("ulcer", 1), "retinopathy": ("retinopathy", 1), "pulm_htn": ("ph", 1),
    "ckd": ("ckd", 1), "gallstones": ("gallstones", 1), "hosp_12m": ("stays", 1),
    "hu_current": ("hu", 1), "hu_dose_mgkg": ("dose", 0.1), "alloimmunised": ("alloimmunised", 1),
    "crizanlizumab": ("crizanlizumab", 1), "voxelotor": ("voxelotor", 1),
    "l_glutamine": ("l_glutamine", 1), "penicillin_prophylaxis": ("penicillin", 1),
    "steady_state": ("steady", 1), "fu_years": ("years", 0.1), "vital_status": ("died", 1),
}  # fmt: skip
_CUT_OFF = {"trv_ms", "ntprobnp_pgml", "tcd_tammv_cms"}
_CATEGORIES = {
    "ancestry_region": ("ancestry", ANCESTRIES),
    "genotype": ("genotype", GENOTYPES),
    "dx_mode": ("dx_mode", ("newborn_screening", "symptoms", "family", "other")),
    "alpha_thal": ("alpha", ALPHA),
    "bs_haplotype": ("haplotype", HAPLOTYPES),
    "mra_stenosis": ("mra", ("none", "mild", "moderate", "severe_moyamoya")),
    "spleen_status": ("spleen", ("normal", "splenomegaly", "atrophic_asplenia", "splenectomy")),
    "tx_program": ("tx", ("none", "episodic", "chronic_simple", "chronic_exchange")),
    "chelation": ("chelation", ("none", "deferasirox", "deferoxamine", "deferiprone")),
}
# What is simulated and in no dictionary: to compare with published rates, dropped by `load`.
EXTRA = {
    "voc_admitted_12m": "voc_admitted",  # crises that led to a stay, as RADeep counts them
    "tcd_any_cms": "tcd",  # velocity in every genotype, with the effect of hydroxycarbamide
    "expected_voc_12m": "voc_rate",
    "expected_acs_12m": "acs_rate",
    "expected_stroke_natural": "stroke_natural",
    "expected_stroke": "stroke_risk",
    "expected_avn_natural": "avn_natural",
    "expected_deaths": "hazard",  # a year, at the visit
}


def recorded(patient: Mapping[str, np.ndarray], names: list[str]) -> pd.DataFrame:
    """The table that a registry would hold, without gaps.

    Parameters
    ----------
    patient : mapping of str to array, shape (patients,)
        Everything simulated.
    names : list of str
        The dictionary's variables that are recorded (not derived), in order.

    Returns
    -------
    DataFrame
        The names given, then those of `EXTRA`.
    """
    count = len(patient["age"])
    columns: dict[str, object] = {
        "patient_id": [f"SIM-{number:07d}" for number in range(1, count + 1)],
        "centre_id": pd.Categorical.from_codes(patient["centre"], list(of_centres("name"))),
        "country": of_centres("country")[patient["centre"]],
        "birth_year": np.floor(patient["born"]),
        "sex": np.where(patient["male"], "M", "F"),
        "genotype_confirmed": patient["confirmed"].astype(float),
        "hsct_ever": np.zeros(count),
        # Only where it is measured: at 2 to 16 years in SCA, not under transfusion for stroke.
        "tcd_tammv_cms": np.where(
            (patient["age"] >= 2)
            & (patient["age"] < 17)
            & np.isin(patient["genotype"], (SS, SB0))
            & ~(patient["stroke"] & (patient["tx"] >= 2)),
            np.floor(patient["tcd"]),
            np.nan,
        ),
        "priapism_ever": np.where(patient["male"], patient["priapism"], np.nan),
        # No image belongs to a simulated patient.
        "smear_uri": np.full(count, None, dtype=object),
    }
    for name, (simulated, step) in _NUMBERS.items():
        columns[name] = _stepped(patient[simulated], step, name in _CUT_OFF)
    for name, (simulated, labels) in _CATEGORIES.items():
        columns[name] = pd.Categorical.from_codes(patient[simulated], list(labels))
    table = {name: columns[name] for name in names}
    table |= {name: patient[simulated] for name, simulated in EXTRA.items()}
    return pd.DataFrame(table)


def _stepped(values: np.ndarray, step: float, cut_off: bool) -> np.ndarray:
    """Values in whole steps; divided by the number of steps in 1, so that 0.3 is written 0.3."""
    per_unit = round(1 / step)
    whole = np.asarray(values, dtype=float) * per_unit
    # A hair above, so that a value on a step stays there.
    return (np.floor(whole + 1e-9) if cut_off else np.rint(whole)) / per_unit
