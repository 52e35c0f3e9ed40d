"""Attacks find copies, and stay at chance where nothing leaks."""

from __future__ import annotations

import numpy as np
import pytest

from synthema_lab.validation import validate
from synthema_lab.validation.attacks import FOLDS, attack_scores
from synthema_lab.validation.battery import measure_battery
from synthema_lab.validation.columns import read_columns


@pytest.fixture(scope="module")
def copied(reference, train):
    return validate(reference, train.sample(500, replace=True, random_state=4))


def test_a_resample_of_the_training_table_is_caught(copied):
    """About 63% of members are in a bootstrap sample, and an attack can name those."""
    tpr = copied["membership_tpr"]
    assert 0.5 < tpr.value < 0.75
    assert tpr.low > 5 * tpr.ceiling
    assert copied["membership_auc"].low > 0.7
    assert "p = 0.001" in tpr.note


def test_each_attack_catches_a_copy_that_it_was_made_for(copied):
    attacks = copied.curves["attacks"].set_index("attack")["tpr"]
    assert (attacks[["nearest", "nearest_calibrated", "exact_values"]] > 0.5).all()


def test_values_copied_column_by_column_give_members_away(reference, floor_only):
    """No row is repeated and distances see nothing, yet a rare value is the patient's own."""
    found = validate(reference, floor_only)
    attacks = found.curves["attacks"].set_index("attack")["auc"]
    assert attacks["exact_values"] > 0.75
    assert (attacks.drop("exact_values") < 0.6).all()
    assert found["membership_auc"].low > 0.7
    assert found["row_copies"].value == 0
    assert found["verbatim_values"].value == 1.0
    assert found["verbatim_values"].ceiling < 0.5


def test_fresh_patients_of_the_same_kind_leave_every_attack_at_chance(alike):
    tpr, auc = alike["membership_tpr"], alike["membership_auc"]
    assert tpr.low <= 0.01 <= tpr.high
    assert auc.low <= 0.5 <= auc.high
    assert tpr.low <= tpr.ceiling <= tpr.high


def test_p_values_are_even_where_nothing_leaks(make, ward, monkeypatch):
    """Thirty splits of like patients: at most 5 p-values below 0.05 (once in 300 runs),
    and their mean within 0.5 +- 0.16 (three standard deviations)."""
    monkeypatch.setattr("synthema_lab.validation.battery.RESAMPLES", 20)
    monkeypatch.setattr("synthema_lab.validation.battery.SHUFFLES", 200)
    simulated, _ = make
    everyone = read_columns(simulated(600, seed=50), ward, ward.modelled)
    values = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        order = rng.permutation(600)
        members, outsiders = everyone.take(order[:200]), everyone.take(order[200:400])
        scores = attack_scores(everyone.take(order[400:]), members, outsiders, rng)
        battery = measure_battery(scores, rng)
        values.append(battery.p_value("auc", battery.attacks["auc"].max()))
    assert sum(value < 0.05 for value in values) <= 5
    assert abs(np.mean(values) - 0.5) < 0.16


def test_a_non_member_is_never_in_its_own_reference(make, ward):
    """If it were, its distance to the reference would be 0 and it would look like no member."""
    simulated, _ = make
    everyone = read_columns(simulated(300, seed=51), ward, ward.modelled)
    parts = [everyone.take(np.arange(begin, begin + 100)) for begin in (0, 100, 200)]
    scores = attack_scores(*parts, np.random.default_rng(0))
    inside, outside = scores["nearest_calibrated"]
    assert FOLDS > 1
    assert outside.min() > -5
    assert abs(np.median(inside) - np.median(outside)) < 0.25


def test_power_is_stated(copied):
    note = copied["membership_tpr"].note
    assert "300 non-members" in note
    assert "0.33%" in note
    assert "smallest rate this would detect is about 0.0" in note


def test_a_leak_of_the_stated_size_is_detected_most_times():
    """Plant a leak of the stated size 40 times: at least 26 found (80% claimed, 1 in 100)."""
    rng = np.random.default_rng(8)
    members, outsiders = 500, 300
    null = measure_battery({"a": (rng.random(members), rng.random(outsiders))}, rng)
    planted = null.smallest_detectable()
    limit = np.quantile(null.chance["tpr"], 0.95)
    found = 0
    for _ in range(40):
        scores = rng.random(members)
        scores[rng.random(members) < planted] += 1
        named = scores > np.quantile(rng.random(outsiders), 0.99, method="higher")
        found += named.mean() > limit
    assert found >= 26


def test_few_non_members_are_said_to_be_too_few(train, make, ward):
    simulated, _ = make
    synthetic, train = simulated(100, seed=61), train.head(150)
    found = validate(train, synthetic, ward, simulated(50, seed=60), draws=20)
    assert "1% cannot be resolved" in found["membership_tpr"].note
    fewer = validate(train, synthetic, ward, simulated(12, seed=60), draws=20)
    assert not fewer["membership_tpr"].computed
    assert "fewer than 20" in fewer["membership_tpr"].note


def test_the_roc_is_on_a_public_grid_and_never_falls(copied):
    for _, curve in copied.curves["attack_roc"].groupby("attack"):
        assert curve["true_positive_rate"].is_monotonic_increasing
        assert curve["false_positive_rate"].is_monotonic_increasing
        assert (curve["low"] <= curve["high"]).all()
    assert len(copied.curves["attack_roc"]) == 4 * 62
