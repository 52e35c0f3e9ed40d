"""The simulated cohort with sickle-cell disease: its table, its centres, its gaps."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import Cohort
from synthema_lab.cohorts.simulators import scd
from synthema_lab.cohorts.simulators.scd.centres import CENTRES, origins
from synthema_lab.cohorts.simulators.scd.residuals import template
from synthema_lab.errors import ArgumentRefused

SCA = ("HbSS", "HbSb0")


@pytest.fixture(scope="module")
def cohort():
    return scd.load()


@pytest.fixture(scope="module")
def patients():
    """Enough patients that shares by centre are steady."""
    return scd.load(20_000, seed=3).patients


@pytest.fixture(scope="module")
def complete():
    return scd.simulate_complete(20_000, np.random.default_rng(5))


def test_the_default_cohort_has_the_enrolment_of_the_trial(cohort):
    assert isinstance(cohort, Cohort)
    assert len(cohort.patients) == 1500
    assert list(cohort.patients.columns) == list(cohort.dictionary.variables)
    assert cohort.patients["patient_id"].is_unique


@pytest.mark.parametrize("seed", range(4))
def test_every_rule_and_limit_of_the_dictionary_holds_in_every_row(seed):
    findings = scd.load(5000, seed=seed)
    assert findings.dictionary.check(findings.patients).ok


def test_the_complete_table_breaks_no_rule_either(complete):
    table = complete.drop(columns=list(scd.EXTRA))
    dictionary = scd.load(1).dictionary
    assert dictionary.check(table).ok
    pd.testing.assert_frame_equal(dictionary.derive(table), table)


def test_the_same_seed_gives_the_same_table_and_another_seed_another():
    def digest(seed):
        return hashlib.sha256(scd.load(300, seed=seed).patients.to_csv().encode()).hexdigest()

    assert digest(4) == digest(4)
    assert digest(4) != digest(5)


@pytest.mark.parametrize("patients", [0, -1, 1_000_001, 1.5, True, "1500", None])
def test_what_is_no_number_of_patients_is_refused(patients):
    with pytest.raises(ArgumentRefused, match="number of patients"):
        scd.load(patients)


@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, False, "a", None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        scd.load(10, seed=seed)


@pytest.mark.parametrize("patients", [1, 2, 7])
def test_a_handful_of_patients_is_a_cohort_too(patients):
    small = scd.load(patients, seed=2)
    assert len(small.patients) == patients
    assert small.dictionary.check(small.patients).ok


def test_nobody_is_younger_than_one_year_or_transplanted(patients):
    assert patients["age_years"].min() >= 1
    assert (patients["hsct_ever"] == 0).all()


def test_haemoglobin_fractions_add_up_to_no_more_than_the_whole(complete):
    fractions = ["hbs_pct", "hbf_pct", "hba2_pct", "hba_pct", "hbc_pct"]
    assert complete[fractions].sum(axis=1).max() <= 100 + 1e-9
    common = complete[complete["genotype"] != "HbS_other"]
    plus = (common["genotype"] == "HbSb+") | (common["genotype"] == "HbSC")
    assert np.allclose(common.loc[~plus, fractions].sum(axis=1), 100)


def test_centres_differ_in_size_genotype_age_and_origin(patients):
    sizes = patients["centre_id"].value_counts(normalize=True)
    assert len(sizes) == len(CENTRES) >= 6
    assert sizes.max() > 3 * sizes.min()
    by_centre = patients.groupby("centre_id")
    for share in (
        by_centre["genotype"].apply(lambda g: (g == "HbSC").mean()),
        by_centre["age_years"].apply(lambda a: (a < 18).mean()),
        by_centre["ancestry_region"].apply(lambda a: (a == "mediterranean").mean()),
    ):
        assert share.max() - share.min() > 0.10
    assert patients["country"].nunique() >= 5


def test_the_shares_of_centres_and_of_their_genotypes_and_origins_are_whole():
    assert sum(centre.weight for centre in CENTRES) == pytest.approx(1)
    for centre in CENTRES:
        assert sum(centre.genotypes) == pytest.approx(1)
    assert np.allclose(origins().sum(axis=2), 1)


def test_doppler_is_recorded_at_screening_age_in_sickle_cell_anaemia_only(patients):
    recorded = patients[patients["tcd_tammv_cms"].notna()]
    assert recorded["age_years"].between(2, 16.9).all()
    assert recorded["genotype"].dropna().isin(SCA).all()
    due = patients["age_years"].between(2, 16.9) & patients["genotype"].isin(SCA)
    assert 0.10 < patients.loc[due, "tcd_tammv_cms"].isna().mean() < 0.35


def test_the_jet_is_measured_more_often_in_adults(patients):
    adult = patients["age_years"] >= 18
    missing = patients["trv_ms"].isna()
    assert missing[~adult].mean() - missing[adult].mean() > 0.15


def test_a_centre_without_a_genetics_laboratory_has_no_genetics(patients):
    known = patients.groupby("centre_id")["alpha_thal"].apply(lambda a: a.notna().mean())
    assert known["PT1"] == 0
    assert known["GB1"] > 0.6


def test_priapism_is_empty_in_women_and_a_dose_belongs_to_the_drug(patients):
    assert patients.loc[patients["sex"] == "F", "priapism_ever"].isna().all()
    dosed = patients["hu_dose_mgkg"].notna()
    assert (patients.loc[dosed, "hu_current"] == 1).all()


def test_what_is_missing_does_not_depend_on_the_value_given_age_and_centre():
    """Same patients with and without gaps: at 3.3 standard errors, false alarm below 0.5%."""
    with_gaps = scd.load(20_000, seed=9).patients
    world, _ = np.random.default_rng(9).spawn(2)
    whole = scd.simulate_complete(20_000, world)
    adult = (whole["centre_id"] == "FR1") & (whole["age_years"] >= 18)
    for name in ("ldh_ul", "hb_gdl", "trv_ms", "ntprobnp_pgml", "mri_lic_mgg"):
        chosen = whole.loc[adult & (whole["tx_program"] == "none"), name].astype(float)
        gone = with_gaps.loc[chosen.index, name].isna()
        error = chosen.std() * np.sqrt(1 / gone.sum() + 1 / (~gone).sum())
        assert abs(chosen[gone].mean() - chosen[~gone].mean()) < 3.3 * error


def test_the_template_of_correlations_is_positive_definite():
    assert np.linalg.eigvalsh(template()).min() > 0.05


def test_central_african_chromosomes_have_the_lowest_hbf_and_arab_indian_the_highest(complete):
    adults = complete[(complete["age_years"] >= 12) & (complete["hu_current"] == 0)]
    logarithm = np.log(adults["hbf_pct"].clip(lower=0.1))
    means = logarithm.groupby(adults["bs_haplotype"], observed=True).mean()
    assert means["CAR/CAR"] < means["BEN/BEN"] < means["AI"]


def test_hydroxycarbamide_lowers_crises_in_everyone_who_takes_it_in_the_trial():
    from synthema_lab.cohorts.simulators.scd.trial import rate_ratios

    for value, error in rate_ratios().values():
        assert 0.4 < value < 0.7
        assert error < 0.01


def test_every_fact_left_out_has_its_reason():
    left_out = scd.not_targeted()
    assert left_out["fact"].is_unique
    assert left_out["tag"].isin(list("VCRA")).all()
    assert (left_out["reason"].str.len() > 10).all()


def test_a_cohort_of_simulated_patients_says_so(cohort):
    assert "no patient" in cohort.source.lower()
    assert set(cohort.sites()) == {centre.name for centre in CENTRES}
