"""How is the public AMLSG table brought to the simulator's names?

Only `estimation` reads it, to estimate aggregates. The cohort itself comes in through
``synthema data import amlsg``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from synthema_lab.cohorts.simulators.aml.network import node_names

_CLASS = {
    "NPM1": "npm1", "chromatin_spliceosome": "chromatin_spliceosome",
    "p53_aneuploidy": "tp53_aneuploidy", "No_class": "no_class", "inv16": "inv16",
    "CEBPA_bi": "cebpa_biallelic", "No_drivers": "no_drivers", "t8_21": "t_8_21",
    "t15_17": "t_15_17", "Ambiguous_classification": "ambiguous", "t_MLL": "kmt2a",
    "inv3": "inv3", "IDH2_p172": "idh2_r172", "t6_9": "t_6_9",
}  # fmt: skip

_COLUMN = {
    "cyto_inv3_t3_3": "inv3", "cyto_minus5_5q": "del5q_minus5", "cyto_minus7": "minus7",
    "cyto_del7q": "del7q", "cyto_plus8_8q": "plus8", "cyto_del9q": "del9q",
    "cyto_plus13": "plus13", "cyto_abn17p": "abn17p", "cyto_minusY": "minusY",
    "cyto_t_15_17": "t_15_17", "cyto_t_8_21": "t_8_21", "cyto_inv16_t16_16": "inv16",
    "cyto_t_6_9": "t_6_9", "cyto_t_9_11": "t_9_11", "cyto_t_v_11": "kmt2a_other",
    "cyto_complex": "complex_kt", "CEBPA_bzip_inframe": "mut_CEBPA_bzip",
}  # fmt: skip

REARRANGED = ("t_8_21", "inv16", "t_15_17", "inv3", "t_6_9", "t_9_11", "kmt2a_other")
"""Class-defining lesions that the release records."""


def read_release(table: Path) -> pd.DataFrame:
    """The columns that `estimation` uses, as numbers; missing values are kept.

    Parameters
    ----------
    table : Path
        ``amlsg_clinical_genomic.csv.gz``.

    Returns
    -------
    DataFrame, shape (patients, variables)
        ``genomic_class``, ``male``, lesions, karyotype, genes and laboratory values.
    """
    patients = pd.read_csv(table).rename(columns=_COLUMN)
    patients["genomic_class"] = patients["genomic_class_2016"].map(_CLASS)
    patients["male"] = (patients["sex"] == "M").astype(float)
    twice = patients["CEBPA_n_mut"] == 2
    elsewhere = (patients["CEBPA_n_mut"] == 1) & (patients["mut_CEBPA_bzip"] == 0)
    patients["mut_CEBPA_other"] = (twice | elsewhere).astype(float)
    laboratory = ["age_years", "hb_gdl", "plt_gl", "wbc_gl", "ldh_ul", "bm_blasts_pct",
                  "pb_blasts_pct", "ecog", "splenomegaly"]  # fmt: skip
    kept = ["genomic_class", "mut_NPM1", *REARRANGED, *node_names(), *laboratory]
    return patients[kept].astype({name: np.float64 for name in kept[1:]})
