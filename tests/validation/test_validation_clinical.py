"""Clinical measures are best on equal tables, worse on shuffled ones, and say what they lack."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import yaml

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import prepare
from synthema_lab.validation.co_occurrence import (
    co_occurrence_error,
    co_occurrence_sign,
    mutual_exclusivity,
)
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.finding_effects import effect_of
from synthema_lab.validation.group_contrasts import contrast_error, rate_contrast_error
from synthema_lab.validation.group_order import log_rank, risk_group_order
from synthema_lab.validation.hazard_overlap import hazard_interval_overlap
from synthema_lab.validation.published_findings import (
    findings_reproduced,
    load_findings,
    read_findings,
)
from synthema_lab.validation.restricted_mean import (
    optimism,
    restricted_mean,
    rmst_difference,
    short_sightedness,
)

ERRORS = (rmst_difference, short_sightedness, contrast_error, rate_contrast_error)
GENES = ("alpha", "beta", "gamma", "delta")
FINDINGS = {
    "older_die_sooner": {
        "text": "Patients of 60 years and older die sooner.", "kind": "hazard_ratio",
        "between": ["age >= 60", "age < 60"], "direction": "higher", "expected": 1.5,
        "within": [1.1, 3], "source": "the simulator", "evidence": "computed",
    },
    "marker_goes_with_iron": {
        "text": "Iron is higher where the marker is above 0.", "kind": "mean_difference",
        "of": "iron", "between": ["marker > 0", "marker <= 0"], "direction": "higher",
        "expected": 40, "within": [25, 55], "source": "the simulator", "evidence": "computed",
    },
    "marker_goes_with_relapse": {
        "text": "Relapse is more frequent where the marker is above 0.", "kind": "odds_ratio",
        "of": "relapsed", "between": ["marker > 0", "not marker > 0"], "direction": "higher",
        "expected": 2.3, "within": [1.4, 4], "source": "the simulator", "evidence": "computed",
    },
}  # fmt: skip


def estimated(estimate, table, reference, role="candidate"):
    """A measure on one table, with nothing remembered of the last."""
    reference.forget("candidate")
    columns = read_columns(table, reference.dictionary, reference.train.variables, role)
    return estimate(columns, reference)


def mutated(rows: int, seed: int) -> pd.DataFrame:
    """Alpha and beta go together, alpha and gamma shut each other out, delta is alone."""
    rng = np.random.default_rng(seed)
    alpha = rng.random(rows) < 0.4
    chances = {
        "alpha": alpha,
        "beta": rng.random(rows) < np.where(alpha, 0.7, 0.2),
        "gamma": rng.random(rows) < np.where(alpha, 0.02, 0.5),
        "delta": rng.random(rows) < 0.3,
        "rare": rng.random(rows) < 0.004,
    }
    table = pd.DataFrame(chances).astype(float)
    table[rng.random(table.shape) < 0.05] = np.nan
    return table


@pytest.fixture(scope="module")
def genes():
    variables = {name: {"label": name.title(), "type": "boolean", "missing": True}
                 for name in (*GENES, "rare")}  # fmt: skip
    dictionary = DataDictionary.from_dict(
        {"name": "genes", "title": "Genes", "version": "1", "source": "made for tests",
         "licence": "Apache-2.0", "variables": variables}
    )  # fmt: skip
    return prepare(mutated(600, 1), mutated(300, 2), dictionary, draws=60, seed=0)


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Write a file of findings where a dictionary of the tests looks for it."""

    def write(findings, dictionary="ward"):
        folder = tmp_path / "data_dictionaries"
        folder.mkdir(exist_ok=True)
        text = findings if isinstance(findings, str) else yaml.safe_dump({"findings": findings})
        (folder / f"findings_{dictionary}.yaml").write_text(text)
        monkeypatch.chdir(tmp_path)

    return write


@pytest.fixture
def fresh(train, holdout, ward):
    """A reference that no other test has used."""
    return prepare(train, holdout, ward, draws=40, seed=0)


@pytest.mark.parametrize("measure", ERRORS)
def test_the_training_table_itself_has_no_error(measure, reference, train):
    found = estimated(measure, train, reference)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.low == 0 < found.high
    assert found.n == len(train)


def test_the_training_table_itself_keeps_every_order_and_interval(reference, train):
    assert estimated(optimism, train, reference).value == pytest.approx(0, abs=1e-12)
    for measure in (hazard_interval_overlap, risk_group_order):
        found = estimated(measure, train, reference)
        assert found.value == pytest.approx(1, abs=1e-9)
        assert found.high == 1


def test_shuffled_columns_lose_hazard_ratios(reference, make):
    simulated, permuted = make
    like, shuffled = simulated(500, seed=21), permuted(simulated(500, seed=9), seed=9)
    alike, apart = (estimated(hazard_interval_overlap, t, reference) for t in (like, shuffled))
    assert apart.value < 0.5 < alike.value
    assert alike.low <= alike.value <= alike.high


def test_overlap_falls_with_the_noise_that_is_added_to_survival(reference, make):
    like, noise = make[0](500, seed=21), np.random.default_rng(0).normal(size=500)
    found = [
        estimated(
            hazard_interval_overlap,
            like.assign(os_days=(like["os_days"] * np.exp(m * noise)).clip(1, 4000).round()),
            reference,
        ).value
        for m in (0.0, 1.0, 3.0)
    ]
    assert found == sorted(found, reverse=True)
    assert found[2] < found[0] - 0.3


def test_the_restricted_mean_differs_the_more_the_more_lives_are_shortened(reference, train):
    found = [
        estimated(
            rmst_difference, train.assign(os_days=(train["os_days"] * share).round()), reference
        )
        for share in (0.9, 0.6, 0.3)
    ]
    assert [f.value for f in found] == sorted(f.value for f in found)
    assert found[2].low > 0
    assert "shorter" in found[2].note


def test_the_restricted_mean_is_the_mean_where_everybody_is_followed():
    life = np.random.default_rng(0).exponential(5, 300)
    found = restricted_mean(life, np.ones(300), 8.0)
    assert found == pytest.approx([np.minimum(life, 8).mean()])


def test_the_restricted_mean_agrees_with_lifelines():
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    rng = np.random.default_rng(1)
    time, event = rng.integers(1, 40, 200).astype(float), (rng.random(200) < 0.6).astype(float)
    expected = restricted_mean_survival_time(KaplanMeierFitter().fit(time, event), t=25)
    assert restricted_mean(time, event, 25.0)[0] == pytest.approx(expected)


def test_a_table_in_which_nobody_dies_is_optimistic(reference, train):
    found = estimated(optimism, train.assign(os_event=0), reference)
    longer = estimated(rmst_difference, train.assign(os_event=0), reference)
    assert found.value > 0.2
    assert found.low > 0
    assert longer.value > 200
    assert "longer" in longer.note
    assert longer.note.startswith("in days, up to 1200 days")
    sooner = estimated(optimism, train.assign(os_event=1), reference)
    assert sooner.high < 0


def test_a_table_watched_for_half_as_long_is_short_sighted(reference, train):
    found = [
        estimated(
            short_sightedness, train.assign(os_days=(train["os_days"] * share).round()), reference
        )
        for share in (1.0, 0.75, 0.5)
    ]
    assert [f.value for f in found] == sorted(f.value for f in found)
    assert found[2].value == pytest.approx(0.5, abs=0.05)
    assert found[2].low <= found[2].value <= found[2].high
    longer = estimated(
        short_sightedness,
        train.assign(os_days=(train["os_days"] * 1.2).clip(upper=4000).round()),
        reference,
    )
    assert longer.value == 0
    assert "longer" in longer.note


def test_a_sample_of_another_size_is_not_short_sighted_for_that(reference, make):
    for rows in (150, 2000):
        found = estimated(short_sightedness, make[0](rows, seed=5), reference)
        assert found.low <= 0.05


def test_without_any_survival_time_the_reason_is_given(reference, train):
    nobody = train.assign(os_days=np.nan, os_event=np.nan)
    for measure in (*ERRORS[:2], optimism, hazard_interval_overlap, risk_group_order):
        found = estimated(measure, nobody, reference)
        assert math.isnan(found.value)
        assert found.note


def test_a_hazard_ratio_that_the_table_cannot_estimate_overlaps_with_nothing(reference, train):
    whole = estimated(hazard_interval_overlap, train, reference)
    one_sex = estimated(hazard_interval_overlap, train.assign(sex="M"), reference)
    ratios = len(whole.curves["hazard_overlap"])
    assert "cannot estimate" in one_sex.note
    table = one_sex.curves["hazard_overlap"].set_index("variable")
    assert table.loc["sex", "overlap"] == 0
    assert one_sex.value < whole.value - 0.5 / ratios


def test_observed_and_expected_deaths_agree_with_the_log_rank_test_of_lifelines():
    from lifelines.statistics import multivariate_logrank_test

    rng = np.random.default_rng(2)
    group = rng.integers(0, 3, 300)
    time = rng.exponential(1 + group).round(1) + 0.1
    event = (rng.random(300) < 0.8).astype(float)
    member = np.stack([group == code for code in range(3)])
    observed, expected = log_rank(time, event, member, np.inf, np.ones((1, 300)))
    assert observed.sum() == pytest.approx(expected.sum())
    two = np.stack([group == 0, group > 0])
    ours, due = log_rank(time, event, two, np.inf, np.ones((1, 300)))
    theirs = multivariate_logrank_test(time, (group > 0).astype(int), event).test_statistic
    # The statistic of Peto, sum of (O - E)^2 / E, is never above that of the log-rank test.
    assert 0.7 * theirs < ((ours - due) ** 2 / due).sum() <= theirs


def test_groups_in_the_reverse_order_are_told(reference, train):
    turned = train.assign(age=116 - train["age"])
    found = estimated(risk_group_order, turned, reference)
    assert found.value == -1
    right = estimated(risk_group_order, train, reference).curves["group_order"]
    assert right["real"].tolist() == right["candidate"].tolist()
    assert right["real"].iloc[0] < 1 < right["real"].iloc[1]


def test_a_group_that_is_absent_settles_no_order(reference, train):
    old = train.assign(age=train["age"].clip(lower=58))
    found = estimated(risk_group_order, old, reference)
    assert found.value == 0
    assert "does not tell" in found.note
    none = estimated(contrast_error, old, reference)
    assert math.isnan(none.value)
    assert "no two risk groups" in none.note


def test_groups_that_are_too_small_have_no_order(train, ward):
    young = train[train["age"] < 58].head(9)
    few = pd.concat([young, train[train["age"] >= 58]])
    small = prepare(few, None, ward, draws=20, seed=0)
    found = estimated(risk_group_order, few, small)
    assert math.isnan(found.value)
    assert "10 real patients" in found.note
    assert math.isnan(estimated(contrast_error, few, small).value)


def test_contrasts_lost_by_shuffling_are_seen_and_what_defines_a_group_is_left_out(train, ward):
    young = train["age"] < 58
    tied = train.assign(
        iron=np.where(young, 150.0, 20.0) + np.random.default_rng(0).normal(0, 9, len(train)),
        relapsed=np.where(np.random.default_rng(1).random(len(train)) < 0.9, young, ~young),
    )
    tied["iron"] = tied["iron"].clip(0, 200)
    reference = prepare(tied, None, ward, draws=40, seed=0)
    table = estimated(contrast_error, tied, reference).curves["group_contrasts_numbers"]
    assert set(table["variable"]) == {"marker", "iron"}
    for column, measure, lost in (
        ("iron", contrast_error, 0.5), ("relapsed", rate_contrast_error, 0.3),
    ):  # fmt: skip
        values = tied[column].to_numpy(copy=True)
        found = []
        for share in (0.0, 0.5, 1.0):
            places = np.flatnonzero(np.random.default_rng(2).random(len(tied)) < share)
            moved = values.copy()
            moved[places] = np.random.default_rng(3).permutation(values[places])
            found.append(estimated(measure, tied.assign(**{column: moved}), reference).value)
        assert found == sorted(found)
        assert found[2] > lost


def test_a_contrast_that_the_table_cannot_tell_counts_as_none(reference, train):
    gone = train.assign(iron=train["iron"].where(train["age"] >= 58))
    found = estimated(contrast_error, gone, reference)
    assert "2 contrasts that the table cannot tell count as none" in found.note
    table = found.curves["group_contrasts_numbers"]
    missing = table["variable"] == "iron"
    assert table.loc[missing, "candidate"].isna().all()
    assert found.value == pytest.approx(table.loc[missing, "real"].abs().sum() / 4, abs=0.01)


def test_contrasts_of_fewer_than_ten_carriers_are_not_shown(train, ward):
    few = train.assign(relapsed=(np.arange(len(train)) < 12).astype(float))
    reference = prepare(few, None, ward, draws=20, seed=0)
    found = estimated(rate_contrast_error, few, reference)
    assert found.curves["group_contrasts_findings"]["real"].isna().all()
    assert "not shown" in found.note


def test_pairs_of_findings_are_best_in_the_training_table_and_worse_when_shuffled(genes, make):
    same, like = mutated(600, 1), mutated(600, 7)
    shuffled = make[1](like, seed=3)
    assert estimated(co_occurrence_error, same, genes).value == 0
    errors = [estimated(co_occurrence_error, t, genes) for t in (like, shuffled)]
    assert errors[0].value < 0.6 < errors[1].value
    assert errors[1].low > 0
    for measure in (co_occurrence_sign, mutual_exclusivity):
        assert estimated(measure, same, genes).value == 1
        assert estimated(measure, like, genes).value == 1
    turned = like.assign(alpha=1 - like["alpha"])
    assert estimated(mutual_exclusivity, turned, genes).value < 1
    assert estimated(co_occurrence_sign, turned, genes).value < 0.5


def test_a_rare_finding_is_not_paired_and_a_small_cell_is_not_shown(genes):
    found = estimated(co_occurrence_error, mutated(600, 7), genes)
    table = found.curves["co_occurrence"].set_index(["first_variable", "second_variable"])
    assert "rare" not in {name for pair in table.index for name in pair}
    assert len(table) == 6
    apart = table.loc[("alpha", "gamma")]
    assert apart["real_direction"] == "apart"
    assert apart["hidden"]
    assert math.isnan(apart["real"])
    together = table.loc[("alpha", "beta")]
    assert together["real_direction"] == "together"
    assert together["real"] > 1


def test_a_finding_that_nobody_carries_has_no_association(genes):
    without = mutated(600, 7).assign(gamma=0.0)
    found = estimated(co_occurrence_error, without, genes)
    pairs = found.curves["co_occurrence"]
    of_gamma = (pairs["first_variable"] == "gamma") | (pairs["second_variable"] == "gamma")
    assert (pairs.loc[of_gamma, "candidate"] == 0).all()
    assert estimated(mutual_exclusivity, without, genes).value == 0


def test_a_table_without_pairs_of_findings_says_so(reference, train):
    for measure in (co_occurrence_error, co_occurrence_sign, mutual_exclusivity):
        found = estimated(measure, train, reference)
        assert math.isnan(found.value)
        assert "no pair of findings" in found.note


def test_the_log_odds_ratio_is_that_of_the_corrected_table(genes):
    like = mutated(600, 7)
    pairs = estimated(co_occurrence_error, like, genes).curves["co_occurrence"]
    known = like[["alpha", "beta"]].dropna()
    cells = pd.crosstab(known["alpha"], known["beta"]).to_numpy() + 0.5
    expected = np.log(cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0]))
    pair = pairs[(pairs["first_variable"] == "alpha") & (pairs["second_variable"] == "beta")]
    assert pair["candidate"].item() == pytest.approx(expected, abs=0.006)


def test_findings_hold_in_patients_of_the_same_kind_and_not_when_shuffled(fresh, listed, make):
    listed(FINDINGS)
    simulated, permuted = make
    like = estimated(findings_reproduced, simulated(800, seed=21), fresh)
    assert like.value == 1
    assert "3 hold in the real training patients" in like.note
    shuffled = estimated(findings_reproduced, permuted(simulated(800, seed=9), seed=9), fresh)
    assert shuffled.value == 0
    assert "older_die_sooner" in shuffled.note
    table = shuffled.curves["findings"].set_index("finding")
    assert table["real_holds"].all()
    assert not table["candidate_holds"].any()
    assert (table["candidate_low"] <= table["candidate"]).all()
    assert (table["candidate"] <= table["candidate_high"]).all()


def test_the_right_direction_with_the_wrong_size_does_not_hold(fresh, listed, train):
    listed({"x": FINDINGS["marker_goes_with_iron"] | {"expected": 50, "within": [45, 60]}})
    assert estimated(findings_reproduced, train, fresh).value == 0


def test_a_finding_with_too_few_real_patients_is_not_decidable(fresh, listed, train):
    nobody = FINDINGS["older_die_sooner"] | {"between": ["age > 97.9", "age < 60"]}
    listed({"nobody": nobody})
    found = estimated(findings_reproduced, train, fresh)
    assert math.isnan(found.value)
    assert "no published finding can be decided" in found.note


def test_findings_whose_variables_are_absent_are_named(train, ward, listed):
    listed(FINDINGS)
    without = train.drop(columns="iron")
    reference = prepare(without, None, ward, draws=20, seed=0)
    found = estimated(findings_reproduced, without, reference)
    assert "not decidable: marker_goes_with_iron" in found.note
    assert "of 2 findings" in found.note


def test_an_empty_group_in_the_table_does_not_reproduce_a_finding(fresh, listed, train):
    listed({"older_die_sooner": FINDINGS["older_die_sooner"]})
    found = estimated(findings_reproduced, train.assign(age=40), fresh)
    assert found.value == 0
    assert math.isnan(found.curves["findings"]["candidate"].item())


def test_a_count_of_fewer_than_ten_real_patients_is_not_shown(listed, train, ward):
    few = train.assign(relapsed=(np.arange(len(train)) < 6).astype(float))
    rare = {"kind": "share", "of": "relapsed", "between": ["age >= 18"], "direction": "near"}
    listed({"rare": FINDINGS["marker_goes_with_relapse"] | rare
            | {"expected": 0.1, "within": [0, 0.2]}})  # fmt: skip
    reference = prepare(few, None, ward, draws=20, seed=0)
    table = estimated(findings_reproduced, few, reference).curves["findings"]
    assert math.isnan(table["real"].item())
    assert table["candidate"].item() == pytest.approx(6 / len(train), rel=0.01)
    assert table["real_holds"].item()


def test_a_missing_value_is_in_neither_group(train, ward):
    columns = read_columns(train, ward, ("iron", "marker"), "train")
    declared = FINDINGS["marker_goes_with_iron"] | {
        "of": "marker", "between": ["iron > 80", "not iron > 80"], "expected": 1, "within": [0, 9],
    }  # fmt: skip
    (finding,) = read_findings({"findings": {"x": declared}}, ward)
    effect = effect_of(finding, columns, ward, np.ones((1, len(train))))
    known = train.dropna(subset="iron")
    high = known["iron"] > 80
    assert effect.value == pytest.approx(
        known.loc[high, "marker"].mean() - known.loc[~high, "marker"].mean()
    )
    assert effect.smallest_group == min(high.sum(), (~high).sum())


@pytest.mark.parametrize(
    ("kind", "groups", "expected"),
    [
        ("median", ["marker > 0"], lambda high, low: high.median()),
        ("median", ["marker > 0", "marker <= 0"], lambda h, low: h.median() / low.median()),
        ("rate_ratio", ["marker > 0", "marker <= 0"], lambda h, low: h.mean() / low.mean()),
    ],
)
def test_medians_and_rates_are_those_of_the_groups(kind, groups, expected, train, ward):
    declared = FINDINGS["marker_goes_with_iron"] | {
        "kind": kind, "between": groups, "direction": "near", "expected": 1, "within": [0, 999],
    }  # fmt: skip
    (finding,) = read_findings({"findings": {"x": declared}}, ward)
    columns = read_columns(train, ward, ("iron", "marker"), "train")
    effect = effect_of(finding, columns, ward, np.ones((1, len(train))))
    high = train["marker"] > 0
    assert effect.value == pytest.approx(
        expected(train.loc[high, "iron"].dropna(), train.loc[~high, "iron"].dropna())
    )


def test_a_dictionary_without_findings_is_absent_with_a_reason(fresh, train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = estimated(findings_reproduced, train, fresh)
    assert math.isnan(found.value)
    assert "no published findings" in found.note


UNSOUND = {
    "unknown key": {"colour": "red"},
    "unknown kind": {"kind": "wish"},
    "unknown variable": {"between": ["height > 2", "age < 60"]},
    "unknown category": {"between": ["sex == 'X'", "age < 60"]},
    "number for a condition": {"between": ["age", "age < 60"]},
    "one group": {"between": ["age >= 60"]},
    "outcome of a hazard": {"of": "relapsed"},
    "limits turned round": {"within": [3, 1.1]},
    "no limits": {"within": None},
    "expected outside": {"expected": 9},
    "against its direction": {"direction": "lower"},
    "no source": {"source": None},
    "code": {"between": ["__import__('os')", "age < 60"]},
}


@pytest.mark.parametrize("fault", UNSOUND)
def test_an_unsound_file_is_refused_and_the_measure_says_why(fault, fresh, listed, train, ward):
    listed({"older": FINDINGS["older_die_sooner"] | UNSOUND[fault]})
    with pytest.raises(ArgumentRefused) as refused:
        load_findings(ward)
    assert "older" in refused.value.happened
    assert refused.value.expected
    assert refused.value.next_step
    found = estimated(findings_reproduced, train, fresh)
    assert math.isnan(found.value)
    assert "cannot be read" in found.note


@pytest.mark.parametrize("text", ["- a\n", "findings: {}\n", "a: 1\na: 2\n", "findings: [1"])
def test_a_file_that_is_no_list_of_findings_is_refused(text, listed, ward):
    listed(text)
    with pytest.raises(ArgumentRefused):
        load_findings(ward)


@pytest.mark.parametrize(("name", "fewest"), [("aml", 10), ("scd", 10), ("leuksurv", 5)])
def test_packaged_findings_are_sound_and_hold_of_their_cohort(name, fewest):
    from synthema_lab.cohorts import load_cohort

    cohort = load_cohort(name)
    dictionary, patients = cohort.dictionary, cohort.patients
    findings = load_findings(dictionary)
    assert len(findings) >= fewest
    there = tuple(v for v in dictionary.modelled if v in patients.columns)
    columns = read_columns(patients, dictionary, there, "train")
    effects = {
        finding.name: effect_of(finding, columns, dictionary, np.ones((1, columns.rows)))
        for finding in findings
    }
    assert [f.name for f in findings if not f.holds(effects[f.name].value)] == []
    assert min(effect.smallest_group for effect in effects.values()) >= 10
