"""The noise proves what the ledger says it proves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from synthema_lab.errors import ArgumentRefused
from synthema_lab.privacy import ORDERS, SkellamEvent, calibrate, epsilon_of, renyi_bound


def exact_divergence(variance: float, order: int) -> float:
    """Renyi divergence between Skellam noise and the same noise moved by one patient."""
    reach = int(14 * math.sqrt(variance) + 40 + 2 * order)
    cells = np.arange(-reach, reach + 1)
    here = stats.skellam.logpmf(cells, variance / 2, variance / 2)
    moved = stats.skellam.logpmf(cells - 1, variance / 2, variance / 2)
    known = np.isfinite(here) & np.isfinite(moved)
    terms = order * here[known] + (1 - order) * moved[known]
    return special.logsumexp(terms) / (order - 1)


@pytest.mark.parametrize("variance", [0.1, 0.5, 2.0, 5.0, 20.0, 100.0, 900.0])
@pytest.mark.parametrize("order", [2, 3, 4, 8, 16, 32])
def test_the_proven_bound_is_never_below_the_exact_divergence(variance, order):
    bound = renyi_bound(SkellamEvent(variance), (order,))[0]
    exact = exact_divergence(variance, order)
    assert exact <= bound * (1 + 1e-9)


@pytest.mark.parametrize("variance", [100.0, 900.0])
def test_the_bound_is_within_five_percent_of_exact_where_noise_is_ample(variance):
    bound = renyi_bound(SkellamEvent(variance), (4,))[0]
    assert bound <= 1.05 * exact_divergence(variance, 4)


def test_epsilon_is_never_below_what_the_exact_distributions_need():
    """Delta of one opened cell, computed from its two distributions, stays below the stated."""
    variance, delta = 40.0, 1e-5
    epsilon = epsilon_of([SkellamEvent(variance)], delta)
    cells = np.arange(-400, 401)
    here = stats.skellam.pmf(cells, variance / 2, variance / 2)
    moved = stats.skellam.pmf(cells - 1, variance / 2, variance / 2)
    exact_delta = np.maximum(here - math.exp(epsilon) * moved, 0).sum()
    assert exact_delta <= delta


@settings(max_examples=40, deadline=None)
@given(
    weights=st.lists(st.floats(0.05, 5.0), min_size=1, max_size=12),
    epsilon=st.floats(0.2, 12.0),
)
def test_a_calibrated_plan_spends_its_budget_and_no_more(weights, epsilon):
    variances = calibrate(weights, epsilon, 1e-5)
    spent = epsilon_of([SkellamEvent(v) for v in variances], 1e-5)
    assert 0.999 * epsilon <= spent <= epsilon


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(5.0, 5000.0), min_size=1, max_size=8), st.floats(5.0, 5000.0))
def test_opening_one_more_sum_always_costs(variances, another):
    events = [SkellamEvent(v) for v in variances]
    assert epsilon_of([*events, SkellamEvent(another)], 1e-5) > epsilon_of(events, 1e-5)


def test_repeats_cost_the_same_as_events_written_out():
    once = epsilon_of([SkellamEvent(50.0, repeats=3)], 1e-5)
    assert once == epsilon_of([SkellamEvent(50.0)] * 3, 1e-5)


def test_all_orders_are_whole_numbers_from_two_because_the_proof_needs_them():
    assert all(isinstance(order, int) and order >= 2 for order in ORDERS)


@pytest.mark.parametrize("epsilon", [0, 0.0, -1, math.nan, math.inf, "3", True])
def test_a_meaningless_epsilon_is_refused(epsilon):
    with pytest.raises(ArgumentRefused) as refused:
        calibrate([1.0], epsilon, 1e-5)
    assert refused.value.exit_code == 2
    assert "Next:" in str(refused.value)


@pytest.mark.parametrize("delta", [0, 1, 0.999, 0.01, -1e-5, math.nan, True])
def test_a_meaningless_delta_is_refused(delta):
    with pytest.raises(ArgumentRefused):
        calibrate([1.0], 3.0, delta)


def test_a_budget_that_asks_for_noise_above_any_cohort_is_refused():
    with pytest.raises(ArgumentRefused, match="standard deviation"):
        calibrate([1.0] * 16, 1e-3, 1e-5)


def test_a_numpy_number_is_a_number():
    assert calibrate([1.0], np.float64(3.0), 1e-5) == calibrate([1.0], 3.0, 1e-5)


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan, math.inf])
def test_an_event_without_noise_is_no_event(variance):
    with pytest.raises(ValueError, match="variance"):
        SkellamEvent(variance)
