"""Hospitals judge a synthetic cohort without pooling their patients."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

from federation.evaluation_scene import (
    DICTIONARY,
    HOSPITALS,
    OUTPUT,
    VARIABLES,
    given,
    judge,
    opened,
    patients_like_leuksurv,
    pooled,
    sides,
    study_of,
)
from federation.served_scene import PATIENTS, ServedScene
from synthema_lab.errors import DataMismatch
from synthema_lab.federation import MemoryChannel
from synthema_lab.federation.conduct import run_in_memory
from synthema_lab.federation.evaluation import (
    Layout,
    SyntheticAbsent,
    bring,
    canonical,
    digest_of,
    judged,
    read_synthetic,
    site_counts,
)
from synthema_lab.federation.evaluation.counting import row_counts
from synthema_lab.federation.evaluation.hazards import fitted, plan_of, solved, summed
from synthema_lab.federation.evaluation.opened import columns_of, settled
from synthema_lab.federation.procedures import procedure_of
from synthema_lab.federation.procedures.dry_run import dry_run
from synthema_lab.federation.procedures.evaluation import Evaluating
from synthema_lab.federation.procedures.holdout import split_patients
from synthema_lab.federation.study.errors import StudyRefused
from synthema_lab.generators import floor_table
from synthema_lab.secure_aggregation import Identity, Roster, RoundSettings
from synthema_lab.validation import refusals, two_sample, validate
from synthema_lab.validation.columns import read_columns

BINNED = (
    "univariate_distance",
    "missingness_difference",
    "km_gap",
    "km_gap_by_group",
    "pairwise_distance",
    "association_difference",
)
LAYOUT = Layout(DICTIONARY, VARIABLES, private=False)


@pytest.fixture(autouse=True, scope="module")
def fewer_trees():
    """For speed, in the study and in the pooled suite alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(two_sample.TREES, "max_iter", 20)
        yield


@cache
def good():
    return patients_like_leuksurv(600, 99)


@cache
def good_evaluation():
    return judge(good())


@cache
def good_pooled():
    names = list(VARIABLES)
    return validate(pooled(0)[names], good()[names], DICTIONARY, pooled(1)[names], draws=100)


# The holdout of a site


def test_a_patient_stays_on_her_side_whoever_else_comes_and_in_whatever_order():
    table = patients_like_leuksurv(400, 1)
    _, held = split_patients(table, DICTIONARY, b"secret", 0.3)
    more = pd.concat([patients_like_leuksurv(200, 2, prefix="Q"), table[::-1]])
    _, later = split_patients(more, DICTIONARY, b"secret", 0.3)
    assert set(held["patient_id"]) == {name for name in later["patient_id"] if name[0] == "P"}


def test_another_secret_holds_out_other_patients():
    table = patients_like_leuksurv(400, 1)
    held = [set(split_patients(table, DICTIONARY, s, 0.3)[1].index) for s in (b"one", b"two")]
    assert held[0] != held[1]


def test_a_share_of_nothing_holds_out_nobody():
    learnt, held = split_patients(patients_like_leuksurv(50, 1), DICTIONARY, b"secret", 0.0)
    assert len(learnt) == 50
    assert len(held) == 0


def test_without_pseudonyms_equal_rows_are_on_the_same_side():
    table = patients_like_leuksurv(100, 1).drop(columns="patient_id")
    learnt, held = split_patients(pd.concat([table, table]), DICTIONARY, b"secret", 0.3)
    assert not set(learnt.index) & set(held.index)


# The synthetic table


def test_the_canonical_bytes_give_the_table_back():
    content = canonical(good(), DICTIONARY)
    again = read_synthetic(content, digest_of(content), DICTIONARY, LAYOUT.columns)
    assert canonical(again, DICTIONARY) == content
    assert canonical(good()[list(reversed(VARIABLES))], DICTIONARY) == content


def test_a_hospital_refuses_a_table_that_was_not_approved():
    study = study_of(bring(good(), DICTIONARY))
    probe = canonical(pooled(0).head(3), DICTIONARY)
    with pytest.raises(DataMismatch, match="not the one that was approved"):
        Evaluating().task(given(study, "north")).contribution(0, probe)


def test_a_table_that_was_not_brought_cannot_be_sent():
    study = study_of("f" * 64)
    with pytest.raises(SyntheticAbsent):
        _ = Evaluating().assembly(study, DICTIONARY, HOSPITALS, 2).model
    assert "comes with the first round" in dry_run(study, DICTIONARY).problem


@pytest.mark.parametrize(
    "settings", [{}, {"synthetic": "abc"}, {"synthetic": "0" * 64, "draws": 3}, {"model": "x"}]
)
def test_a_study_with_other_settings_is_refused(settings):
    study = study_of("0" * 64, generator={"name": "validate", "settings": settings})
    with pytest.raises(StudyRefused):
        Evaluating().plan(study, DICTIONARY)


def test_a_study_that_hides_more_than_the_figures_do_is_refused():
    with pytest.raises(StudyRefused, match="smallest_cell"):
        Evaluating().plan(study_of("0" * 64, smallest_cell=20), DICTIONARY)


# Sums and what one custodian finds


def test_summed_counts_are_those_of_one_custodian():
    for side in (0, 1):
        by_site = [row_counts(LAYOUT, both[side]) for both in sides().values()]
        for name, part in row_counts(LAYOUT, pooled(side)).items():
            assert np.array_equal(sum(site[name] for site in by_site), part)


def test_measures_of_bins_equal_those_of_one_custodian_on_the_same_bins():
    one = judge_pooled(good())
    for name in BINNED:
        ours, theirs = good_evaluation()[name], one[name]
        assert (ours.value, ours.floor, ours.ceiling, ours.low, ours.high) == (
            theirs.value, theirs.floor, theirs.ceiling, theirs.low, theirs.high
        )  # fmt: skip


def judge_pooled(synthetic):
    """The measures as one custodian of all patients computes them on the bins."""
    counts = site_counts(LAYOUT, synthetic, pooled(0), pooled(1), seed=0)
    return judged(LAYOUT, counts, synthetic, 0, 100)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("univariate_distance", 0.02),
        ("km_gap", 0.01),
        ("km_gap_by_group", 0.02),
        ("log_hr_error", 0.03),
        ("rules_broken", 0.0),
        ("row_copies", 0.0),
        ("c2st_auc", 0.03),
        ("c_index", 0.01),
        ("membership_auc", 0.04),
        ("membership_tpr", 0.02),
    ],
)
def test_the_study_agrees_with_the_pooled_suite(name, tolerance):
    ours, theirs = good_evaluation()[name], good_pooled()[name]
    assert abs(ours.value - theirs.value) <= tolerance
    assert ours.low <= ours.value <= ours.high


@pytest.mark.parametrize("name", ["c2st_auc", "c_index", "log_hr_error"])
def test_intervals_over_hospitals_are_about_as_wide_as_those_of_one_custodian(name):
    ours, theirs = good_evaluation()[name], good_pooled()[name]
    assert 0.5 < (ours.high - ours.low) / (theirs.high - theirs.low) < 2.0


def test_hazard_ratios_of_hospitals_come_to_those_of_one_custodian():
    synthetic, *tables, whole = (
        read_columns(table[list(VARIABLES)], DICTIONARY, LAYOUT.columns)
        for table in (good(), *(both[0] for both in sides().values()), pooled(0))
    )
    plan = plan_of(DICTIONARY, LAYOUT.columns, synthetic)
    total = sum(summed(fitted(plan, table), LAYOUT.covariates) for table in tables)
    ours, theirs = solved(total, LAYOUT.covariates), fitted(plan, whole)
    assert ours.patients == len(pooled(0))
    errors = np.sqrt(np.diag(theirs.covariance))
    assert np.all(np.abs(ours.coefficients - theirs.coefficients) < errors)
    information = sum(np.linalg.inv(fitted(plan, table).covariance) for table in tables)
    assert np.allclose(ours.covariance, np.linalg.inv(information), rtol=1e-2, atol=1e-6)


def test_one_model_is_given_back_from_its_sum():
    table = read_columns(pooled(0)[list(VARIABLES)], DICTIONARY, LAYOUT.columns)
    fit = fitted(plan_of(DICTIONARY, LAYOUT.columns, table), table)
    again = solved(summed(fit, LAYOUT.covariates), LAYOUT.covariates)
    assert np.allclose(again.coefficients, fit.coefficients, atol=1e-3)


def test_patients_written_out_of_counts_count_the_same():
    counts = {name: part[None] for name, part in row_counts(LAYOUT, pooled(0)).items()}
    columns = columns_of(LAYOUT, counts, 0, "train")
    assert columns.rows == len(pooled(0))
    assert int(np.nansum(columns.event)) == int(pooled(0)["os_event"].sum())
    days = pooled(0)["os_days"].to_numpy(float)
    edges = LAYOUT.edges
    up = np.append(edges, 2 * edges[-1])[np.searchsorted(edges, days)]
    assert np.array_equal(np.sort(columns.time), np.sort(up))
    ages = np.histogram(pooled(0)["age_years"].astype(float), DICTIONARY.variables.age_years.bins)
    assert np.array_equal(np.histogram(columns.numeric["age_years"], ages[1])[0], ages[0])


# The verdict


def test_a_good_cohort_is_not_refused():
    """With 240 patients held out, what may be guessed cannot be known well enough to release."""
    found = good_evaluation()
    assert found.verdict == "restrict"
    assert found.reasons == ()
    assert [one for one in found.shortfalls if "may tell more" not in one] == []


def test_a_copy_of_the_training_patients_is_refused():
    found = judge(pooled(0))
    assert found.verdict == "refuse"
    assert found["row_copies"].value == 1.0
    assert found["membership_tpr"].value == 1.0
    assert found["linkability_gain"].value > 0.5
    assert len(found.reasons) >= 3


def test_one_hospitals_patients_copied_are_refused():
    copied = pd.concat([sides()["north"][0], good().head(400)])
    found = judge(copied)
    assert found.verdict == "refuse"
    assert any("equal a training patient" in reason for reason in found.reasons)


def test_independent_marginals_fail_on_joint_fidelity():
    found = judge(floor_table(pooled(0), DICTIONARY, 600, 3))
    assert found.verdict == "restrict"
    assert found["association_difference"].value > 2 * found["association_difference"].ceiling


def test_the_verdict_is_that_of_the_gate_for_one_custodian():
    assert refusals(good_pooled()) == good_evaluation().reasons == ()


def test_rows_that_everybody_could_have_are_no_copies():
    layout = Layout(DICTIONARY, ("sex", "os_event"), private=False)
    counts = site_counts(layout, good(), pooled(0), pooled(1), 0)
    found = judged(layout, counts, good(), 0, 50)
    assert found["row_copies"].value == found["row_copies"].ceiling == 1.0
    assert not any("equal a training patient" in reason for reason in refusals(found))


# Noise


def test_each_site_adds_its_share_of_the_noise_afresh():
    # Over some 1700 cells the sample variance lies within 20% but once in 1e8 runs.
    study = study_of(bring(good(), DICTIONARY), epsilon=3.0)
    assembly = Evaluating().assembly(study, DICTIONARY, HOSPITALS, 2)
    task = Evaluating().task(given(study, "north"))
    one, other = (task.contribution(0, assembly.model).vector for _ in range(2))
    variance = Layout(DICTIONARY, VARIABLES, private=True).variances(3.0, study.budget.delta)[0]
    assert np.var(one - other) / 2 == pytest.approx(variance / 2, rel=0.2)


def test_with_epsilon_a_patient_is_in_one_cell_of_every_table():
    layout = Layout(DICTIONARY, VARIABLES, private=True)
    table = patients_like_leuksurv(200, 4)
    everybody = site_counts(layout, good(), table, table.head(0), 0)
    for row in range(0, 200, 70):
        fewer = site_counts(layout, good(), table.drop(index=row), table.head(0), 0)
        for name, part in everybody.items():
            changed = np.abs(part - fewer[name])
            assert changed.sum() == changed.max() == 1, name


def test_with_epsilon_what_one_patient_moves_further_is_not_asked():
    found = judge(good(), epsilon=3.0)
    assert found.epsilon == pytest.approx(3.0, abs=0.01)
    for name in (
        "c2st_auc",
        "c_index",
        "log_hr_error",
        "row_copies",
        "membership_tpr",
        "membership_auc",
    ):
        assert not found[name].computed
        assert found[name].note
    assert found["univariate_distance"].value < 0.15
    assert found.verdict == "restrict"


def test_the_plan_charges_one_event_a_table():
    study = study_of(bring(good(), DICTIONARY), epsilon=3.0)
    plan = procedure_of(study).plan(study, DICTIONARY)
    assert len(plan.events) == len(Layout(DICTIONARY, VARIABLES, private=True).tables)
    assert all(event.l1 == event.l2_squared == event.repeats == 1 for event in plan.events)


def test_counts_with_noise_become_whole_patients():
    layout = Layout(DICTIONARY, VARIABLES, private=True)
    rng = np.random.default_rng(5)
    noisy = {table.name: rng.integers(-9, 30, table.shape) for table in layout.tables}
    whole = settled(layout, noisy)
    totals = {tuple(part.reshape(2, -1).sum(axis=1)) for name, part in whole.items()
              if name != "survival"}  # fmt: skip
    assert min(part.min() for part in whole.values()) == 0
    assert len(totals) == 1
    assert np.all(whole["survival"].reshape(2, -1).sum(axis=1) <= min(totals))
    assert columns_of(layout, whole, 0, "train").time.shape == (min(totals)[0],)


# The run


def test_over_the_secure_sum_the_verdict_is_the_same():
    study = study_of(bring(good(), DICTIONARY))
    procedure = procedure_of(study)
    (length,) = procedure.plan(study, DICTIONARY).lengths
    assembly = procedure.assembly(study, DICTIONARY, HOSPITALS, 2)
    people = [Identity.new(name) for name in HOSPITALS]
    terms = study.secure_aggregation
    settings = RoundSettings(
        Roster.of(one.member() for one in people), "r1", length, terms.clip, terms.scale,
        assembly.digest, study.digest,
    )  # fmt: skip
    vectors = {
        name: procedure.task(given(study, name)).contribution(0, assembly.model).vector
        for name in HOSPITALS
    }
    assembly.take(MemoryChannel(settings, people).run(vectors))
    later = procedure.assembly(study, DICTIONARY, HOSPITALS, 2)
    later.restore(assembly.save())
    assert later.result().as_json()["metrics"] == good_evaluation().as_json()["metrics"]


def test_hospitals_that_approved_it_judge_a_cohort_as_a_study(tmp_path):
    scene = ServedScene(tmp_path)
    study = scene.exact(
        generator={"name": "validate", "settings": {"synthetic": bring(good(), DICTIONARY)}},
        variables=dict.fromkeys(VARIABLES, "It is judged."),
        outputs=OUTPUT,
        smallest_cell=10,
        secure_aggregation__clip=1e8,
    )
    found = run_in_memory(study, scene.dictionary, scene.sites, tmp_path / "lab")
    assert found.sites == 3
    assert found.study == study.hash
    assert found.validation.real_rows == found.validation.holdout_rows == 3 * PATIENTS
    assert found["c2st_auc"].value > 0.7


def test_hospitals_without_enough_held_out_patients_still_count(monkeypatch):
    study = study_of(bring(good(), DICTIONARY))
    assembly = procedure_of(study).assembly(study, DICTIONARY, HOSPITALS, 2)
    vectors = []
    for name in HOSPITALS:
        learnt, held = sides()[name]
        monkeypatch.setitem(sides(), name, (learnt, held.head(0)))
        task = procedure_of(study).task(given(study, name))
        vectors.append(task.contribution(0, assembly.model).vector)
    assembly.take(opened(vectors))
    found = assembly.result()
    assert found["univariate_distance"].computed
    assert not found["membership_tpr"].computed
    assert np.isnan(found["pairwise_distance"].ceiling)
    assert found.verdict == "restrict"
    assert len([one for one in found.shortfalls if "was not computed" in one]) >= 4


def test_noise_alone_does_not_pass_for_patients_held_out():
    layout = Layout(DICTIONARY, VARIABLES, private=True)
    counts = site_counts(layout, good(), pooled(0), pooled(1).head(0), 0)
    rng = np.random.default_rng(3)
    noisy = {name: part + rng.integers(-3, 4, part.shape) for name, part in counts.items()}
    found = judged(layout, noisy, good(), 0, 50)
    assert found.holdout_rows == 0
    assert np.isnan(found["km_gap"].ceiling)
    assert found["km_gap"].computed


def test_the_result_is_written_and_shown(tmp_path):
    found = good_evaluation()
    found.save(tmp_path / "judged")
    verdict, metrics = (
        json.loads((tmp_path / "judged" / f"{name}.json").read_text())
        for name in ("verdict", "metrics")
    )
    assert verdict["verdict"] == "restrict"
    assert verdict["synthetic"] == digest_of(canonical(good(), DICTIONARY))
    asked = {"group", "name", "goal", "value", "low", "high", "floor", "ceiling", "unit", "n"}
    assert all(asked <= set(metric) for metric in metrics)
    assert (tmp_path / "judged" / "survival.csv").exists()
    assert "Verdict of 3 hospitals: restrict." in str(found)
    assert "<table" in found._repr_html_()
    marginals = pd.read_csv(tmp_path / "judged" / "marginals.csv")
    assert marginals.loc[marginals["hidden"], "real"].isna().all()
