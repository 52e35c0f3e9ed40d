"""Every metric stands between its floor and its ceiling, and moves the right way."""

from __future__ import annotations

import json
import math
import time

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort, split_holdout
from synthema_lab.validation import Validation, describe, prepare, validate
from synthema_lab.validation.metric import Metric
from synthema_lab.validation.registry import measures_of

DISTANCES = (
    "univariate_distance",
    "missingness_difference",
    "km_gap",
    "km_gap_by_group",
    "log_hr_error",
)


def test_the_training_table_itself_has_no_distance_and_cannot_be_told_apart(reference, train):
    same = validate(reference, train)
    for name in DISTANCES:
        assert same[name].value == pytest.approx(0, abs=1e-6)
        assert same[name].low == 0
        assert same[name].high > 0
    assert same["c2st_auc"].value == pytest.approx(0.5, abs=1e-9)
    assert same["c_index"].value == pytest.approx(same["c_index"].ceiling)
    assert same["row_copies"].value == 1.0


def test_fresh_patients_of_the_same_kind_reach_the_ceiling(alike):
    for name in (*DISTANCES, "c2st_auc"):
        metric = alike[name]
        assert metric.low <= metric.ceiling <= metric.high
    assert abs(alike["c_index"].value - alike["c_index"].ceiling) < 0.03


def test_shuffled_columns_are_about_the_floor(shuffled):
    for name in ("log_hr_error", "c2st_auc"):
        metric = shuffled[name]
        assert metric.low <= metric.floor <= metric.high
        assert min(metric.floor, metric.value) > metric.ceiling + 0.05
    c2st = shuffled["c2st_auc"]
    assert abs(c2st.floor - c2st.value) < abs(c2st.ceiling - c2st.value) / 2
    assert shuffled["c_index"].value < 0.62 < shuffled["c_index"].ceiling


def test_metrics_grow_with_the_noise_that_is_added(reference, make):
    simulated, _ = make
    like = simulated(500, seed=21)
    noise = np.random.default_rng(0).normal(size=(len(like), 2))
    found = []
    for much in (0.0, 0.9, 2.5):
        moved = like.assign(
            marker=(like["marker"] + much * noise[:, 0]).clip(-10, 10),
            os_days=(like["os_days"] * np.exp(much * noise[:, 1])).clip(1, 4000).round(),
        )
        found.append(validate(reference, moved))
    for name in ("univariate_distance", "c2st_auc", "km_gap", "log_hr_error"):
        values = [result[name].value for result in found]
        assert values == sorted(values)
        assert values[2] > values[0] + 0.05
    ranks = [result["c_index"].value for result in found]
    assert ranks[2] < ranks[0]


def test_near_copies_push_the_classifier_below_one_half_and_that_is_said(reference, train):
    """The twin in another fold teaches the wrong label; a reader must not take it for fidelity."""
    noise = np.random.default_rng(0).normal(size=len(train))
    twins = train.assign(
        marker=(train["marker"] + 0.05 * noise).clip(-10, 10),
        iron=(train["iron"] + noise).clip(0, 200),
    )
    metric = validate(reference, twins)["c2st_auc"]
    assert metric.high < 0.5
    assert "near copies" in metric.note


def test_missingness_that_differs_is_measured(reference, train):
    found = validate(reference, train.assign(iron=train["iron"].fillna(50)))
    share = train["iron"].isna().mean()
    assert found["missingness_difference"].value == pytest.approx(share / 7)
    table = found.curves["missingness"].set_index("variable")
    assert table.loc["iron", "synthetic"] == 0
    assert table.loc["iron", "real"] == pytest.approx(share, abs=2.6 / len(train))


def test_a_small_number_of_gaps_is_hidden(train, holdout, ward):
    few = train.head(150).assign(iron=np.where(np.arange(150) < 4, np.nan, 50.0))
    table = validate(few, few, ward, holdout.head(100), draws=20).curves["missingness"]
    assert math.isnan(table.set_index("variable").loc["iron", "real"])


def test_a_category_that_is_never_drawn_is_a_distance_of_its_share(reference, train):
    found = validate(reference, train.assign(sex="M"))
    row = found.curves["univariate"].set_index("variable").loc["sex"]
    assert row["distance"] == pytest.approx((train["sex"] == "F").mean())
    assert row["ceiling"] < row["distance"]


def test_gaps_are_adjusted_for_but_their_hazard_ratios_are_not_compared(alike, reference):
    ratios = alike.curves["hazard_ratios"]
    assert not ratios["contrast"].str.contains("missing").any()
    assert set(ratios["variable"]) == {"age", "marker", "iron", "sex", "relapsed"}
    plan = reference.once(("covariates", "train"), lambda: None)
    assert [c.variable for c in plan.covariates if c.kind == "missing"] == ["iron", "relapsed"]
    effect = ratios[(ratios["variable"] == "marker") & (ratios["table"] == "real")].iloc[0]
    assert effect["low"] < effect["hazard_ratio"] < effect["high"]


def test_rules_broken_are_counted(reference, train):
    broken = train.copy()
    broken.loc[:9, "os_days"] = 0
    broken.loc[:4, "relapsed"] = 1.0
    broken.loc[5:9, "relapsed"] = 0.0
    found = validate(reference, broken)
    assert found["rules_broken"].value == pytest.approx(0.01)
    assert found["rules_broken"].ceiling == 0
    assert found.curves["rules"].set_index("rule")["count"].to_dict() == {
        "nobody_relapses_on_day_0": 5
    }


def test_values_at_full_precision_are_compared_with_chance(reference, alike, train):
    rounded = validate(reference, train.assign(marker=train["marker"].round(2), iron=50.0))
    by_variable = rounded.curves["verbatim"].set_index("variable")
    assert by_variable.loc["marker", "synthetic"] == 0
    assert by_variable.loc["os_days", "synthetic"] == 1.0
    assert "age" not in by_variable.index
    chance = alike["verbatim_values"]
    assert chance.low - 0.05 <= chance.ceiling <= chance.high + 0.05
    assert alike["row_copies"].value == 0


def test_a_metric_that_cannot_be_computed_says_why_and_stays(train, ward):
    few = train.head(150)
    found = validate(few, few, ward, draws=20)
    assert [metric.name for metric in found] == [measure.name for measure in measures_of("quick")]
    for name in ("membership_tpr", "membership_auc", "c_index"):
        assert not found[name].computed
        assert "held out" in found[name].note
    assert math.isnan(found["km_gap"].ceiling)
    assert found["km_gap"].computed
    assert "not computed" in str(found)


def test_tables_without_survival_are_validated_as_far_as_possible(train, holdout, ward):
    keep = ["age", "marker", "sex"]
    few = train[keep].head(150)
    found = validate(few, few, ward, holdout[keep].head(100), draws=20)
    assert "no survival time" in found["km_gap"].note
    assert "no rule" in found["rules_broken"].note
    assert found["c2st_auc"].computed
    assert "survival" not in found.curves


def test_a_synthetic_table_in_which_nobody_dies_is_judged_not_refused(reference, train):
    found = validate(reference, train.assign(os_event=0))
    assert found["km_gap"].value > 0.4
    assert "fewer than 10 events" in found["log_hr_error"].note


def test_a_risk_group_that_is_absent_counts_as_the_largest_gap(reference, train):
    found = validate(reference, train.assign(age=30))
    assert found["km_gap_by_group"].value > 0.5
    assert "1 group(s) absent" in found["km_gap_by_group"].note


def test_tiny_tables_get_notes_not_crashes(make, ward):
    simulated, _ = make
    found = validate(simulated(12, 1), simulated(8, 2), ward, simulated(9, 3), draws=20)
    assert "fewer than 25 rows" in found["c2st_auc"].note
    assert len(found.metrics) == len(measures_of("quick"))


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(train, holdout, ward, make):
    simulated, _ = make
    synthetic, few, held = simulated(100, seed=21), train.head(120), holdout.head(100)
    runs = [
        validate(few, synthetic, ward, held, draws=20, seed=seed).as_json() for seed in (3, 3, 4)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_order_of_tables_validated_against_one_reference_does_not_matter(
    reference, alike, make
):
    simulated, _ = make
    validate(reference, simulated(123, seed=99))
    assert validate(reference, simulated(500, seed=21)).as_json() == alike.as_json()


def test_the_global_random_state_is_left_alone(reference, train):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    validate(reference, train.head(60))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_floor_and_ceiling_are_computed_once_for_a_reference(train, holdout, ward, make):
    simulated, _ = make
    fresh = prepare(train.head(120), holdout.head(100), ward, draws=20)
    steps: list[tuple[int, int, str]] = []
    validate(fresh, simulated(100, 5), progress=lambda *step: steps.append(step))
    first = steps[-1]
    steps.clear()
    validate(fresh, simulated(100, 6), progress=lambda *step: steps.append(step))
    assert first[0] == first[1] > steps[-1][1] == len(measures_of("quick"))
    assert not any(key[-1] == "candidate" for key in fresh._kept)


def test_the_floor_may_be_given(train, holdout, ward, floor_only):
    fresh = prepare(train.head(150), holdout.head(100), ward, draws=20, floor=floor_only)
    found = validate(fresh, floor_only)
    assert found["log_hr_error"].floor == pytest.approx(found["log_hr_error"].value)


def test_the_json_has_the_keys_that_other_tools_read(alike):
    text = json.dumps(alike.as_json(), allow_nan=False)
    wanted = {"group", "name", "goal", "value", "low", "high", "floor", "ceiling", "unit", "n"}
    for metric in json.loads(text):
        assert wanted <= set(metric)
        assert metric["group"] in {"fidelity", "clinical", "utility", "privacy"}
        if metric["value"] is None:
            assert metric["note"]
        else:
            assert metric["low"] <= metric["value"] <= metric["high"]


def test_the_table_has_one_row_a_metric(alike):
    table = alike.table()
    assert list(table.index) == [metric.name for metric in alike]
    assert {"value", "low", "high", "floor", "ceiling", "note"} <= set(table.columns)
    quick = describe()["set"] == "quick"
    assert set(describe().index[quick]) == set(table.index)


def test_the_printed_form_escapes_and_reads_without_colour(alike):
    odd = Metric("clinical", "x", "<b>", "minimise", (0, 1), 0.5, note="a & <i>")
    page = Validation((odd,), {}, "<d>", 1, 0, 1, 20, 0)._repr_html_()
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;d&gt;" in page
    text = str(alike)
    assert "Floor (F)" in text
    assert "lower is better" in text
    assert "http" not in alike._repr_html_().replace("http://www.w3.org", "")


def test_nothing_that_is_printed_or_kept_holds_a_patient(alike, reference, train):
    shown = str(alike) + repr(reference) + alike._repr_html_() + repr(reference.train)
    assert not any(f"{value:.6f}" in shown for value in train["marker"])
    for name, table in alike.curves.items():
        assert "patient_id" not in table.columns, name
        assert not train["marker"].isin(table.select_dtypes("number").to_numpy().ravel()).any()


def test_curves_of_real_patients_end_where_fewer_than_ten_are_at_risk(alike, train):
    curves = alike.curves["survival"]
    for _, real in curves[curves["table"].isin(["real", "held out"])].groupby(["table", "group"]):
        assert (real["at_risk"] >= 10).all()
        assert (real["at_risk"] % 5 == 0).all()
    assert set(curves["table"]) == {"real", "synthetic", "floor", "held out"}
    assert set(curves["group"]) == {"all", "under 58", "58 and older"}


def test_the_curve_of_few_held_out_patients_ends_early_too(train, holdout, ward):
    few, held = train.head(150), holdout.head(60)
    curves = validate(few, few, ward, held, draws=20).curves["survival"]
    ends = curves[curves["group"] == "all"].groupby("table")["time"].max()
    assert (held["os_days"] >= ends["held out"]).sum() >= 10
    assert (few["os_days"] >= ends["real"]).sum() >= 10
    assert ends["held out"] < ends["synthetic"] == 1200


def test_small_counts_of_real_patients_are_hidden_and_others_rounded(train, holdout, ward):
    rare = train.head(200).assign(sex=np.where(np.arange(200) < 7, "F", "M"))
    found = validate(rare, rare, ward, holdout.head(100), draws=20)
    shares = found.curves["marginals"].set_index(["variable", "bin"])
    assert shares.loc[("sex", "female"), "hidden"]
    assert math.isnan(shares.loc[("sex", "female"), "real"])
    assert shares.loc[("sex", "male"), "real"] == pytest.approx(195 / 200)
    assert shares.loc[("sex", "female"), "synthetic"] == pytest.approx(7 / 200)


def test_leuksurv_is_validated_within_the_time_of_the_demo():
    cohort = load_cohort("leuksurv")
    train, holdout = split_holdout(cohort.patients, cohort.dictionary)
    synthetic = train.sample(1000, replace=True, random_state=0).drop(columns="patient_id")
    rng = np.random.default_rng(0)
    mixed = pd.DataFrame({name: rng.permutation(synthetic[name]) for name in synthetic})
    started = time.process_time()
    found = validate(train, mixed, cohort.dictionary, holdout)
    assert time.process_time() - started < 20
    # With six variables there are no pairs of findings, and nothing is rare.
    absent = {metric.name for metric in found if not metric.computed}
    assert absent == {
        "co_occurrence_error", "co_occurrence_sign", "mutual_exclusivity", "rate_contrast_error",
        "rare_coverage",
    }  # fmt: skip
    assert all(math.isfinite(metric.floor) for metric in found if metric.computed)
    assert all(math.isfinite(metric.ceiling) for metric in found if metric.computed)
    assert found["c_index"].ceiling > 0.6
