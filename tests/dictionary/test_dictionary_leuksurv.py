"""The packaged dictionary of LeukSurv is public, sound, and true of the register."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml

from synthema_lab.cohorts import load_cohort
from synthema_lab.dictionary import DataDictionary
from synthema_lab.generators.encoder import Encoder

FOLDER = Path(__file__).resolve().parents[2] / "data_dictionaries"


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("leuksurv")


DICTIONARIES = sorted(path for path in FOLDER.glob("*.yaml") if "\nvariables:" in path.read_text())
"""Beside them lie lists of findings and a risk appetite."""


@pytest.mark.parametrize("path", DICTIONARIES, ids=lambda path: path.stem)
def test_every_packaged_dictionary_loads_by_name_and_says_where_each_variable_comes_from(path):
    dictionary = DataDictionary.load(path.stem)
    assert dictionary.name == path.stem
    assert DataDictionary.from_dict(dictionary.as_dict()) == dictionary
    assert all(variable.source for variable in dictionary.variables.values())
    assert all(rule.source for rule in dictionary.rules)
    # Every modelled variable has public codes: bins, categories, or a few whole numbers.
    encoder = Encoder(dictionary, dictionary.modelled)
    assert encoder.columns == dictionary.modelled
    assert min(encoder.sizes) >= 2


def test_the_register_keeps_every_rule_and_limit(cohort):
    findings = cohort.dictionary.check(cohort.patients)
    assert findings.errors == ()
    assert findings.undecided == ()
    # White cells of exactly 0 are the one thing worth a second look.
    assert [finding.variable for finding in findings.warnings] == ["wbc_gl"]


def test_each_rule_can_be_broken(cohort):
    patient = {
        "os_days": 6000, "os_event": 1, "age_years": 40, "age_group": "<=40",
    }  # fmt: skip
    breaking = {
        "follow_up_within_register": {"os_days": 6210},
        "age_at_last_contact_within_human_life": {"age_years": 95, "age_group": ">70"},
        "time_and_status_come_together": {"os_event": None},
        "age_group_follows_age": {"age_group": ">70"},
    }
    assert set(breaking) == {rule.name for rule in cohort.dictionary.rules}
    for rule in cohort.dictionary.rules:
        assert rule.holds(pd.DataFrame([patient])).tolist() == [1]
        assert rule.holds(pd.DataFrame([patient | breaking[rule.name]])).tolist() == [0]


def test_no_age_bin_straddles_an_age_group(cohort):
    bins = cohort.dictionary.variables.age_years.bins
    for low, high in pairwise(bins):
        last = high if high == bins[-1] else high - 1
        ages = pd.DataFrame({"age_years": range(int(low), int(last) + 1)})
        assert cohort.dictionary.derive(ages)["age_group"].nunique() == 1


def test_every_age_allowed_has_an_age_group(cohort):
    low, high = cohort.dictionary.variables.age_years.range
    ages = pd.DataFrame({"age_years": range(int(low), int(high) + 1)})
    assert cohort.dictionary.derive(ages)["age_group"].notna().all()


def test_every_patient_falls_in_a_public_bin_and_none_is_an_edge_case(cohort):
    for name in ("age_years", "wbc_gl", "deprivation", "os_days"):
        low, *_, high = cohort.dictionary.variables[name].bins
        assert cohort.patients[name].between(low, high).all()


def test_limits_and_bins_are_public_and_not_the_registers_own(cohort):
    for name in ("age_years", "deprivation", "os_days"):
        low, high = cohort.dictionary.variables[name].range
        column = cohort.patients[name]
        assert high > column.max()
        assert low <= column.min()


def test_outcome_pairs_come_first_in_the_workload(cohort):
    outcome = {"os_days", "os_event"}
    holds_outcome = [bool(outcome & set(clique)) for clique in cohort.dictionary.workload]
    assert holds_outcome[:5] == [True] * 5
    assert cohort.dictionary.workload[0] == ("os_days", "os_event")


def test_the_unit_of_every_number_is_given(cohort):
    units = {v.name: v.unit for v in cohort.dictionary.variables.values() if v.numeric}
    assert units == {"age_years": "a", "wbc_gl": "10*9/L", "deprivation": "1", "os_days": "d"}


def test_the_readme_of_the_dictionaries_is_true():
    import doctest

    results = doctest.testfile(str(FOLDER / "README.md"), module_relative=False)
    assert results.attempted > 0
    assert results.failed == 0
    listed = (FOLDER / "README.md").read_text()
    assert {"aml", "leuksurv", "scd"} == {path.stem for path in DICTIONARIES}
    for path in DICTIONARIES:
        assert f"`{path.name}`" in listed
    example = listed.split("```yaml")[1].split("```")[0]
    assert (
        "anc_gl <= wbc_gl"
        in yaml.safe_load(example)["rules"]["neutrophils_within_leukocytes"].values()
    )
