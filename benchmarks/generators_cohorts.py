"""On which real and simulated patients are the generators compared?

AMLSG is read from ``../shared/data`` or ``$SYNTHEMA_DATA`` and left out, with the
reason, where it is absent.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from synthema_lab.cohorts import Cohort, load_cohort, split_holdout
from synthema_lab.cohorts.importers.amlsg import import_amlsg

HELD_OUT = 0.3
AMLSG_COLUMNS = (
    "os_days", "os_event", "age_years", "sex",
    "hb_gdl", "plt_gl", "wbc_gl", "bm_blasts_pct", "pb_blasts_pct", "ldh_ul",
    "mut_NPM1", "mut_FLT3_ITD", "mut_FLT3_TKD", "mut_CEBPA_bzip", "mut_DNMT3A", "mut_IDH1",
    "mut_TET2", "mut_RUNX1", "mut_TP53", "mut_NRAS", "mut_SRSF2",
    "normal_karyotype", "complex_kt", "t_8_21", "inv16", "t_15_17", "inv3", "del5q_minus5",
    "abn17p", "plus8",
)  # fmt: skip
"""Outcome, age, sex, six laboratory values, the eight genes and six karyotype flags of the
dictionary's survival model, and the commonest others. The ELN group is derived, so it is
recomputed where all its inputs are there and never modelled."""

SCD_COLUMNS = (
    "fu_years", "vital_status", "age_years", "sex", "genotype", "height_cm", "weight_kg",
    "spo2_pct", "sbp_mmhg", "hb_gdl", "mcv_fl", "retic_pct", "wbc_gl", "anc_gl", "plt_gl",
    "hbs_pct", "hbf_pct", "ldh_ul", "bili_tot_mgdl", "creat_mgdl", "ferritin_ngml",
    "voc_12m", "acs_ever", "stroke_ever", "avn_ever", "leg_ulcer_ever", "ckd", "hosp_12m",
    "hu_current", "tx_program",
)  # fmt: skip


class CohortAbsent(Exception):
    """A cohort is not on this machine; the message says why."""


def amlsg(columns: Sequence[str] | None = AMLSG_COLUMNS) -> Cohort:
    """Patients of the public AMLSG release.

    Parameters
    ----------
    columns : sequence of str or None
        Variables beside pseudonym and centre; None keeps all that the release holds.

    Returns
    -------
    Cohort
        1540 patients of 45 centres.

    Raises
    ------
    CohortAbsent
        Where the release is not on this machine.
    """
    shared = os.environ.get("SYNTHEMA_DATA")
    here = Path(shared) if shared else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (here / "amlsg_release").is_dir():
        raise CohortAbsent("the AMLSG release is not in ../shared/data or $SYNTHEMA_DATA")
    imported = import_amlsg(here / "amlsg_release")
    empty = set(imported.absent)
    names = (
        [name for name in imported.dictionary.modelled if name not in empty]
        if columns is None
        else columns
    )
    return _narrowed("amlsg", imported.patients, imported.dictionary, names, imported.source)


def leuksurv(columns: Sequence[str] | None = None) -> Cohort:
    """1043 patients of 24 districts; the six variables that are not derived, by default."""
    found = load_cohort("leuksurv")
    return _narrowed("leuksurv", found.patients, found.dictionary,
                     columns or found.dictionary.modelled, found.source)  # fmt: skip


def scd(columns: Sequence[str] | None = SCD_COLUMNS) -> Cohort:
    """1500 simulated patients with sickle-cell disease."""
    found = load_cohort("scd", seed=1)
    return _narrowed("scd", found.patients, found.dictionary,
                     columns or found.dictionary.modelled, found.source)  # fmt: skip


COHORTS = {"amlsg": amlsg, "leuksurv": leuksurv, "scd": scd}


def split(cohort: Cohort, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """About 70% to learn from and 30% held out; another split for another seed.

    Examples
    --------
    >>> train, test = split(leuksurv(), 1)
    >>> len(train) + len(test)
    1043
    """
    return split_holdout(cohort.patients, cohort.dictionary, HELD_OUT, f"benchmark {seed}".encode())


def _narrowed(name, patients, dictionary, columns, source) -> Cohort:
    kept = [one for one in dictionary.modelled if one in set(columns) & set(patients.columns)]
    lacking = sorted(set(columns) - set(kept))
    if lacking:
        raise CohortAbsent(f"the {name} table does not hold {', '.join(lacking)}")
    who = [one for one in (dictionary.patient, dictionary.centre) if one in patients.columns]
    return Cohort(name, patients[[*who, *kept]].reset_index(drop=True), dictionary, source, "", "")
