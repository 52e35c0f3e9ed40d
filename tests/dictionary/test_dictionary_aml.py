"""The packaged dictionary of acute myeloid leukaemia is complete, sound, and true of patients."""

from __future__ import annotations

import csv
import math
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.generators.encoder import Encoder

SHARED = Path(__file__).resolve().parents[3] / "shared"
REFERENCE = SHARED / "reference" / "aml_dictionary.csv"
DATA = Path(os.environ.get("SYNTHEMA_DATA", SHARED / "data"))
AMLSG = DATA / "aml_amlsg" / "amlsg_clinical_genomic.csv.gz"

CLASSES = {"D": "direct", "Q": "quasi", "S": "sensitive", "O": "other"}
TYPES = {
    "id": "identifier", "cat": "category", "int": "integer", "num": "number", "num[]": "number",
    "bool": "boolean", "text": "text",
}  # fmt: skip
DERIVED = {"who2022", "icc2022", "eln2022", "eln2017"}


@pytest.fixture(scope="module")
def dictionary():
    return DataDictionary.load("aml")


@pytest.fixture(scope="module")
def reference():
    if not REFERENCE.is_file():
        pytest.skip(f"the reference table of variables is not at {REFERENCE}")
    with REFERENCE.open(encoding="utf-8") as lines:
        return {row["name"]: row for row in csv.DictReader(lines)}


def _names(name):
    """The dictionary's variables for one row of the reference."""
    if name == "expr_pc1..k":
        return ["expr_pc1", "expr_pc2", "expr_pc3"]
    return name.split(" / ")


@pytest.fixture(scope="module")
def real(dictionary):
    """The cohort of the AMLSG in the dictionary's names."""
    if not AMLSG.is_file():
        pytest.skip(f"the cohort of the AMLSG is not at {AMLSG}")
    release = pd.read_csv(AMLSG)
    alike = [name for name in dictionary.variables if name in release and name != "hct"]
    patients = release[[name for name in alike if name not in ("hct_phase", "aml_type")]].copy()
    karyotype = {
        "t_8_21": "t_8_21", "inv16": "inv16_t16_16", "t_15_17": "t_15_17", "t_9_11": "t_9_11",
        "kmt2a_other": "t_v_11", "t_6_9": "t_6_9", "inv3": "inv3_t3_3", "t_9_22": "t_9_22",
        "del5q_minus5": "minus5_5q", "minus7": "minus7", "del7q": "del7q", "abn17p": "abn17p",
        "plus8": "plus8_8q", "plus13": "plus13", "del9q": "del9q", "minusY": "minusY",
        "complex_kt": "complex",
    }  # fmt: skip
    for name, column in karyotype.items():
        patients[name] = release[f"cyto_{column}"]
    with_itd = release["mut_FLT3_ITD"] == 1
    wild = release["FLT3_cov"] - release["FLT3_ITD_reads"]
    phases = {"Rez": "relapse", "RD": "RD", "PR": "RD"}
    types = {"ALLO": "allo", "FREMD": "allo", "HAPLO": "allo", "AUTO": "auto"}
    absent = [n for n, v in dictionary.variables.items() if n not in patients and not v.derive]
    mapped = {
        "patient_id": release["PDID"],
        "centre_id": release["centre"].astype(str),
        "aml_type": release["aml_type"].map(
            {"AML": "de_novo", "sAML": "secondary", "tAML": "therapy_related", "oAML": "other"}
        ),
        "mut_NPM1": release[["mut_NPM1", "NPM1_clin"]].max(axis=1),
        "mut_CEBPA_bzip": release["CEBPA_bzip_inframe"],
        "flt3_itd_ar": (release["FLT3_ITD_reads"] / wild).where(with_itd),
        "tp53_vaf": release["TP53_max_vaf"],
        "karyotype_iscn": release["karyotype"],
        "response_induction": release["post_induction"],
        "hct": release["hct_type"].map(types).fillna("unknown").mask(release["hct"] == 0, "none"),
        "hct_phase": release["hct_phase"]
        .str.replace(r"^CR[234]$", "CR2", regex=True)
        .replace({f"{key}{n}": code for key, code in phases.items() for n in (1, 2)}),
    }
    filled = pd.DataFrame({name: mapped.get(name, np.nan) for name in absent}, index=release.index)
    patients = pd.concat([patients, filled], axis=1)
    for name in set(mapped) & set(alike):
        patients[name] = mapped[name]
    return patients


def test_every_variable_of_the_reference_is_there_in_its_order(dictionary, reference):
    expected = [name for row in reference for name in _names(row)]
    assert list(dictionary.variables)[: len(expected)] == expected
    beyond = list(dictionary.variables)[len(expected) :]
    assert beyond[0] == "eln2024_lowint"
    assert all(dictionary.variables[name].derive for name in beyond)


def test_types_classes_tiers_limits_and_shares_are_those_of_the_reference(dictionary, reference):
    for row in reference.values():
        for name in _names(row["name"]):
            variable = dictionary.variables[name]
            assert variable.identifier == CLASSES[row["id_class"]], name
            if name in DERIVED:
                assert variable.derive, name
                continue
            assert variable.core == (row["tier"] == "core"), name
            if name == "centre_id":  # a site names its own centres
                assert variable.type == "identifier"
            elif row["type"] == "num+bool":
                assert variable.type == ("boolean" if name.endswith("event") else "integer")
            else:
                assert variable.type == TYPES[row["type"]], name
            numbers = re.fullmatch(r"(-?[\d.]+)-([\d.]+)", row["plausible_range"])
            if variable.numeric and numbers:
                limits = tuple(map(float, numbers.groups()))
                assert limits == (variable.plausible or variable.range), name
            share = float(re.match(r"[\d.]+", row["missing_pct"]).group()) / 100
            assert (variable.expected_missing or 0) == pytest.approx(share), name


def test_codes_are_those_of_the_reference_and_none_claims_more_than_was_read(dictionary, reference):
    for row in reference.values():
        cited = row["standard_code"]
        for name in _names(row["name"]):
            for code in dictionary.variables[name].codes:
                if name == "country":
                    assert (code.system, code.status) == ("ISO 3166-1", "verified")
                    continue
                number = code.code.split(":")[-1]
                assert number.removesuffix("/3") in cited, (name, code.code)
                recalled = row["code_status"] == "r" or re.search(
                    rf"{re.escape(number)}\b[^;]*\br\)", cited
                )
                assert code.status == ("recalled" if recalled else "verified"), (name, code.code)
            if re.search(r"LOINC|HP:|HGNC|NCBI|9\d\d\d/3", cited) and name not in (
                "os_days", "who2022",
            ):  # fmt: skip
                assert dictionary.variables[name].codes, name


def test_every_modelled_number_has_public_bins_with_the_thresholds_of_practice(dictionary):
    thresholds = {
        "age_years": {60}, "wbc_gl": {10, 30, 100}, "bm_blasts_pct": {5, 10, 20, 50},
        "pb_blasts_pct": {5, 10, 20, 50}, "plt_gl": {20, 50, 100}, "flt3_itd_ar": {0.5},
        "tp53_vaf": {10}, "cr1_day": {30, 60, 365}, "os_days": {30, 60, 365, 1825},
        "efs_days": {30, 60, 365, 1825}, "rfs_days": {30, 60, 365, 1825},
    }  # fmt: skip
    for name in dictionary.modelled:
        variable = dictionary.variables[name]
        if variable.numeric:
            assert variable.unit, name
            assert 4 <= len(variable.bins) - 1 <= 9, name
            assert thresholds.get(name, set()) <= set(variable.bins), name


def test_hard_limits_lie_beyond_plausible_ones_and_a_late_response_only_warns(dictionary):
    for variable in dictionary.variables.values():
        if variable.plausible:
            assert variable.range[0] <= variable.plausible[0], variable.name
            # A share cannot lie above 100 %.
            assert variable.range[1] > variable.plausible[1] or variable.unit == "%", variable.name
    late = pd.DataFrame({"cr1_day": [900], "os_days": [1200], "os_event": [0]})
    findings = dictionary.check(late, require_core=False)
    assert findings.errors == ()
    assert ("outside_plausible", "cr1_day") in {(w.rule, w.variable) for w in findings.warnings}


def test_a_variable_that_a_source_does_not_hold_may_be_missing_throughout(dictionary):
    for name, variable in dictionary.variables.items():
        always = ("patient_id", "centre_id", "age_years", "sex", "os_days", "os_event")
        assert variable.missing == (name not in always), name


def test_every_variable_and_rule_says_where_it_comes_from_and_how_it_is_known(dictionary):
    for variable in dictionary.variables.values():
        assert variable.source, variable.name
        assert variable.evidence, variable.name
    assert all(rule.source for rule in dictionary.rules)


def test_outcome_pairs_come_first_and_every_set_of_the_workload_is_small(dictionary):
    workload = dictionary.workload
    assert 25 <= len(workload) <= 35
    assert workload[0] == ("os_days", "os_event")
    outcome = ["os_days" in clique for clique in workload]
    assert outcome == sorted(outcome, reverse=True)
    encoder = Encoder(dictionary, dictionary.modelled)
    for clique in workload:
        assert math.prod(encoder.coded[name].size for name in clique) <= 150, clique
    pairs = {frozenset(clique) for clique in workload}
    factors = set(dictionary.survival.covariates)
    assert all({"os_days", name} in pairs for name in factors - {"abn17p"})


def test_the_survival_model_has_prognostic_factors_and_no_later_event(dictionary):
    survival = dictionary.survival
    assert (survival.time, survival.event, survival.horizon) == ("os_days", "os_event", 1825)
    assert {"age_years", "wbc_gl", "mut_NPM1", "mut_TP53", "inv16"} <= set(survival.covariates)
    later = {"cr1_day", "hct", "hct_day", "relapse_day", "response_induction", "efs_days"}
    assert not later & set(survival.covariates)


def test_no_rule_ties_more_than_three_variables_so_that_a_generator_can_hold_it(dictionary):
    encoder = Encoder(dictionary, dictionary.modelled)
    for rule in dictionary.rules:
        assert len(rule.inputs) <= 3, rule.name
        assert math.prod(encoder.coded[name].size for name in rule.inputs) <= 500, rule.name


# A patient with NPM1, FLT3-ITD and TP53, in remission, transplanted, relapsed and dead: every
# rule can be decided in him.
PATIENT = {
    "sex": "M", "age_years": 54, "wbc_gl": 40.0, "anc_gl": 1.0, "normal_karyotype": 0,
    "complex_kt": 0, "monosomal_kt": 0, "t_8_21": 0, "inv16": 0, "t_15_17": 0, "t_9_11": 0,
    "kmt2a_other": 0, "t_6_9": 0, "inv3": 0, "mecom_other": 0, "t_9_22": 0, "t_8_16": 0,
    "del5q_minus5": 0, "minus7": 0, "del7q": 0, "abn17p": 0, "plus8": 0, "plus13": 0, "del9q": 0,
    "minusY": 0, "mut_FLT3_ITD": 1, "flt3_itd_ar": 0.4, "mut_TP53": 1, "tp53_vaf": 40.0,
    "response_induction": "CR", "cr1_day": 40, "hct": "allo", "hct_phase": "CR1", "hct_day": 150,
    "relapse_day": 300, "efs_days": 300, "efs_event": 1, "rfs_days": 260, "rfs_event": 1,
    "os_days": 500, "os_event": 1,
}  # fmt: skip
NORMAL = [
    "complex_kt", "monosomal_kt", "t_8_21", "inv16", "t_15_17", "t_9_11", "kmt2a_other", "t_6_9",
    "inv3", "mecom_other", "t_9_22", "t_8_16", "del5q_minus5", "minus7", "del7q", "abn17p",
    "plus8", "plus13", "del9q", "minusY",
]  # fmt: skip
BREAKING = {
    **{f"normal_karyotype_without_{n}": {"normal_karyotype": 1, n: 1} for n in NORMAL},
    **{
        f"{one}_excludes_{other}": {one: 1, other: 1}
        for one, other in [
            ("t_8_21", "inv16"), ("t_8_21", "t_15_17"), ("t_8_21", "inv3"),
            ("inv16", "t_15_17"), ("inv16", "inv3"), ("t_15_17", "inv3"),
        ]
    },
    **{
        f"complex_karyotype_without_{name}": {"complex_kt": 1, name: 1}
        for name in ("t_8_21", "inv16", "t_15_17", "t_6_9")
    },
    "y_lost_only_in_males": {"sex": "F", "minusY": 1},
    "itd_ratio_only_with_itd": {"mut_FLT3_ITD": 0},
    "tp53_fraction_only_with_tp53": {"mut_TP53": 0},
    "neutrophils_within_leukocytes": {"anc_gl": 41.0},
    "age_at_last_contact_within_human_life": {"age_years": 119},
    "event_free_within_survival": {"efs_days": 501},
    "relapse_free_within_survival": {"rfs_days": 501},
    "remission_within_survival": {"cr1_day": 501},
    "relapse_within_survival": {"relapse_day": 501},
    "transplantation_within_survival": {"hct_day": 501},
    "relapse_after_remission": {"relapse_day": 40},
    "transplantation_in_cr1_after_remission": {"hct_day": 39},
    "relapse_free_survival_only_after_remission": {"cr1_day": None},
    "relapse_free_survival_has_its_status": {"rfs_event": None},
    "event_free_survival_has_its_status": {"efs_event": None},
    "relapse_ends_relapse_free_survival": {"rfs_event": 0},
    "relapse_ends_event_free_survival": {"efs_event": 0},
    "alive_where_relapse_free": {"rfs_event": 0},
    "remission_has_its_day": {"cr1_day": None},
    "early_death_is_a_death": {"response_induction": "ED", "os_event": 0},
    "transplantation_day_only_with_transplantation": {"hct": "none"},
    "transplantation_phase_only_with_transplantation": {"hct": "none"},
    "transplantation_after_relapse_has_a_relapse": {"hct_phase": "CR2", "relapse_day": None},
}  # fmt: skip


def test_no_rule_is_left_without_an_example(dictionary):
    assert set(BREAKING) == {rule.name for rule in dictionary.rules}


@pytest.mark.parametrize("name", BREAKING)
def test_a_possible_patient_keeps_the_rule_and_an_impossible_one_breaks_it(dictionary, name):
    rule = next(rule for rule in dictionary.rules if rule.name == name)
    assert rule.holds(pd.DataFrame([PATIENT])).tolist() == [1]
    assert rule.holds(pd.DataFrame([PATIENT | BREAKING[name]])).tolist() == [0]


def test_an_untested_patient_breaks_no_rule(dictionary):
    untested = pd.DataFrame([dict.fromkeys(PATIENT) | {"sex": "F", "os_days": 10, "os_event": 0}])
    for rule in dictionary.rules:
        assert rule.holds(untested).tolist() in ([-1], [1]), rule.name


def test_no_derived_threshold_lies_inside_a_bin(dictionary):
    for name, edge in [
        ("flt3_itd_ar", 0.5), ("tp53_vaf", 10), ("bm_blasts_pct", 10), ("bm_blasts_pct", 20),
        ("pb_blasts_pct", 10), ("pb_blasts_pct", 20),
    ]:  # fmt: skip
        bins = dictionary.variables[name].bins
        assert edge in bins
        assert not any(low < edge < high for low, high in pairwise(bins))


def test_the_real_cohort_of_1540_keeps_every_limit_and_every_rule(dictionary, real):
    findings = dictionary.check(dictionary.derive(real))
    assert len(real) == 1540
    assert findings.errors == ()
    assert findings.undecided == ()
    odd = {w.variable: w.count for w in findings.warnings if w.rule == "outside_plausible"}
    assert odd["cr1_day"] == 2
    empty = {w.variable for w in findings.warnings if w.rule == "all_missing"}
    assert {"dx_year", "treatment_line1", "fab"} <= empty


def test_what_real_patients_contradict_is_no_rule(dictionary, real):
    # Each of these is often stated as exclusive or as following, and single patients differ.
    exceptions = {
        "NPM1 with t(8;21)": (real["mut_NPM1"] == 1) & (real["t_8_21"] == 1),
        "complex with KMT2A": (real["complex_kt"] == 1) & (real["kmt2a_other"] == 1),
        "relapse without a dated remission": real["relapse_day"].notna() & real["cr1_day"].isna(),
        "censored at death": (real["efs_event"] == 0) & (real["os_event"] == 1),
        "early death after a remission": (real["response_induction"] == "ED")
        & real["cr1_day"].notna(),
        "transplanted for relapse before it": (real["hct_phase"] == "relapse")
        & (real["hct_day"] < real["relapse_day"]),
    }
    assert {name: int(found.sum()) > 0 for name, found in exceptions.items()} == dict.fromkeys(
        exceptions, True
    )
    assert dictionary.check(real[exceptions["NPM1 with t(8;21)"]]).errors == ()
