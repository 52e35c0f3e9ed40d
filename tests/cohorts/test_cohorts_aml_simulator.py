"""Simulated patients with AML keep every rule, come out the same again, and differ by centre."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.simulators import aml
from synthema_lab.cohorts.simulators.aml.cytogenetics import FLAGS
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

SHARED = Path(os.environ.get("SYNTHEMA_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
AMLSG = SHARED / "aml_amlsg" / "amlsg_clinical_genomic.csv.gz"


@pytest.fixture(scope="module")
def cohort():
    return aml.load()


@pytest.fixture(scope="module")
def many():
    return aml.load(patients=20_000, seed=3).patients


def test_the_default_cohort_has_1540_patients_and_all_variables_of_the_dictionary(cohort):
    dictionary = DataDictionary.load("aml")
    assert len(cohort.patients) == 1540
    assert list(cohort.patients.columns) == list(dictionary.variables)
    assert cohort.patients["patient_id"].is_unique


def test_no_patient_breaks_a_rule_or_a_hard_limit(many):
    dictionary = DataDictionary.load("aml")
    findings = dictionary.check(many).table()
    assert set(findings["severity"]) <= {"warning"}, findings[["rule", "variable", "count"]]


def test_unusual_values_are_rare(many):
    findings = DataDictionary.load("aml").check(many).table()
    assert findings["count"].sum() < len(many) / 500


def test_derived_variables_are_those_of_the_dictionary(cohort):
    again = cohort.dictionary.derive(cohort.patients.drop(columns=list(cohort.dictionary.derived)))
    pd.testing.assert_frame_equal(again, cohort.patients)


def test_the_same_seed_gives_the_same_patients_and_another_one_others(cohort):
    pd.testing.assert_frame_equal(aml.load().patients, cohort.patients)
    other = aml.load(seed=5).patients
    assert not other["os_days"].equals(cohort.patients["os_days"])


def test_a_single_patient_can_be_simulated():
    assert len(aml.load(patients=1, seed=2).patients) == 1


@pytest.mark.parametrize("patients", [0, -5, 2.5, "many", True, None, 10**9])
def test_an_unusable_number_of_patients_is_refused(patients):
    with pytest.raises(ArgumentRefused, match="patients"):
        aml.load(patients=patients)


@pytest.mark.parametrize("seed", [-1, 0.5, "one", None])
def test_an_unusable_seed_is_refused(seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        aml.load(patients=5, seed=seed)


def test_times_are_in_the_order_of_the_course(many):
    days = many[["cr1_day", "relapse_day", "efs_days", "rfs_days", "os_days"]].astype(float)
    assert (days["efs_days"] <= days["os_days"]).all()
    assert not (days["relapse_day"] <= days["cr1_day"]).any()
    assert not (days["relapse_day"] > days["os_days"]).any()
    known = days["rfs_days"].notna()
    assert (days["cr1_day"] + days["rfs_days"] <= days["os_days"])[known].all()
    refractory = many["response_induction"].isin(["RD", "PR"])
    assert (many.loc[refractory, "efs_event"] == 1).all()


def test_an_event_is_one_in_every_end_point_that_it_ends(many):
    died = many["os_event"] == 1
    assert (many.loc[died, "efs_event"] == 1).all()
    assert (many.loc[died & many["rfs_event"].notna(), "rfs_event"] == 1).all()
    free = many["efs_event"] == 0
    assert (many.loc[free, "efs_days"] == many.loc[free, "os_days"]).all()


def test_a_transplant_lies_in_the_phase_that_is_given(many):
    day = many["hct_day"].astype(float)
    first = many["hct_phase"] == "CR1"
    assert (day > many["cr1_day"].astype(float))[first].all()
    assert not (day >= many["relapse_day"].astype(float))[first].any()
    later = many["hct_phase"].isin(["CR2", "relapse"])
    assert (day > many["relapse_day"].astype(float))[later].all()
    assert many.loc[many["hct"] == "none", "hct_day"].isna().all()
    assert many.loc[many["hct"] != "none", "hct_day"].notna().all()


def test_promyelocytic_leukaemia_is_treated_and_looks_as_such(many):
    promyelocytic = many["t_15_17"] == 1
    looks = many.loc[promyelocytic, "fab"].dropna()
    treated = many.loc[promyelocytic, "treatment_line1"].dropna()
    assert set(looks) == {"M3"}
    assert set(treated) == {"ATRA_ATO"}


def test_karyotype_text_is_invented_and_agrees_with_the_flags(many):
    text = many["karyotype_iscn"]
    recorded = text.notna()
    assert (text[recorded].str.contains("t(8;21)", regex=False)
            == (many.loc[recorded, "t_8_21"] == 1)).all()  # fmt: skip
    assert not text[recorded].str.contains(r"[pq]\d\d\.|\[\d+\]|q22").any()


def test_what_is_measured_together_is_missing_together(many):
    flags = many[list(FLAGS)].isna()
    assert (flags.any(axis=1) == flags.all(axis=1)).all()
    genes = many[["mut_NPM1", "mut_TP53", "mut_RUNX1"]].isna()
    assert (genes.any(axis=1) == genes.all(axis=1)).all()


def test_values_are_missing_about_as_often_as_the_dictionary_says(many):
    dictionary = DataDictionary.load("aml")
    for name in ("ecog", "splenomegaly", "bm_blasts_pct", "ldh_ul", "t_8_21", "mut_NPM1",
                 "mut_KMT2A_PTD", "albumin_gl", "fibrinogen_gl", "expr_pc1"):  # fmt: skip
        said = dictionary.variables[name].expected_missing
        assert abs(many[name].isna().mean() - said) < 0.02, name


def test_centres_differ_in_size_age_period_risk_and_care(many):
    by_centre = many.groupby("centre_id")
    size = by_centre.size()
    assert len(size) == 12
    assert size.max() > 5 * size.min()
    assert np.ptp(by_centre["age_years"].mean()) > 8
    assert np.ptp(by_centre["dx_year"].mean()) > 3
    adverse = by_centre["eln2022"].agg(lambda group: (group == "adverse").mean())
    assert np.ptp(adverse) > 0.08
    missing = by_centre["ecog"].agg(lambda values: values.isna().mean())
    assert missing.max() > 2.5 * missing.min()
    assert by_centre["expr_pc1"].agg(lambda values: values.notna().any()).nunique() == 2


def test_centres_form_four_sites_of_uneven_size(cohort):
    sizes = {name: len(patients) for name, patients in cohort.sites().items()}
    assert len(sizes) == 4
    assert sum(sizes.values()) == 1540
    assert max(sizes.values()) > 3 * min(sizes.values())
    assert min(sizes.values()) >= 100


def test_sites_differ_in_risk_and_age(cohort):
    sites = cohort.sites().values()
    assert np.ptp([(patients["eln2022"] == "adverse").mean() for patients in sites]) > 0.08
    assert np.ptp([patients["age_years"].mean() for patients in sites]) > 5


def test_no_simulated_patient_is_a_real_one(cohort):
    if not AMLSG.exists():
        pytest.skip("the AMLSG table is not in ../shared/data or $SYNTHEMA_DATA")
    names = ["age_years", "hb_gdl", "plt_gl", "wbc_gl", "ldh_ul", "bm_blasts_pct", "pb_blasts_pct"]
    real = pd.read_csv(AMLSG, usecols=names)[names].dropna().round(1)
    simulated = cohort.patients[names].astype(float).dropna().round(1)
    keys = set(map(tuple, real.to_numpy()))
    assert len(keys) > 1000
    # Two rows agree in all seven by chance about once in 10**9 pairs; there are 2 million.
    assert sum(tuple(row) in keys for row in simulated.to_numpy()) == 0
