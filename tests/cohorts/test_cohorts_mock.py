"""Mock patients know the dictionary and nothing else."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.mock import load, mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch

NAMES = ["leuksurv", "scd", "aml"]


def invented(name, patients=300, seed=1):
    dictionary = DataDictionary.load(name)
    return dictionary, mock_patients(dictionary, patients, np.random.default_rng(seed))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2])
def test_mock_patients_keep_every_rule_and_limit(name, seed):
    dictionary, patients = invented(name, 150, seed)
    findings = dictionary.check(patients)
    assert findings.ok, str(findings)
    assert findings.undecided == ()
    for rule in dictionary.rules:
        assert not (rule.holds(patients) == 0).any()
    assert list(patients.columns) == list(dictionary.variables)


@pytest.mark.parametrize("name", NAMES)
def test_mock_patients_are_what_the_dictionary_derives_and_conforms(name):
    dictionary, patients = invented(name, 80)
    pd.testing.assert_frame_equal(dictionary.derive(patients), patients)


@pytest.mark.parametrize("name", NAMES)
def test_nearly_every_variable_varies_and_every_numeric_bin_may_be_met(name):
    dictionary, patients = invented(name, 500)
    still = [
        column for column in dictionary.modelled
        if patients[column].nunique() < 2 and column != "hsct_ever"
    ]  # fmt: skip
    assert still == []
    for column in dictionary.modelled:
        if dictionary.variables[column].numeric:
            low, high = dictionary.variables[column].plausible or (-np.inf, np.inf)
            assert patients[column].dropna().between(low, high).all()


def test_missing_values_follow_the_dictionary_where_no_rule_forbids_it():
    dictionary, patients = invented("scd", 2000)
    for name in ("rdw_pct", "trv_ms", "ferritin_ngml", "ancestry_region", "hb_gdl"):
        expected = dictionary.variables[name].expected_missing
        # Five standard deviations of a share among 2000.
        assert abs(patients[name].isna().mean() - expected) < 5 * np.sqrt(0.25 / 2000)


def test_the_same_seed_gives_the_same_patients_and_another_gives_others():
    once = invented("scd", 60)[1]
    pd.testing.assert_frame_equal(once, invented("scd", 60)[1])
    assert not once.equals(invented("scd", 60, seed=2)[1])


@pytest.mark.parametrize("name", ["scd", "aml"])
def test_five_hundred_mock_patients_take_seconds(name):
    started = time.perf_counter()
    invented(name, 500)
    assert time.perf_counter() - started < 10


def test_a_mock_cohort_has_sites_and_says_that_nobody_stands_behind_it():
    for name in NAMES:
        cohort = load(name, patients=120)
        assert sum(map(len, cohort.sites().values())) == 120
        assert 2 <= len(cohort.sites()) <= 5
        assert "dictionary" in cohort.source
    assert cohort.patients["patient_id"].iloc[0] == "MOCK-00001"


@pytest.mark.parametrize("patients", [0, -1, 2.5, True, "10", None])
def test_a_number_of_patients_that_is_none_is_refused(patients):
    with pytest.raises(ArgumentRefused):
        mock_patients(DataDictionary.load("leuksurv"), patients, np.random.default_rng(1))


def small(rules, **variables):
    declared = {
        "x": {"label": "x", "type": "number", "range": [0, 100], "missing": True},
        "y": {"label": "y", "type": "number", "range": [0, 100]},
        "c": {"label": "c", "type": "category", "categories": ["a", "b", "c"], "missing": True},
    }
    return DataDictionary.from_dict(
        {"name": "s", "title": "s", "version": "1", "source": "s", "licence": "l",
         "variables": declared | variables,
         "rules": {f"r{at}": {"text": "t", "expression": rule} for at, rule in enumerate(rules)}}
    )  # fmt: skip


@pytest.mark.parametrize(
    "rules",
    [
        ["present(x)", "x == y"],
        ["0.999 <= x / y <= 1.001", "present(x)"],
        ["implies(c == 'a', x < 1)", "c == 'a'", "present(c)", "present(x)"],
        ["missing(x)", "c not in ['a', 'b']"],
        ["x + y == 50", "present(x)"],
    ],
)
def test_tight_rules_are_solved_and_not_only_met_by_luck(rules):
    dictionary = small(rules)
    patients = mock_patients(dictionary, 200, np.random.default_rng(3))
    assert dictionary.check(patients).ok


def test_rules_that_cannot_be_kept_together_are_named():
    with pytest.raises(DataMismatch, match="r0, r1") as refused:
        mock_patients(small(["y > 60", "y < 40"]), 20, np.random.default_rng(1))
    assert "20 of 20 rows" in refused.value.happened


def test_a_derived_variable_that_may_not_be_missing_is_there():
    sum_of = {"label": "z", "type": "number", "range": [0, 150], "derive": "x + y"}
    dictionary = small([], z=sum_of)
    patients = mock_patients(dictionary, 300, np.random.default_rng(1))
    assert patients["z"].notna().all()
    assert patients["z"].max() <= 150


def test_texts_and_identifiers_are_invented():
    dictionary = small(
        [],
        note={"label": "n", "type": "text"},
        uri={"label": "u", "type": "identifier", "missing": True, "expected_missing": 0.5},
    )
    patients = mock_patients(dictionary, 100, np.random.default_rng(1))
    assert set(patients["note"]) == {"mock text"}
    assert 20 < patients["uri"].isna().sum() < 80
