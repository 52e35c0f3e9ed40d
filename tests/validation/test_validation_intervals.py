"""Intervals cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score

from synthema_lab.validation.battery import true_positive_rates
from synthema_lab.validation.bootstrap import (
    clopper_pearson,
    distance_interval,
    patient_counts,
    percentile_interval,
    weighted_auc,
)
from synthema_lab.validation.kaplan_meier import survival_on_grid


@given(st.integers(1, 400), st.data())
def test_the_exact_interval_is_that_of_clopper_and_pearson(trials, data):
    hits = data.draw(st.integers(0, trials))
    theirs = binomtest(hits, trials).proportion_ci(0.95, method="exact")
    assert clopper_pearson(hits, trials) == pytest.approx((theirs.low, theirs.high))


def test_no_trials_give_no_interval():
    assert np.isnan(clopper_pearson(0, 0)).all()
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()
    assert np.isnan(distance_interval(0.1, np.array([]))).all()


@given(st.integers(0, 2**32 - 1))
def test_the_area_for_resamples_is_the_area_of_the_resampled_scores(seed):
    rng = np.random.default_rng(seed)
    positive, negative = rng.integers(0, 6, 12).astype(float), rng.integers(0, 5, 9).astype(float)
    counts = patient_counts(rng, 12, 2), patient_counts(rng, 9, 2)
    areas = weighted_auc(positive, negative, *counts)
    for draw in range(2):
        scores = np.r_[
            np.repeat(positive, counts[0][draw].astype(int)),
            np.repeat(negative, counts[1][draw].astype(int)),
        ]
        label = np.r_[np.ones(12), np.zeros(9)]
        assert areas[draw] == pytest.approx(roc_auc_score(label, scores))


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_the_true_positive_rate_is_the_best_threshold_within_the_allowed_rate(seed, allowed):
    rng = np.random.default_rng(seed)
    positive, negative = rng.integers(0, 8, 15).astype(float), rng.integers(0, 8, 11).astype(float)
    ones = np.ones((1, 15)), np.ones((1, 11))
    found = true_positive_rates(positive, negative, *ones, np.array([allowed]))[0, 0]
    best = max(
        (positive > t).mean()
        for t in np.r_[-1, np.arange(9)]
        if (negative > t).mean() <= allowed + 1e-12
    )
    assert found == pytest.approx(best)


def test_the_interval_of_a_largest_gap_covers_the_true_gap():
    """Of 100 intervals at least 90 cover; were the level 95%, 1 run in 40 would fail."""
    rng = np.random.default_rng(11)
    grid = np.linspace(0, 3, 31)
    truth = np.abs(np.exp(-grid) - np.exp(-1.3 * grid)).max()
    covered = 0
    for _ in range(100):
        real, other = rng.exponential(1, 150), rng.exponential(1 / 1.3, 200)
        curves, found = [], []
        for time in (real, other):
            counts = patient_counts(rng, len(time), 100)
            found.append(survival_on_grid(time, np.ones(len(time)), grid)[0])
            curves.append(survival_on_grid(time, np.ones(len(time)), grid, counts))
        difference = found[1] - found[0]
        moved = np.abs((curves[1] - curves[0]) - difference).max(axis=1)
        low, high = distance_interval(np.abs(difference).max(), moved)
        covered += low <= truth <= high
    assert covered >= 90


def test_the_interval_of_a_distance_of_nothing_reaches_zero():
    """Percentiles of the resampled distance itself would exclude 0 here."""
    rng = np.random.default_rng(12)
    reaches = 0
    for _ in range(60):
        real, other = rng.random((2, 120))
        grid = np.linspace(0, 1, 21)
        ones = np.ones(120)
        found = [survival_on_grid(time, ones, grid)[0] for time in (real, other)]
        drawn = [
            survival_on_grid(time, ones, grid, patient_counts(rng, 120, 80))
            for time in (real, other)
        ]
        difference = found[1] - found[0]
        moved = np.abs(drawn[1] - drawn[0] - difference).max(axis=1)
        reaches += distance_interval(np.abs(difference).max(), moved)[0] == 0.0
    assert reaches >= 51


def test_the_percentile_interval_of_an_area_covers():
    """Of 200 intervals at least 180 cover; at 95% fewer than 1 run in 1000 fails."""
    rng = np.random.default_rng(13)
    truth = norm.cdf(0.5 / np.sqrt(2))
    covered = 0
    for _ in range(200):
        positive, negative = rng.normal(0.5, 1, 150), rng.normal(0, 1, 150)
        counts = patient_counts(rng, 150, 200), patient_counts(rng, 150, 200)
        low, high = percentile_interval(weighted_auc(positive, negative, *counts))
        covered += low <= truth <= high
    assert covered >= 180
