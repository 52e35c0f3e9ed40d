"""Attacks on single patients find a copy of the training table and little else."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.validation import RiskAppetite, closest, prepare
from synthema_lab.validation.attribute_inference import attribute_inference_gain
from synthema_lab.validation.bootstrap import newcombe
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.gains import measure_gains
from synthema_lab.validation.knowledge import quasi_identifiers, sensitive_variables
from synthema_lab.validation.linkability import linkability_gain
from synthema_lab.validation.membership import membership_tpr
from synthema_lab.validation.membership_worst import (
    membership_tpr_strict,
    membership_worst_case,
    rarity,
)
from synthema_lab.validation.places import BLOCK, distances, stacked
from synthema_lab.validation.singling_out import exactly_one, singling_out_gain
from synthema_lab.validation.small_groups import small_group_disclosure

GAINS = [attribute_inference_gain, singling_out_gain, linkability_gain]
ATTACKS = [*GAINS, membership_worst_case]
EVERY = [*ATTACKS, small_group_disclosure, membership_tpr_strict]


def judged(attack, synthetic, reference):
    """An estimate of a table that was not seen before."""
    reference.forget("candidate")
    found = attack(
        read_columns(synthetic, reference.dictionary, reference.train.variables), reference
    )
    reference.forget("candidate")
    return found


def p_value(found) -> float:
    return float(re.search(r"p = ([0-9.]+)", found.note)[1])


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_copy_of_the_training_table_is_caught_by_each_attack(attack, reference, train):
    found = judged(attack, train, reference)
    assert found.low > found.chance + 0.1
    assert found.value <= found.high
    assert p_value(found) < 0.01


@pytest.mark.parametrize("attack", ATTACKS)
def test_independent_marginals_and_fresh_patients_are_not_caught(attack, reference, make):
    """Eight p-values, none below 0.005: a false alarm in 4 of 100 seeds."""
    simulated, _ = make
    reference.forget("floor")
    fresh = judged(attack, simulated(500, 21), reference)
    for found in (attack(reference.floor, reference), fresh):
        assert p_value(found) >= 0.005
        assert found.low <= found.chance <= found.high


@pytest.mark.parametrize("attack", GAINS)
def test_a_table_made_from_the_held_out_patients_gains_nothing(attack, reference, holdout):
    found = judged(attack, holdout, reference)
    assert found.value < found.chance
    assert p_value(found) > 0.5


@pytest.mark.parametrize("attack", ATTACKS)
def test_power_and_rows_are_stated(attack, reference, make):
    found = judged(attack, make[0](500, 21), reference)
    assert re.search(r"smallest (gain|rate) this would detect is about 0\.\d+", found.note)
    assert found.n > 0


@pytest.mark.parametrize("attack", [attribute_inference_gain, linkability_gain])
def test_noise_on_a_copy_takes_the_gain_away(attack, reference, train):
    """Noise of 0.003, 0.05 and 1 standard deviations on every number."""
    values = []
    for size in (0.003, 0.05, 1.0):
        rng = np.random.default_rng(3)
        noisy = train.copy()
        noisy["marker"] = (train["marker"] + rng.normal(0, size, 500)).clip(-10, 10)
        noisy["iron"] = (train["iron"] + rng.normal(0, 25 * size, 500)).clip(0, 200)
        noisy["age"] = (train["age"] + rng.normal(0, 14 * size, 500)).clip(18, 98).round()
        noisy["os_days"] = (train["os_days"] + rng.normal(0, 500 * size, 500)).clip(1, 4000).round()
        values.append(judged(attack, noisy, reference).value)
    assert values[0] > 0.6
    assert values[0] > values[1] > values[2]


def test_values_copied_column_by_column_single_patients_out(reference, train, make):
    """No row is repeated, so that nothing is linked, yet a value seen once is the patient's own."""
    _, permuted = make
    shuffled = permuted(train, seed=9)
    found = judged(singling_out_gain, shuffled, reference)
    assert "one value" in found.note
    assert found.low > 0.1
    linked = judged(linkability_gain, shuffled, reference)
    assert linked.high < 0.1


def test_success_at_singling_out_is_that_of_random_subsets():
    """Ten of 100 patients meet a predicate: subsets of 40, counted, against the formula."""
    rng = np.random.default_rng(0)
    met = np.arange(100) < 10
    ones = [met[rng.permutation(100)[:40]].sum() == 1 for _ in range(4000)]
    expected = exactly_one(100, 40)[10]
    assert abs(np.mean(ones) - expected) < 4 * np.sqrt(expected / 4000)
    assert exactly_one(100, 40)[0] == 0


def test_a_held_out_table_of_any_size_gives_the_same_success_at_singling_out(ward, train, make):
    """Were the tables not brought to the same number of rows, a small holdout would look safer."""
    simulated, _ = make
    synthetic = simulated(500, 31)
    rates = []
    for rows in (120, 2000):
        reference = prepare(train, simulated(rows, 32), ward, draws=20)
        table = judged(singling_out_gain, synthetic, reference).curves["singling_out"]
        rates.append(table.set_index("attack").loc["multivariate"])
    for one in rates:
        assert abs(one["gain"]) < 0.1
        assert one["low"] <= 0 <= one["high"]


def test_p_values_of_gains_are_even_where_nothing_leaks():
    """Two hundred draws of three attacks: 2 to 20 below 0.05 (outside once in 500 runs)."""
    rng = np.random.default_rng(5)
    member = np.arange(150) < 90
    values = []
    for _ in range(200):
        success = (rng.random((150, 3)) < [0.1, 0.4, 0.5]).astype(float)
        values.append(measure_gains(success, np.ones((150, 3)), member, rng, 200).p_value)
    assert 2 <= sum(value <= 0.05 for value in values) <= 20
    assert abs(np.mean(values) - 0.5) < 0.08


def test_a_gain_of_the_stated_size_is_detected_most_times():
    """Planted 100 times: 66 to 93 found where 80 are claimed (outside once in 1000 runs)."""
    rng = np.random.default_rng(6)
    member = np.arange(400) < 250
    null = (rng.random((400, 2)) < 0.3).astype(float)
    size = measure_gains(null, np.ones((400, 2)), member, rng, 300).detectable[0]
    found = 0
    for _ in range(100):
        chance = np.column_stack([np.where(member, 0.3 + size, 0.3), np.full(400, 0.3)])
        success = (rng.random((400, 2)) < chance).astype(float)
        found += measure_gains(success, np.ones((400, 2)), member, rng, 200).p_value <= 0.05
    assert 66 <= found <= 93


def test_intervals_of_a_difference_cover():
    """2000 draws of 95% intervals: at least 93.5% hold the truth (three standard deviations)."""
    rng = np.random.default_rng(7)
    one, other = rng.binomial(200, 0.3, 2000) / 200, rng.binomial(80, 0.2, 2000) / 80
    low, high = newcombe(one, 200, other, 80)
    assert np.mean((low <= 0.1) & (high >= 0.1)) > 0.935
    edge = newcombe(np.array([0, 1]), 5, np.array([1, 0]), 5)
    assert all(np.abs(limit).max() <= 1 for limit in edge)


def test_distances_add_up_whatever_the_block(reference, make):
    """Variable by variable and block by block, against a plain loop."""
    synthetic = read_columns(make[0](40, 3), reference.dictionary, reference.train.variables)
    records = reference.holdout.take(np.arange(BLOCK + 3))
    apart = np.concatenate([part for _, part in distances(records, synthetic, synthetic)], axis=1)
    assert apart.shape == (len(synthetic.variables), BLOCK + 3, 40)
    sex = synthetic.variables.index("sex")
    assert (apart[sex] == (records.coded["sex"][:, None] != synthetic.coded["sex"])).all()
    iron = synthetic.variables.index("iron")
    gap = np.isnan(records.numeric["iron"])[:, None] != np.isnan(synthetic.numeric["iron"])
    assert (apart[iron][gap] >= 1).all()
    assert (apart[iron][~gap] <= 1).all()
    itself = next(distances(synthetic, synthetic, synthetic))[1]
    assert (itself[:, np.arange(BLOCK), np.arange(BLOCK)] == 0).all()


def test_a_leak_of_the_rarest_alone_shows_among_the_rarest(reference, train, make):
    simulated, _ = make
    rare = rarity(reference.train, reference.holdout, reference.rng("folds of the rarity"))
    worst = np.argsort(rare[0])[-50:]
    synthetic = pd.concat([simulated(450, 41), train.iloc[worst]], ignore_index=True)
    strict = judged(membership_worst_case, synthetic, reference)
    usual = judged(membership_tpr, synthetic, reference)
    assert strict.low > 0.5 > usual.high
    assert "rarest tenth" in strict.note


def test_rarity_does_not_look_at_the_synthetic_table(reference, train, make):
    """The same patients are rarest whatever table is judged."""
    sizes = {judged(membership_worst_case, table, reference).n for table in (train, make[0](90, 1))}
    assert len(sizes) == 1


def test_members_and_non_members_are_equally_rare(ward, make):
    """Twenty splits of like patients: mean difference within 3 standard errors (1 in 370)."""
    everyone = read_columns(make[0](300, 50), ward, ward.modelled)
    gaps = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        order = rng.permutation(300)
        inside, outside = rarity(everyone.take(order[:180]), everyone.take(order[180:]), rng)
        gaps.append(inside.mean() - outside.mean())
    assert abs(np.mean(gaps)) < 3 * np.std(gaps, ddof=1) / np.sqrt(20)


def test_one_in_a_thousand_needs_a_thousand_non_members(ward, make, train, monkeypatch):
    monkeypatch.setattr("synthema_lab.validation.battery.RESAMPLES", 50)
    monkeypatch.setattr("synthema_lab.validation.battery.SHUFFLES", 50)
    simulated, _ = make
    few = prepare(train, simulated(900, 70), ward, draws=20)
    found = judged(membership_tpr_strict, train, few)
    assert not np.isfinite(found.value)
    assert "900 non-members" in found.note
    enough = prepare(train, simulated(1000, 70), ward, draws=20)
    found = judged(membership_tpr_strict, train, enough)
    assert found.value == 1.0
    assert "does not decide" in found.note
    assert "3000" in found.note


def test_scores_are_made_once_for_all_attacks_on_membership(reference, train, monkeypatch):
    made = []
    from synthema_lab.validation import membership

    original = membership.attack_scores
    monkeypatch.setattr(
        membership, "attack_scores", lambda *given: made.append(1) or original(*given)
    )
    reference.forget("candidate")
    candidate = read_columns(train, reference.dictionary, reference.train.variables)
    membership_tpr(candidate, reference)
    membership_worst_case(candidate, reference)
    reference.forget("candidate")
    assert len(made) == 1


def test_marks_of_the_dictionary_say_who_knows_what(ward):
    assert quasi_identifiers(ward, ward.modelled) == ("age", "sex")
    assert "marker" in sensitive_variables(ward, ward.modelled)
    assert "age" not in sensitive_variables(ward, ward.modelled)
    told = DataDictionary.load("aml")
    assert told.variables["os_days"].identifier == "sensitive"
    leuksurv = DataDictionary.load("leuksurv")
    marked = [n for n in leuksurv.modelled if leuksurv.variables[n].identifier == "quasi"]
    assert marked == ["age_years", "sex", "deprivation"]


def test_a_value_of_few_patients_is_left_out_of_attribute_inference(ward, make):
    """Three members relapsed: nothing is said about relapse."""
    simulated, _ = make
    train, holdout = simulated(200, 81), simulated(150, 82)
    train["relapsed"], holdout["relapsed"] = (np.arange(200) < 3) * 1.0, (np.arange(150) < 3) * 1.0
    reference = prepare(train, holdout, ward, draws=20)
    found = judged(attribute_inference_gain, train, reference)
    assert "relapsed" not in set(found.curves["attribute_inference"]["variable"])
    assert "1 left out with fewer than 10 patients" in found.note


def test_a_rare_value_counts_as_much_as_a_common_one(ward, make):
    """One in fifteen relapsed: the copy tells who, and the gain is not one in fifteen."""
    simulated, _ = make
    train, holdout = simulated(400, 83), simulated(400, 84)
    rng = np.random.default_rng(0)
    train["relapsed"] = (rng.random(400) < 1 / 15).astype(float)
    holdout["relapsed"] = (rng.random(400) < 1 / 15).astype(float)
    reference = prepare(train, holdout, ward, draws=20)
    table = judged(attribute_inference_gain, train, reference).curves["attribute_inference"]
    assert table.set_index("variable").loc["relapsed", "gain"] > 0.35


@pytest.fixture(scope="module")
def marked(ward):
    """The ward's dictionary, with more that others may know."""
    known = {"age", "sex", "iron", "os_days"}
    variables = {
        name: replace(variable, identifier="quasi" if name in known else "other")
        for name, variable in ward.variables.items()
    }
    return replace(ward, variables=variables)


def test_small_groups_are_reproduced_by_a_copy_and_by_chance_otherwise(
    marked, train, holdout, make
):
    """The fresh table's difference holds 0 (missed in 1 of 20 seeds)."""
    reference = prepare(train, holdout, marked, draws=200)
    assert quasi_identifiers(marked, reference.train.variables) == ("age", "iron", "os_days", "sex")
    copy = judged(small_group_disclosure, train, reference)
    assert copy.value == 1.0
    assert copy.low > copy.chance
    fresh = judged(small_group_disclosure, make[0](500, 21), reference)
    low, high = map(float, re.search(r"95% ([-+.\d]+) to ([-+.\d]+)", fresh.note).groups())
    assert low <= 0 <= high
    assert fresh.low <= fresh.chance <= fresh.high


def test_few_small_groups_are_a_reason(reference, train):
    """By its age, its sex and its risk group hardly anybody in the ward is one of few."""
    found = judged(small_group_disclosure, train, reference)
    assert not np.isfinite(found.value)
    assert "age, sex, age_band (risk group)" in found.note


def test_small_groups_are_compared_in_equally_many_rows(marked, train, make):
    """Fresh patients, a small and a large holdout: value and chance stay together."""
    simulated, _ = make
    for rows in (150, 1500):
        reference = prepare(train, simulated(rows, 33), marked, draws=100)
        found = judged(small_group_disclosure, simulated(500, 34), reference)
        assert abs(found.value - found.chance) < 0.12


@pytest.mark.parametrize("attack", EVERY)
def test_tables_at_the_edge_give_a_value_or_a_reason(attack, ward, marked, make, monkeypatch):
    monkeypatch.setattr("synthema_lab.validation.singling_out.PREDICATES", 100)
    simulated, _ = make
    dictionary = marked if attack is small_group_disclosure else ward
    train, holdout = simulated(120, 91), simulated(90, 92)
    gap = simulated(60, 93)
    gap["iron"], gap["relapsed"] = np.nan, np.nan
    same = simulated(60, 94)
    same["sex"], same["marker"], same["os_event"] = "F", 0.5, 1
    numbers, codes = ["age", "marker", "os_days", "os_event"], ["sex", "relapsed"]
    cases = [
        (train, holdout, gap), (train, holdout, same), (train, holdout, simulated(500, 95)),
        (train, holdout, simulated(3, 96)), (train, simulated(8, 97), simulated(60, 96)),
        (train[numbers], holdout[numbers], gap[numbers]),
        (train[codes], holdout[codes], gap[codes]),
        (train[["marker"]], holdout[["marker"]], gap[["marker"]]), (same, holdout, holdout),
    ]  # fmt: skip
    for real, held, synthetic in cases:
        found = judged(attack, synthetic, prepare(real, held, dictionary, draws=20))
        if np.isfinite(found.value):
            assert found.low <= found.value <= found.high
            assert np.isfinite(found.chance)
        assert found.note


@pytest.mark.parametrize("attack", GAINS)
def test_too_few_held_out_patients_are_a_reason(attack, ward, make, train):
    reference = prepare(train, make[0](12, 60), ward, draws=20)
    found = judged(attack, train, reference)
    assert not np.isfinite(found.value)
    assert "fewer than 20" in found.note


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_same_seed_gives_the_same_numbers(attack, ward, make):
    simulated, _ = make
    train, holdout, synthetic = simulated(250, 1), simulated(220, 2), simulated(250, 3)
    found = [judged(attack, synthetic, prepare(train, holdout, ward, draws=20)) for _ in range(2)]
    assert replace(found[0], curves={}) == replace(found[1], curves={})


def test_stacked_tables_hold_both(reference):
    both = stacked(reference.train, reference.holdout)
    assert both.rows == 800
    expected = np.vstack([reference.train.matrix(), reference.holdout.matrix()])
    np.testing.assert_array_equal(both.matrix(), expected)
    np.testing.assert_array_equal(both.take([0, 799]).matrix(), expected[[0, 799]])


def test_rows_of_others_lie_as_near_to_held_out_as_to_training_patients_and_copies_do_not(
    train, holdout, ward, make
):
    full = prepare(train, holdout, ward, metrics="standard", draws=50)
    fresh = read_columns(make[0](500, seed=78), ward, full.train.variables)
    found = closest.closer_to_training(fresh, full)
    assert found.low <= 0.5 <= found.high
    copied = closest.closer_to_training(full.train, full)
    assert copied.low > 0.7
    assert "not evidence" in found.note
    assert "not evidence" in copied.note


def test_no_limit_of_the_proposed_appetite_rests_on_a_distance():
    limits = RiskAppetite.load()
    assert not any(one.metric == "closer_to_training" for one in limits.refuse + limits.release)
