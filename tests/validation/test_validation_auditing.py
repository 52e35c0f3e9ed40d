"""An audit lets an honest mechanism pass and catches broken ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dp_accounting import get_epsilon_gaussian

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused
from synthema_lab.generators import get
from synthema_lab.privacy import epsilon_of, skellam_share
from synthema_lab.validation.auditing import audit_epsilon, bound_by_shape, bound_by_threshold
from synthema_lab.validation.canary import Measurement, audit_marginal

DELTA = 1e-5


@pytest.fixture(autouse=True)
def _repeatable():
    """Noise from a seed instead of the operating system, for these tests only."""
    rng = np.random.default_rng(2026)
    with randomness.swapped(rng.bytes):
        yield


def stage_of(patients, dictionary, epsilon):
    conformed = dictionary.conform(patients)
    plan = get("marginal").plan(dictionary, conformed.columns, epsilon, DELTA)
    return plan, plan.encoder.encode(conformed)


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_the_bound_of_the_flagship_stays_below_what_it_states(train, ward, epsilon):
    """Held with more than 95% confidence each; and the audit is not blind."""
    audit = audit_marginal(train, ward, epsilon, DELTA, worlds=500)
    assert audit.stated == pytest.approx(epsilon, rel=0.002)
    assert not audit.refuted
    assert audit.bound_by_shape > 0.25 * epsilon
    assert "not refuted" in str(audit)


def test_noise_three_hundred_times_too_small_is_caught(train, ward):
    plan, codes = stage_of(train, ward, 3.0)
    weak = replace(
        plan,
        variances=tuple(one / 300**2 for one in plan.variances),
        vector_variances=tuple(one / 300**2 for one in plan.vector_variances),
    )
    stated = epsilon_of(plan.events, DELTA)
    audit = audit_epsilon(Measurement(weak, codes), 200, np.random.default_rng(0), stated, DELTA)
    assert audit.refuted
    assert audit.bound > audit.stated
    assert audit.bound == pytest.approx(audit.largest)


@pytest.mark.parametrize(("times", "worlds"), [(2, 600), (10, 100)])
def test_a_budget_that_is_spent_again_is_caught(train, ward, times, worlds):
    """As when a mechanism runs again at each draw of rows."""
    plan, codes = stage_of(train[["marker", "iron", "sex"]], ward, 3.0)
    once = Measurement(plan, codes)
    audit = audit_epsilon(
        lambda present: sum(once(present) for _ in range(times)),
        worlds, np.random.default_rng(0), epsilon_of(plan.events, DELTA), DELTA,
    )  # fmt: skip
    assert audit.refuted
    assert audit.bound_by_shape > 3.0


def test_bins_learnt_from_the_data_are_caught():
    """Counts with honest noise, over a range that ends at the largest patient."""
    patients = np.random.default_rng(1).uniform(0, 100, 200)

    def learnt(present: bool) -> float:
        values = np.append(patients, 400.0) if present else patients
        edges = np.linspace(values.min(), values.max(), 9)
        skellam_share(np.full(8, 500.0), 1) + np.histogram(values, edges)[0]
        return float(edges[-1])

    def public(present: bool) -> float:
        values = np.append(patients, 400.0) if present else patients
        counts = np.histogram(values, np.linspace(0, 400, 9))[0]
        return float((counts + skellam_share(np.full(8, 500.0), 1))[-1])

    caught = audit_epsilon(learnt, 200, np.random.default_rng(0), 1.0, DELTA)
    assert caught.refuted
    assert caught.bound > 1.0
    assert not audit_epsilon(public, 200, np.random.default_rng(0), 1.0, DELTA).refuted


def test_a_score_that_the_canary_lowers_is_seen_too():
    noise = np.random.default_rng(2)
    audit = audit_epsilon(
        lambda present: noise.normal() - 6 * present, 300, np.random.default_rng(0), 1.0, DELTA
    )
    assert audit.bound > 1.0


def test_bounds_exceed_the_truth_no_more_often_than_claimed():
    """150 audits at 97.5% each: at most 10 above the truth (once in 400 runs if exact)."""
    rng = np.random.default_rng(3)
    for separation in (0.3, 1.0, 2.5):
        truth = get_epsilon_gaussian(1 / separation, DELTA)
        by_threshold = by_shape = 0
        for _ in range(150):
            present, absent = rng.normal(separation, 1, 200), rng.normal(0, 1, 200)
            by_threshold += bound_by_threshold(present, absent, rng, DELTA, 0.975) > truth
            by_shape += bound_by_shape(present, absent, DELTA, 0.975) > truth
        assert by_threshold <= 10
        assert by_shape <= 10


def test_more_worlds_bring_the_bound_nearer_to_the_truth():
    rng = np.random.default_rng(4)
    truth = get_epsilon_gaussian(1.0, DELTA)
    bounds = [
        bound_by_shape(rng.normal(1, 1, worlds), rng.normal(0, 1, worlds), DELTA, 0.975)
        for worlds in (100, 1000, 10000)
    ]
    assert bounds[0] < bounds[1] < bounds[2] < truth


def test_a_canary_adds_to_the_sums_what_it_adds_alone(train, ward):
    """Everybody else cancels: the sums are linear in the patients."""
    plan, codes = stage_of(train, ward, 3.0)
    stage = Measurement(plan, codes)

    def opened(rows, before=None):
        with randomness.swapped(np.random.default_rng(0).bytes):
            return plan.vector_of_codes(rows, 1, before)

    joined = np.vstack([codes, stage.canary])
    np.testing.assert_array_equal(opened(joined) - opened(codes), stage.own)
    before = opened(joined)
    alone = opened(stage.canary, before) - opened(stage.canary[:0], before)
    np.testing.assert_array_equal(opened(joined, before) - opened(codes, before), alone)


def test_the_canary_is_as_long_as_a_patient_can_be(train, ward):
    """Within a tenth of the length at which moments are cut: what the budget is paid for."""
    plan, codes = stage_of(train, ward, 3.0)
    stage = Measurement(plan, codes)
    for one in plan.moments(stage.others):
        assert np.sqrt((one.total(stage.canary) ** 2).sum()) > 0.9 * one.steps


def test_the_curve_is_on_a_public_grid_and_never_rises():
    noise = np.random.default_rng(5)
    curve = audit_epsilon(
        lambda present: noise.normal() + present, 200, np.random.default_rng(0), 5.0, DELTA
    ).curve
    assert curve["false_negative_rate"].is_monotonic_decreasing
    assert curve["false_positive_rate"].iloc[-1] == 1.0
    assert curve["false_negative_rate"].iloc[-1] == 0.0


def test_what_cannot_be_audited_is_refused(train, ward):
    with pytest.raises(ArgumentRefused, match="too few worlds"):
        audit_epsilon(float, 99, np.random.default_rng(0), 1.0, DELTA)
    with pytest.raises(ArgumentRefused, match="epsilon"):
        audit_marginal(train, ward, None)
