"""Sums with Skellam noise and trainings with DP-SGD are counted in one budget."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import special, stats

from synthema_lab.errors import ArgumentRefused, BudgetExhausted
from synthema_lab.privacy import (
    ORDERS,
    DpSgdEvent,
    Ledger,
    SkellamEvent,
    accounting,
    calibrate_training,
    epsilon_of,
)
from synthema_lab.privacy.events import UnknownEvent, divergence, from_record, to_record
from synthema_lab.privacy.subsampled import epsilon_by_loss

SUMS = SkellamEvent(60.0, repeats=5)
TRAINED = DpSgdEvent(noise_multiplier=1.5, sample_rate=0.1, steps=100)

# Two lines as they were written before there were trainings in a ledger.
WRITTEN_BEFORE = """\
{"dataset": "registry", "delta": 1e-05, "epsilon": 0.726757, "events": [{"l1": 1, \
"l2_squared": 1, "repeats": 1, "variance": 60.0}, {"l1": 1, "l2_squared": 1, "repeats": 1, \
"variance": 60.0}], "hash": \
"4df32b660c9e2f5c330ec38ad1b5876ecf9af77d2cc08156fc1cc2f064e3eee3", "previous": \
"0000000000000000000000000000000000000000000000000000000000000000", "purpose": "first \
look", "release": "r1", "time": "2026-11-01T08:00:00+00:00"}
{"dataset": "registry", "delta": 1e-05, "epsilon": 1.464222, "events": [{"l1": 2, \
"l2_squared": 2, "repeats": 3, "variance": 50.0}], "hash": \
"8ae95536877002884ac7c7ae63e615aeeb7cf60ad3d7c12d4bf406b4b8282ff5", "previous": \
"4df32b660c9e2f5c330ec38ad1b5876ecf9af77d2cc08156fc1cc2f064e3eee3", "purpose": "first \
look", "release": "r2", "time": "2026-11-02T08:00:00+00:00"}
"""


def exact_divergence(noise_multiplier, sample_rate, order, added):
    """Of one step on one coordinate that a patient moves by the whole clip, by integration."""
    reach = noise_multiplier * 12 + order
    x, width = np.linspace(-reach, reach, 40_001, retstep=True)
    without = stats.norm.logpdf(x, 0, noise_multiplier)
    moved = stats.norm.logpdf(x, 1, noise_multiplier)
    mixture = np.logaddexp(np.log1p(-sample_rate) + without, np.log(sample_rate) + moved)
    above, below = (mixture, without) if added else (without, mixture)
    total = special.logsumexp(order * above + (1 - order) * below) + math.log(width)
    return total / (order - 1)


@pytest.mark.parametrize("noise_multiplier", [0.8, 1.5, 4.0])
@pytest.mark.parametrize("sample_rate", [0.02, 0.3])
@pytest.mark.parametrize("order", [2, 3, 6])
def test_a_step_is_never_counted_below_its_exact_divergence_either_way(
    noise_multiplier, sample_rate, order
):
    counted = divergence(DpSgdEvent(noise_multiplier, sample_rate))[ORDERS.index(order)]
    for added in (True, False):
        exact = exact_divergence(noise_multiplier, sample_rate, order, added)
        assert exact <= counted * (1 + 1e-6)


def test_without_sampling_a_step_costs_what_the_gaussian_mechanism_costs():
    expected = np.array(ORDERS) / (2 * 1.5**2)
    assert np.allclose(divergence(DpSgdEvent(1.5, 1.0)), expected, rtol=1e-12)


def gaussian_delta(epsilon, noise_multiplier):
    """Exact delta of the Gaussian mechanism (Balle and Wang 2018, Theorem 8)."""
    half, shift = 1 / (2 * noise_multiplier), epsilon * noise_multiplier
    return stats.norm.cdf(half - shift) - math.exp(epsilon) * stats.norm.cdf(-half - shift)


@pytest.mark.parametrize(("noise_multiplier", "steps"), [(2.0, 1), (5.0, 9), (20.0, 100)])
def test_epsilon_of_unsampled_steps_is_just_above_the_exact_one(noise_multiplier, steps):
    event = DpSgdEvent(noise_multiplier, 1.0, steps)
    epsilon = epsilon_of([event], 1e-5)
    together = noise_multiplier / math.sqrt(steps)
    assert gaussian_delta(epsilon, together) <= 1e-5 < gaussian_delta(0.97 * epsilon, together)


def test_the_smaller_of_two_proofs_is_taken_for_trainings_alone():
    by_renyi = accounting._epsilon_by_renyi([TRAINED], 1e-5)
    by_loss = epsilon_by_loss([TRAINED], 1e-5)
    assert epsilon_of([TRAINED], 1e-5) == by_loss < by_renyi


def test_divergences_of_both_kinds_are_added_at_the_same_orders():
    from dp_accounting.rdp import compute_epsilon

    added = divergence(SUMS) + divergence(TRAINED)
    expected, _ = compute_epsilon(ORDERS, added, 1e-5)
    assert epsilon_of([SUMS, TRAINED], 1e-5) == pytest.approx(expected, rel=1e-12)


def test_a_mixed_history_costs_more_than_either_and_less_than_both_added():
    sums, trained = epsilon_of([SUMS], 1e-5), epsilon_of([TRAINED], 1e-5)
    together = epsilon_of([SUMS, TRAINED], 1e-5)
    assert max(sums, trained) < together < sums + trained


def test_the_order_of_a_mixed_history_does_not_matter():
    assert epsilon_of([SUMS, TRAINED], 1e-5) == epsilon_of([TRAINED, SUMS], 1e-5)


def test_steps_in_several_trainings_cost_what_they_cost_in_one():
    parts = [DpSgdEvent(1.5, 0.1, 60), DpSgdEvent(1.5, 0.1, 40)]
    assert epsilon_of(parts, 1e-5) == epsilon_of([TRAINED], 1e-5)
    mixed = epsilon_of([SUMS, *parts], 1e-5)
    assert mixed == pytest.approx(epsilon_of([SUMS, TRAINED], 1e-5), rel=1e-12)


def test_one_more_training_always_costs():
    for history in ([SUMS], [TRAINED], [SUMS, TRAINED]):
        more = [*history, DpSgdEvent(3.0, 0.05, 20)]
        assert epsilon_of(more, 1e-5) > epsilon_of(history, 1e-5)


@pytest.mark.parametrize(
    ("epsilon", "sample_rate", "steps"), [(1.0, 0.05, 400), (3.0, 0.1, 100), (8.0, 1.0, 5)]
)
def test_a_calibrated_training_spends_its_budget_and_no_more(epsilon, sample_rate, steps):
    noise_multiplier = calibrate_training(epsilon, 1e-5, sample_rate, steps)
    spent = epsilon_of([DpSgdEvent(noise_multiplier, sample_rate, steps)], 1e-5)
    assert 0.97 * epsilon <= spent <= epsilon


def test_a_budget_that_would_drown_a_training_in_noise_is_refused():
    with pytest.raises(ArgumentRefused, match="times the clip"):
        calibrate_training(1e-3, 1e-5, 1.0, 10_000)


@pytest.mark.parametrize(
    "values",
    [(0.0, 0.1, 1), (-1.0, 0.1, 1), (math.inf, 0.1, 1), (math.nan, 0.1, 1), ("1", 0.1, 1),
     (1.0, 0.0, 1), (1.0, 1.1, 1), (1.0, math.nan, 1), (1.0, 0.1, 0), (1.0, 0.1, 1.5),
     (1.0, 0.1, True)],
)  # fmt: skip
def test_a_training_that_means_nothing_is_no_event(values):
    with pytest.raises(ValueError, match=r"must be"):
        DpSgdEvent(*values)


@pytest.mark.parametrize("event", [SUMS, TRAINED])
def test_an_event_comes_back_from_its_line(event):
    assert from_record(json.loads(json.dumps(to_record(event)))) == event


def test_what_is_no_event_is_neither_counted_nor_written():
    for use in (divergence, to_record):
        with pytest.raises(UnknownEvent):
            use("training")


# The ledger


def test_a_ledger_written_before_there_were_trainings_is_read_and_goes_on(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_text(WRITTEN_BEFORE)
    ledger = Ledger(path)
    assert [charge.release for charge in ledger.history()] == ["r1", "r2"]
    assert ledger.history()[1].events == (SkellamEvent(50.0, 2, 2, 3),)
    ledger.charge("registry", "r3", [TRAINED], "a training")
    assert path.read_text().startswith(WRITTEN_BEFORE), "earlier lines stay as they were"
    assert Ledger(path).history()[2].events == (TRAINED,)


def test_an_earlier_line_names_no_kind_and_keeps_its_hash(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge("registry", "r1", [SUMS], "sums")
    assert "kind" not in ledger.path.read_text()


def test_one_budget_covers_sums_and_trainings(tmp_path):
    both = epsilon_of([SUMS, TRAINED], 1e-5)
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=1.01 * both)
    ledger.charge("registry", "r1", [SUMS], "sums")
    ledger.charge("registry", "r2", [TRAINED], "a training")
    assert ledger.spent("registry") == pytest.approx(both)
    before = ledger.path.read_bytes()
    with pytest.raises(BudgetExhausted) as refused:
        ledger.charge("registry", "r3", [TRAINED], "another")
    assert refused.value.exit_code == 4
    assert ledger.path.read_bytes() == before


def test_one_charge_may_hold_both_kinds(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    charge = ledger.charge("registry", "r1", [SUMS, TRAINED], "bins, then a network")
    assert charge.epsilon == epsilon_of([SUMS, TRAINED], 1e-5)
    assert Ledger(ledger.path).history() == (charge,)


@pytest.mark.parametrize(
    ("found", "written"),
    [('"noise_multiplier": 1.5', '"noise_multiplier": 15.0'), ('"steps": 100', '"steps": 1'),
     ('"sample_rate": 0.1', '"sample_rate": 0.01'), ('"kind": "dp-sgd"', '"kind": "skellam"')],
)  # fmt: skip
def test_a_changed_training_is_noticed(tmp_path, found, written):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge("registry", "r1", [TRAINED], "a training")
    text = ledger.path.read_text()
    assert text.count(found) == 1
    ledger.path.write_text(text.replace(found, written))
    with pytest.raises(BudgetExhausted, match="changed or damaged"):
        ledger.charge("registry", "r2", [SUMS], "sums")


def test_a_kind_of_a_later_version_stops_the_ledger_and_says_so(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge("registry", "r1", [TRAINED], "a training")
    ledger.path.write_text(ledger.path.read_text().replace("dp-sgd", "dp-else"))
    with pytest.raises(BudgetExhausted, match="unknown to this version"):
        ledger.charge("registry", "r2", [SUMS], "sums")
