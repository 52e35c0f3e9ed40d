"""What needs refits of a generator finds leaks and false effects, and nothing where none is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused, DataMismatch, GateFailed
from synthema_lab.validation import Metric, false_findings, shadow_attack
from synthema_lab.validation.bootstrap import clopper_pearson
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.false_findings import outcome_of, score_tests
from synthema_lab.validation.places import distances
from synthema_lab.validation.shadow_models import judged
from synthema_lab.validation.shadow_worlds import Game, Witness

NUMBERS = ("age", "marker", "iron", "os_days")


def copy(table, seed):
    return table


def noisy(share):
    """A generator that returns its patients with noise, in shares of a standard deviation."""

    def fit(table, seed):
        rng = np.random.default_rng(seed)
        limits = {"age": (18, 98), "marker": (-10, 10), "iron": (0, 200), "os_days": (0, 4000)}
        moved = {
            name: (table[name] + rng.normal(0, share * table[name].std(), len(table)))
            .clip(*limits[name])
            .round(0 if name in ("age", "os_days") else 6)
            for name in NUMBERS
        }
        return table.assign(**moved)

    return fit


def redrawn(table, seed):
    """Rows of its patients, drawn with replacement."""
    return table.sample(len(table), replace=True, random_state=seed).reset_index(drop=True)


@pytest.fixture(scope="module")
def unaware(make):
    """A generator that never looks at its patients: independent marginals of the population."""
    simulated, permuted = make
    return lambda table, seed: permuted(simulated(len(table), seed), seed)


@pytest.fixture(scope="module")
def attacked(train, ward, unaware):
    """The same attack on generators that leak less and less."""
    fits = {"copy": copy, "little": noisy(0.1), "much": noisy(0.5), "unaware": unaware}
    return {name: shadow_attack(fit, train, ward, shadows=60) for name, fit in fits.items()}


def test_a_generator_that_returns_its_patients_is_found_out(attacked):
    found = attacked["copy"]
    assert found.auc > 0.99
    assert found.tpr > 0.95
    assert found.low > 0.9
    assert found.p < 0.01
    assert (found.table["p"] < 0.01).all()


def test_a_generator_that_adds_a_little_noise_is_found_out(attacked):
    assert attacked["little"].auc > 0.9
    assert attacked["little"].p < 0.01


def test_more_noise_leaks_less(attacked):
    assert attacked["little"].auc > attacked["much"].auc > attacked["unaware"].auc


def test_a_generator_that_never_looked_is_not_suspected(attacked):
    found = attacked["unaware"]
    assert found.low < 0.5 < found.high
    assert found.p > 0.05
    assert (found.table["p"] > 0.05).all()


def test_the_flagship_at_epsilon_3_hides_its_most_exposed_patients(train, ward):
    """A false alarm in 100 is allowed; noise from a seed for this test only."""
    from synthema_lab import generators, randomness

    def fit(table, seed):
        model = generators.get("marginal").fit([table], ward, epsilon=3.0, seed=seed)
        return model.sample(len(table), seed)

    few = train[["patient_id", "hospital", "age", "sex", "marker"]]
    with randomness.swapped(np.random.default_rng(3).bytes):
        found = shadow_attack(fit, few, ward, shadows=40)
    assert found.p > 0.01
    assert abs(found.auc - 0.5) < 0.15


def test_chance_alarms_as_often_as_it_says_although_the_halves_judge_each_other():
    """At 5% among 60 repetitions 8 or more have a probability below 2 in 100."""
    rng = np.random.default_rng(0)
    worlds = rng.normal(size=(40, 1, 3)) + 0.3 * rng.normal(size=(40, 4, 3))
    labels = (rng.random((40, 4)) < 0.5 for _ in range(60))
    found = [judged(worlds, inside, rng) for inside in labels]
    assert sum(one["p"] < 0.05 for one in found) < 8
    assert sum(one["table"]["p"].min() < 0.05 for one in found) < 8
    assert sum(one["low"] <= 0.5 <= one["high"] for one in found) > 50


def test_the_smallest_leak_said_to_be_seen_is_smaller_with_more_worlds(train, ward, attacked):
    more = shadow_attack(copy, train, ward, shadows=120)
    assert 0.5 < more.smallest < attacked["copy"].smallest < attacked["copy"].smallest_one < 1


def test_the_result_of_an_attack_says_what_a_reader_must_know(attacked):
    found = attacked["unaware"]
    metric = found.metric
    assert (metric.group, metric.name, metric.goal) == ("privacy", "shadow_auc", 0.5)
    assert metric.value == found.auc
    assert np.isnan(metric.floor)
    assert abs(metric.ceiling - 0.5) < 0.02
    assert "80% power" in metric.note
    assert "cannot be resolved" in metric.note
    assert "60 fits" in str(found)


def test_targets_are_numbered_in_a_random_order_and_carry_no_value(train, ward, attacked):
    table = attacked["much"].table
    assert list(table.columns) == ["target", "auc", "low", "high", "p"]
    assert table["target"].tolist() == [1, 2, 3, 4, 5]
    chosen = [3, 1, 4, 15, 9]
    orders = {tuple(attack_order(train, ward, chosen, seed)) for seed in range(6)}
    assert len(orders) > 1


def attack_order(train, ward, chosen, seed):
    """In which order an attack of that seed looks at its targets."""
    seen = []

    class Seen(Exception):
        pass

    def caught(self, number, witness):
        seen.extend(self.targets.tolist())
        raise Seen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Game, "play", caught)
        with pytest.raises(Seen):
            shadow_attack(copy, train, ward, targets=chosen, shadows=20, seed=seed)
    assert sorted(seen) == sorted(chosen)
    return seen


def test_the_patients_attacked_are_those_who_lie_farthest_from_the_others(train, ward):
    seen = []

    def play(self, number, witness):
        seen.append(self.targets)
        return np.arange(len(self.targets)) % 2 == number % 2, np.zeros((len(self.targets), 2))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Game, "play", play)
        shadow_attack(copy, train, ward, shadows=20)
    columns = read_columns(train, ward, tuple(n for n in ward.modelled if n in train))
    apart = np.concatenate([part.sum(axis=0) for _, part in distances(columns, columns, columns)])
    near = np.sort(apart, axis=1)[:, 1:6].mean(axis=1)
    assert len(seen[0]) == 5
    assert set(seen[0]) <= set(np.argsort(-near)[:25])


def test_every_world_has_as_many_rows_and_follows_from_its_number_alone(train, ward):
    tables = {}

    def fit(table, seed):
        tables.setdefault(seed, []).append(table)
        return table

    columns = read_columns(train, ward, tuple(n for n in ward.modelled if n in train))
    game = Game(fit, train, ward, columns, np.array([3, 8, 20]), seed=4)
    witness = game.witness()
    first = [game.play(number, witness) for number in (1, 2, 3, 4, 5, 6)]
    again = [game.play(number, game.witness()) for number in (6, 1)]
    assert {len(table) for made in tables.values() for table in made} == {250}
    assert len({inside.sum() for inside, _ in first}) > 1
    for one, other in zip((first[5], first[0]), again, strict=True):
        assert (one[0] == other[0]).all()
        assert (one[1] == other[1]).all()
    names = train["patient_id"].iloc[[3, 8, 20]]
    for (inside, _), made in zip(first, tables.values(), strict=True):
        assert (names.isin(made[0]["patient_id"]).to_numpy() == inside).all()


def test_a_witness_sees_that_a_row_came_near_and_that_rows_agree(train, ward):
    columns = read_columns(train, ward, tuple(n for n in ward.modelled if n in train))
    others = columns.take(np.arange(1, 500))
    witness = Witness(columns.take([0]), others, np.random.default_rng(0))
    without, within = (witness.features(table)[0] for table in (others, columns))
    nearest, densities, agreeing, sets = slice(0, 6), slice(6, 9), slice(9, 12), slice(13, 19)
    assert within[0] == pytest.approx(np.log(1e-3))
    assert (within[nearest] <= without[nearest]).all()
    assert (within[densities] > without[densities]).all()
    assert within[agreeing][0] == len(columns.variables)
    assert (within[sets] > without[sets]).all()


def test_a_generator_may_refuse_some_tables_and_not_nearly_all(train, ward):
    def refuse(every):
        calls = iter(range(10_000))

        def fit(table, seed):
            if next(calls) % every:
                raise GateFailed("Too few.", "More.", "Wait.")
            return table

        return fit

    some = shadow_attack(refuse(2), train, ward, shadows=50)
    assert (some.worlds, some.refused) == (25, 25)
    assert "refused 25 more" in some.note
    assert "refused 25 more" not in shadow_attack(copy, train, ward, shadows=50).note
    none = shadow_attack(refuse(5), train, ward, shadows=50)
    assert not none.metric.computed
    assert "refused 40 of 50" in none.metric.note
    assert not false_findings(refuse(100), train, ward).metric.computed
    few = false_findings(refuse(2), train, ward, repeats=12)
    assert (few.repeats, few.refused) == (6, 6)


def test_a_setting_that_no_fit_can_use_is_not_taken_for_a_refused_table(train, ward):
    def misused(table, seed):
        raise ArgumentRefused("Epsilon is 0.", "A number above 0.", "Use epsilon=3.0.")

    for search in (shadow_attack, false_findings):
        with pytest.raises(ArgumentRefused, match="Epsilon is 0"):
            search(misused, train, ward)


def test_tables_smaller_or_larger_than_asked_for_are_read(train, ward):
    for rows in (3, 900):
        found = shadow_attack(
            lambda table, seed, rows=rows: table.sample(rows, replace=True, random_state=seed),
            train, ward, shadows=20,
        )  # fmt: skip
        assert found.metric.computed
    larger = false_findings(
        lambda table, seed: pd.concat([table] * 3, ignore_index=True), train, ward, repeats=5
    )
    assert larger.rows == len(train)
    assert false_findings(lambda table, seed: table[:300], train, ward, repeats=5).rows == 300


def test_too_few_patients_give_no_number_but_a_reason(train, ward):
    found = shadow_attack(copy, train[:30], ward, shadows=20)
    assert not found.metric.computed
    assert "needs 40 patients" in str(found)


@pytest.mark.parametrize(
    "setting",
    [{"targets": 0}, {"targets": [1, 1]}, {"targets": [500]}, {"shadows": 5}, {"seed": -1}],
)
def test_settings_of_an_attack_that_cannot_be_used_are_refused(train, ward, setting):
    with pytest.raises(ArgumentRefused):
        shadow_attack(copy, train, ward, **setting)


@pytest.mark.parametrize(
    "setting", [{"repeats": 2}, {"alpha": 0.0}, {"outcome": ["weight"]}, {"seed": -1}]
)
def test_settings_of_a_search_that_cannot_be_used_are_refused(train, ward, setting):
    with pytest.raises(ArgumentRefused):
        false_findings(copy, train, ward, **setting)


def test_what_is_no_generator_is_refused_and_so_is_another_table(train, ward):
    for search in (shadow_attack, false_findings):
        with pytest.raises(ArgumentRefused):
            search("marginal", train, ward)
        with pytest.raises(DataMismatch):
            search(lambda table, seed: table.drop(columns="marker"), train, ward)


def test_progress_counts_every_fit(train, ward):
    for search, asked in ((shadow_attack, {"shadows": 20}), (false_findings, {"repeats": 5})):
        seen = []
        search(copy, train, ward, progress=lambda *step, seen=seen: seen.append(step), **asked)
        (steps,) = asked.values()
        assert [done for done, _, _ in seen] == list(range(steps + 1))
        assert {total for _, total, _ in seen} == {steps}


def test_permuted_patients_find_as_much_as_the_level_says(train, ward):
    found = false_findings(copy, train, ward, repeats=30)
    assert found.low < 0.05 < found.high
    assert 0.03 < found.real < 0.07
    assert found.metric.ceiling == found.real
    assert found.metric.goal == 0.05
    assert np.isnan(found.metric.floor)
    assert found.tests == 30 * len(found.table)


def test_another_level_finds_as_much_as_that_says(train, ward):
    found = false_findings(copy, train, ward, repeats=30, alpha=0.2)
    assert found.low < 0.2 < found.high
    assert 0.16 < found.real < 0.24


def test_rows_drawn_again_find_three_times_as_much_as_the_level_says(train, ward):
    found = false_findings(redrawn, train, ward, repeats=60)
    assert found.redrawn == pytest.approx(0.1658, abs=0.0005)
    assert found.low > 0.08
    assert found.low < found.redrawn < found.high


def test_a_generator_that_ties_a_covariate_to_the_outcome_is_seen_there_alone(train, ward):
    def tying(table, seed):
        order = table["os_days"].rank(method="first").astype(int).to_numpy() - 1
        return table.assign(marker=np.sort(table["marker"].to_numpy())[order])

    table = false_findings(tying, train, ward).table.set_index("variable")
    assert table.loc["marker", "share"] == 1
    assert table.loc["marker", "low"] > 0.8
    assert table.drop("marker")["share"].max() < 0.4


def test_the_interval_is_wider_where_all_tests_of_a_fit_agree(train, ward):
    """Half of the fits tie everything to the outcome, and the others nothing."""

    def all_or_nothing(table, seed):
        if seed % 2:
            return table
        tied = ("age", "marker", "iron", "sex", "relapsed")
        ordered = {name: table[name].sort_values().array for name in tied}
        return table.sort_values("os_days", ignore_index=True).assign(**ordered)

    found = false_findings(all_or_nothing, train, ward)
    naive = clopper_pearson(round(found.share * found.tests), found.tests)
    assert found.high - found.low > 1.5 * (naive[1] - naive[0])


def test_score_tests_agree_with_lifelines(train):
    from lifelines import CoxPHFitter
    from lifelines.statistics import logrank_test

    time, event = train["os_days"].to_numpy(float), train["os_event"].to_numpy(float)
    group = (train["sex"] == "F").to_numpy(float)
    relapsed = train["relapsed"].to_numpy(float)
    found = score_tests(np.column_stack([group, relapsed, train["age"]]), time, event)
    for column, values in ((0, group), (1, relapsed)):
        one, other = values == 1, values == 0
        p = logrank_test(time[one], time[other], event[one], event[other]).p_value
        assert found[column] == pytest.approx(p, rel=1e-6)
    fitted = CoxPHFitter().fit(train[["age", "os_days", "os_event"]], "os_days", "os_event")
    assert np.log(found[2]) == pytest.approx(np.log(fitted.summary.loc["age", "p"]), rel=0.1)


def test_a_test_that_cannot_be_made_gives_no_number():
    time, event = np.arange(6.0), np.ones(6)
    design = np.column_stack([np.ones(6), np.full(6, np.nan), np.arange(6.0)])
    assert np.isnan(score_tests(design, time, event)).tolist() == [True, True, False]
    assert np.isnan(score_tests(design, time, np.zeros(6))).all()
    assert np.isnan(score_tests(design, np.full(6, np.nan), event)).all()


def test_what_a_rule_ties_to_the_outcome_is_permuted_with_it(ward):
    every = tuple(ward.modelled)
    assert outcome_of(ward, every) == ("os_days", "os_event")
    named = replace(ward, survival=replace(ward.survival, covariates=("age", "marker")))
    assert outcome_of(named, every) == ("relapsed", "os_days", "os_event")
    assert outcome_of(named, every, ["iron"]) == ("iron", "os_days", "os_event")
    known = replace(ward, survival=replace(ward.survival, covariates=("age", "relapsed")))
    assert outcome_of(known, every) == ("os_days", "os_event")


def test_the_outcome_moves_together_and_the_covariates_stay(train, ward):
    seen = []

    def fit(table, seed):
        seen.append(table)
        return table

    found = false_findings(fit, train, ward, repeats=5, outcome=["relapsed"])
    assert "relapsed" not in set(found.table["variable"])
    own = ward.conform(train)
    together = ["relapsed", "os_days", "os_event"]
    for table in seen:
        assert not (table["os_days"] == own["os_days"]).all()
        pd.testing.assert_frame_equal(
            table[together].sort_values(together, ignore_index=True),
            own[together].sort_values(together, ignore_index=True),
        )
        pd.testing.assert_frame_equal(table.drop(columns=together), own.drop(columns=together))


def test_without_an_outcome_or_a_covariate_there_is_a_reason(train, ward):
    without = false_findings(copy, train.drop(columns=["os_days", "os_event"]), ward)
    assert "no survival time" in without.metric.note
    alone = false_findings(copy, train[["os_days", "os_event"]], ward)
    assert "no covariate" in str(alone)
    constant = train.assign(age=50, marker=1.0, iron=np.nan, sex="F", relapsed=np.nan)
    assert not false_findings(copy, constant, ward).metric.computed
    flat = false_findings(
        lambda table, seed: table.assign(
            age=50, marker=1.0, iron=np.nan, sex="F", relapsed=np.nan
        ),
        train, ward, repeats=5,
    )  # fmt: skip
    assert "no covariate varies in a synthetic table" in flat.metric.note


def test_a_covariate_that_a_table_lacks_is_not_tested_and_the_others_are(train, ward):
    found = false_findings(lambda table, seed: table.assign(sex="F"), train, ward, repeats=5)
    by = found.table.set_index("variable")
    assert by.loc["sex", "tests"] == 0
    assert np.isnan(by.loc["sex", "share"])
    assert by.loc["marker", "tests"] == 5


def test_metrics_taken_elsewhere_join_a_validation_at_the_end_of_their_group(alike):
    late = Metric("fidelity", "late", "Late", "minimise", (0, 1), 0.5)
    joined = alike.with_metrics(late)
    groups = [metric.group for metric in joined]
    assert groups == sorted(groups, key=["fidelity", "clinical", "utility", "privacy"].index)
    last = [metric.name for metric in joined if metric.group == "fidelity"][-1]
    assert last == "late"
    assert joined["late"] is late
    assert len(joined.metrics) == len(alike.metrics) + 1
    assert "Late: 0.500" in str(joined)
    assert "Late" in joined._repr_html_()
    assert len(joined.as_json()) == len(joined.table()) == len(joined.metrics)


def test_a_metric_of_a_known_name_takes_its_place(alike):
    old = alike["km_gap"]
    joined = alike.with_metrics(replace(old, value=0.123))
    assert [metric.name for metric in joined] == [metric.name for metric in alike]
    assert joined["km_gap"].value == 0.123
    assert alike["km_gap"] is old
    moved = alike.with_metrics(replace(old, group="privacy"))
    assert [metric.name for metric in moved].count("km_gap") == 1
    assert moved["km_gap"].group == "privacy"


def test_a_metric_of_an_unknown_group_is_refused(alike):
    with pytest.raises(ArgumentRefused, match="no group"):
        alike.with_metrics(Metric("speed", "late", "Late", "minimise", (0, 1), 0.5))
