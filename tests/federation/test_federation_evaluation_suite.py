"""The whole suite across hospitals finds what one custodian of all patients finds."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import DataMismatch
from synthema_lab.federation.evaluation import NOT_SUMMED, Evaluation, Layout, judged, site_counts
from synthema_lab.federation.evaluation.attacked import guesses_of_a_site, joins_of_a_site
from synthema_lab.federation.evaluation.effects import (
    COUNTED,
    SUMMED,
    effect_over,
    summed_effect,
)
from synthema_lab.federation.evaluation.rates import MOST, RATES
from synthema_lab.federation.procedures.evaluation import agreed
from synthema_lab.generators import floor_table
from synthema_lab.validation import (
    RiskAppetite,
    Validation,
    decide,
    guessing,
    prepare,
    transfer,
    two_sample,
    validate,
)
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.finding_effects import effect_of
from synthema_lab.validation.registry import MEASURES

AML = load_cohort("aml").dictionary
SITES, DRAWS = 4, 100


@pytest.fixture(autouse=True, scope="module")
def fewer_trees():
    """For speed, in the study and in the pooled suite alike."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (two_sample, guessing, transfer):
            patch.setitem(module.TREES, "max_iter", 20)
        yield


@cache
def patients() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Learnt from, held out, and others of the same kind who stand for a perfect synthesis."""
    table = AML.conform(load_cohort("aml").patients)
    table = table.sample(frac=1, random_state=3).reset_index(drop=True)
    names = [*AML.rests_on([AML.risk_group]), *AML.survival.covariates]
    names += [AML.survival.time, AML.survival.event, "mut_DNMT3A", "mut_IDH1"]
    table = table[[name for name in AML.modelled if name in set(names) & set(table.columns)]]
    return table.iloc[:640], table.iloc[640:1100], table.iloc[1100:]


@cache
def layout(private: bool = False) -> Layout:
    return Layout(AML, tuple(patients()[0].columns), private)


def hospitals() -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    train, held, _ = patients()
    return [
        (train.iloc[place::SITES], held.iloc[place::SITES]) for place in range(SITES)
    ]  # fmt: skip


def across(synthetic: pd.DataFrame, private: bool = False) -> Validation:
    """The study, with plain addition."""
    counts = [site_counts(layout(private), synthetic, *both, 0) for both in hospitals()]
    summed = {name: sum(one[name] for one in counts) for name in counts[0]}
    return judged(layout(private), summed, synthetic, 0, DRAWS)


def alone(synthetic: pd.DataFrame, metrics: str = "quick") -> Validation:
    train, held, _ = patients()
    return validate(train, synthetic, AML, held, metrics=metrics, draws=DRAWS, cores=1)


@cache
def of_others() -> tuple[Validation, Validation]:
    return across(patients()[2]), alone(patients()[2], "standard")


@cache
def of_half_a_copy() -> tuple[Validation, Validation]:
    train, _, others = patients()
    half = pd.concat([train.iloc[:220], others.iloc[:220]], ignore_index=True)
    return across(half), alone(half)


TOLERANCES = {
    # From the same cells, hits or counts.
    "missingness_difference": 0.001, "rare_coverage": 0.001, "co_occurrence_error": 0.001,
    "co_occurrence_sign": 0.001, "mutual_exclusivity": 0.001, "rate_contrast_error": 0.001,
    "rules_broken": 0.0, "row_copies": 0.0, "linkability_gain": 0.001,
    # Read on public bins.
    "univariate_distance": 0.02, "km_gap": 0.02, "km_gap_by_group": 0.03, "optimism": 0.01,
    "short_sightedness": 0.01, "contrast_error": 0.03, "risk_group_order": 0.1,
    # Right is what is near by the measure of each hospital.
    "attribute_inference_gain": 0.03,
    # Averaged over hospitals, whose models learn from a quarter of the patients.
    "log_hr_error": 0.1, "hazard_interval_overlap": 0.1, "findings_reproduced": 0.07,
    "c2st_auc": 0.05, "c2st_linear_auc": 0.05, "c_index": 0.03, "outcome_auc": 0.04,
    "brier_score": 0.02, "reverse_c_index": 0.05, "singling_out_gain": 0.05,
    # Calibrated by the held-out patients of each hospital alone.
    "membership_tpr": 0.03, "membership_auc": 0.05, "membership_worst_case": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("name", TOLERANCES)
def test_hospitals_find_what_one_custodian_finds(name):
    ours, theirs = (found[name] for found in of_others())
    assert abs(ours.value - theirs.value) <= TOLERANCES[name] + 1e-9
    assert ours.low <= ours.value <= ours.high


def test_every_measure_of_the_pooled_suite_has_a_number_or_a_reason_of_its_own():
    ours, theirs = of_others()
    for one in MEASURES:
        if not ours[one.name].computed:
            assert one.name in NOT_SUMMED or not theirs[one.name].computed
            assert len(ours[one.name].note) > 20
    assert set(NOT_SUMMED) <= {one.name for one in MEASURES}
    told = {one.name for one in ours if one.computed}
    assert {one.name for one in theirs if one.computed} - set(NOT_SUMMED) <= told


def test_no_number_of_a_study_stands_without_floor_and_ceiling():
    ours, _ = of_others()
    for metric in ours:
        if metric.computed:
            assert np.isfinite(metric.low), metric.name
            assert np.isfinite(metric.floor), metric.name
            assert np.isfinite(metric.ceiling), metric.name


def test_the_verdict_is_that_of_one_custodian():
    ours, theirs = (decide(found) for found in of_others())
    assert ours.verdict == theirs.verdict == "restrict"
    assert any("may tell more on training patients" in one for one in ours.shortfalls)


def test_a_good_cohort_is_released_where_the_custodian_asks_for_no_more_than_patients_can_show():
    appetite = RiskAppetite.load()
    kept = [one for one in appetite.release if "gain" not in one.metric]
    validation = dataclasses.replace(of_others()[0], sites=SITES)
    found = Evaluation(validation, "0" * 64, "0" * 64, None, 1e-5)
    assert found.verdict == "restrict"
    released = found.judged_by(dataclasses.replace(appetite, release=tuple(kept)))
    assert released.verdict == "release"
    assert "All that the custodian asks for was shown." in str(released)


@pytest.mark.parametrize(
    "name",
    [
        "membership_tpr",
        "row_copies",
        "attribute_inference_gain",
        "linkability_gain",
        "singling_out_gain",
    ],
)
def test_half_a_copy_is_found_by_the_same_attacks_as_in_one_place(name):
    ours, theirs = (found[name] for found in of_half_a_copy())
    assert ours.low > 0.15
    assert abs(ours.value - theirs.value) < 0.06


def test_half_a_copy_is_refused_for_more_than_one_reason():
    ours, theirs = (decide(found) for found in of_half_a_copy())
    assert ours.verdict == theirs.verdict == "refuse"
    assert len(ours.reasons) >= 3


def test_a_copy_of_the_held_out_patients_is_refused():
    reasons = decide(across(patients()[1])).reasons
    assert any("records of held-out patients are linked" in reason for reason in reasons)


def test_independent_marginals_are_no_release():
    found = across(floor_table(patients()[0], AML, 440, 5))
    verdict = decide(found)
    assert verdict.verdict == "restrict"
    assert any("little better than by chance" in one for one in verdict.shortfalls)


# What is summed


def read(table: pd.DataFrame, role: str):
    return read_columns(table, AML, layout().columns, role)


def test_hits_of_hospitals_add_up_to_those_in_one_place():
    """Numbers are left out, since each hospital says by its own patients what is near."""
    train, held, others = (read(table, "candidate") for table in patients())
    reference = prepare(*patients()[:2], AML, draws=20)
    sensitive = layout().sensitive
    whole = guesses_of_a_site(others, train, held, sensitive, reference)
    parts = [
        guesses_of_a_site(others, read(one, "train"), read(other, "holdout"), sensitive, reference)
        for one, other in hospitals()
    ]
    coded = [name for name in sensitive if name in train.coded]
    assert len(coded) > 3
    for name in coded:
        assert np.array_equal(sum(part[name] for part in parts), whole[name])
        trials, *hits = np.moveaxis(whole[name], 2, 0)
        assert all((hit <= trials).all() for hit in hits)
    joined = [
        joins_of_a_site(others, read(one, "train"), read(other, "holdout"), reference)
        for one, other in hospitals()
    ]
    assert np.array_equal(sum(joined), joins_of_a_site(others, train, held, reference))


@pytest.mark.parametrize("finding", layout().findings, ids=lambda one: one.name)
def test_an_effect_over_hospitals_is_that_of_all_their_patients(finding):
    counts = {}
    parts = []
    for one, _ in hospitals():
        columns = read(one, "train")
        drawn = np.random.default_rng(1).multinomial(
            columns.rows, np.full(columns.rows, 1 / columns.rows), size=DRAWS
        )
        counts[columns.rows] = drawn.astype(float)
        parts.append(summed_effect(finding, columns, AML, counts[columns.rows]))
    tiny = read(hospitals()[0][0].head(3), "train")
    given = summed_effect(finding, tiny, AML, np.ones((DRAWS, 3)))
    assert finding.kind in (*COUNTED, *SUMMED) or not given.any()
    ours = effect_over(finding, AML, sum(parts), np.random.default_rng(2), 400)
    if not np.isfinite(ours.value):
        assert ours.smallest_group == 0  # no hospital has ten patients in each group
        return
    whole = read(patients()[0], "train")
    drawn = np.random.default_rng(1).multinomial(
        whole.rows, np.full(whole.rows, 1 / whole.rows), 400
    )
    theirs = effect_of(finding, whole, AML, drawn.astype(float))
    if finding.kind in (*COUNTED, *SUMMED):
        assert ours.value == pytest.approx(theirs.value, rel=0.01)
        assert ours.smallest_group == theirs.smallest_group
    assert theirs.low < ours.value < theirs.high
    assert 0.5 < (ours.high - ours.low) / (theirs.high - theirs.low) < 2.0


def test_hospitals_with_other_published_findings_do_not_agree():
    with_fewer = Layout(AML, layout().columns, False)
    with_fewer.findings = tuple(
        dataclasses.replace(one, expected=one.expected * 1.01) for one in with_fewer.findings
    )
    assert agreed(b"cohort", with_fewer) != agreed(b"cohort", layout())
    assert agreed(b"cohort", layout()) == agreed(b"cohort", Layout(AML, layout().columns, False))
    assert agreed(b"other", layout()) != agreed(b"cohort", layout())


def test_a_vector_of_all_variables_is_short_enough_to_be_masked_and_sent():
    there = set(load_cohort("aml").patients.columns)
    names = [name for name in AML.modelled if name in there]
    assert Layout(AML, tuple(names), False).length < 50_000
    assert Layout(AML, tuple(names), True).length < 10_000


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_a_hospital_with_very_few_patients_gives_what_it_can(rows):
    train, held, others = patients()
    counts = site_counts(layout(), others, train.head(rows), held.head(1), 0)
    assert counts["one mut_NPM1"].sum() == rows + 1
    assert counts["copies"].shape == (2, 2)
    assert not counts["rate c2st_auc candidate"].any()
    vector = layout().joined(counts)
    assert len(vector) == layout().length


def test_sums_under_noise_hold_no_attack_and_never_lead_to_a_release():
    found = across(patients()[2], private=True)
    for name in (*RATES, "membership_tpr", "attribute_inference_gain", "linkability_gain"):
        assert not found[name].computed
        assert "no noise was agreed" in found[name].note
    assert found["km_gap"].computed
    assert decide(found).verdict == "restrict"


def test_hospitals_that_hold_out_different_shares_fake_no_leak():
    """Members of one hospital would be told from non-members of another (AUC 0.77)."""
    train, held, others = patients()
    table = pd.concat([train, held], ignore_index=True)
    uneven = [(table[:400], table[400:425]), (table[425:525], table[525:1000])]
    counts = [site_counts(layout(), others, *both, 0) for both in uneven]
    summed = {name: sum(one[name] for one in counts) for name in counts[0]}
    found = judged(layout(), summed, others, 0, DRAWS)
    assert found["membership_auc"].low < 0.5
    assert found["membership_auc"].value < 0.6
    assert found["membership_tpr"].low < 0.02
    assert "2 members to a non-member" in found["membership_auc"].note


def test_a_generator_that_gives_one_number_to_all_breaks_no_sum():
    train, held, others = patients()
    flat = others.assign(wbc_gl=0.7, age_years=61)
    counts = site_counts(layout(), flat, train, held, 0)
    assert max(np.abs(part).max() for part in counts.values()) < MOST
    found = judged(layout(), counts, flat, 0, DRAWS)
    assert found["log_hr_error"].value < 5.0


def test_no_hospital_with_patients_is_said_and_not_a_crash():
    train, held, others = patients()
    counts = site_counts(layout(), others, train.head(0), held, 0)
    with pytest.raises(DataMismatch, match="No hospital had patients"):
        judged(layout(), counts, others, 0, DRAWS)
