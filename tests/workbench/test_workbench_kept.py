"""Rules and derived variables are looked at in every table."""

from __future__ import annotations

import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.workbench.kept import recomputed, rules_compared


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("scd", patients=300, seed=2)


def test_a_broken_rule_comes_first_with_the_share_of_its_rows(cohort):
    broken = cohort.patients.copy()
    broken.loc[:59, "anc_gl"] = broken.loc[:59, "wbc_gl"] + 1
    wrong = 100 * (broken["anc_gl"] > broken["wbc_gl"]).mean()
    found = rules_compared({"real": cohort.patients, "broken": broken}, cohort.dictionary)
    first = found.iloc[0]
    assert first["rule"] == "neutrophils_within_leukocytes"
    assert (first["real"], first["broken"]) == (0.0, pytest.approx(wrong))
    assert (found["broken"].iloc[1:] == 0).all()


def test_a_rule_without_its_inputs_is_left_empty_and_last(cohort):
    narrow = {"narrow": cohort.patients[["age_years", "wbc_gl", "anc_gl"]]}
    found = rules_compared(narrow, cohort.dictionary)
    undecided = found[found["narrow"].isna()]
    assert len(undecided) > 10
    assert found["narrow"].iloc[: len(found) - len(undecided)].notna().all()


def test_only_rules_about_the_named_variables_are_shown(cohort):
    about = rules_compared({"real": cohort.patients}, cohort.dictionary, ["tcd_tammv_cms"])
    assert set(about["rule"]) == {"doppler_at_screening_age", "doppler_in_sickle_cell_anaemia"}


def test_a_derived_value_that_does_not_follow_is_counted(cohort):
    wrong = cohort.patients.copy()
    screened = wrong["tcd_class"].notna()
    wrong.loc[screened, "tcd_class"] = "abnormal"
    truly = cohort.patients["tcd_class"] == "abnormal"
    found = recomputed({"real": cohort.patients, "wrong": wrong}, cohort.dictionary)
    row = found.set_index("variable").loc["tcd_class"]
    assert row["real"] == 0
    assert row["wrong"] == pytest.approx(100 * (screened & ~truly).mean())
    assert set(found["variable"]) == set(cohort.dictionary.derived)


def test_a_number_may_differ_by_what_its_dictionary_allows(cohort):
    def off_by(factor):
        other = cohort.patients.assign(bmi=cohort.patients["bmi"] * factor)
        return recomputed({"other": other}, cohort.dictionary, ["bmi"])["other"].iloc[0]

    assert off_by(1.001) == 0
    assert off_by(1.5) == pytest.approx(100 * cohort.patients["bmi"].notna().mean())
