"""Own Kaplan-Meier, Cox and C-index agree with lifelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.validation.bootstrap import patient_counts
from synthema_lab.validation.concordance import concordance
from synthema_lab.validation.cox import cox_draws, fit_cox
from synthema_lab.validation.kaplan_meier import (
    at_risk_on_grid,
    public_grid,
    published_steps,
    survival_on_grid,
)

TIMES = st.lists(st.integers(1, 12), min_size=4, max_size=30)


@pytest.fixture(scope="module")
def cohort():
    rng = np.random.default_rng(3)
    covariates = np.column_stack([rng.normal(size=300), rng.random(300) < 0.4]).astype(float)
    life = rng.exponential(50 * np.exp(-covariates @ [0.6, -0.4]))
    watched = rng.uniform(10, 120, 300)
    return covariates, np.ceil(np.minimum(life, watched)), (life <= watched).astype(float)


def test_survival_on_the_grid_is_that_of_lifelines(cohort):
    from lifelines import KaplanMeierFitter

    _, time, event = cohort
    grid = public_grid(100, (3, 7))
    fitted = KaplanMeierFitter().fit(time, event).survival_function_at_times(grid).to_numpy()
    np.testing.assert_allclose(survival_on_grid(time, event, grid)[0], fitted, atol=1e-12)


@given(TIMES, st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_drawing_a_patient_twice_is_having_two_such_patients(times, seed):
    rng = np.random.default_rng(seed)
    time = np.array(times, dtype=float)
    event = (rng.random(len(time)) < 0.7).astype(float)
    counts = patient_counts(rng, len(time), 3)
    grid = np.arange(0, 14.0)
    drawn = survival_on_grid(time, event, grid, counts)
    for draw, count in enumerate(counts):
        rows = np.repeat(np.arange(len(time)), count.astype(int))
        again = survival_on_grid(time[rows], event[rows], grid)[0]
        np.testing.assert_allclose(drawn[draw], again, atol=1e-12)


def test_a_patient_without_time_or_event_is_left_out_of_the_curve():
    time, event = np.array([1.0, 2.0, np.nan, 3.0]), np.array([1.0, 0.0, 1.0, np.nan])
    grid = np.array([0.0, 1.0, 5.0])
    kept = survival_on_grid(time[:2], event[:2], grid)
    np.testing.assert_array_equal(survival_on_grid(time, event, grid), kept)
    assert at_risk_on_grid(time, event, grid).tolist() == [2, 2, 0]


def test_a_curve_is_published_only_while_ten_are_at_risk():
    time = np.arange(1.0, 31.0)
    grid = np.arange(0.0, 31.0)
    steps = published_steps(time, np.ones(30), grid)
    assert at_risk_on_grid(time, np.ones(30), grid)[steps - 1] == 10
    assert at_risk_on_grid(time, np.ones(30), grid)[steps] == 9


@pytest.mark.parametrize("tied", [False, True])
def test_hazard_ratios_and_their_errors_are_those_of_lifelines(cohort, tied):
    from lifelines import CoxPHFitter

    covariates, time, event = cohort
    time = time if tied else time + np.random.default_rng(0).random(len(time))
    fit = fit_cox(covariates, time, event)
    table = pd.DataFrame(covariates, columns=["a", "b"]).assign(time=time, event=event)
    theirs = CoxPHFitter().fit(table, "time", "event")
    assert fit.converged
    assert fit.events == int(event.sum())
    np.testing.assert_allclose(fit.log_hazard_ratios, theirs.params_.to_numpy(), atol=1e-5)
    errors = np.sqrt(np.diag(fit.covariance))
    np.testing.assert_allclose(errors, theirs.standard_errors_.to_numpy(), atol=1e-5)


def test_a_resampled_fit_is_the_fit_of_the_resampled_patients(cohort):
    covariates, time, event = cohort
    counts = patient_counts(np.random.default_rng(1), len(time), 4)
    start = fit_cox(covariates, time, event).log_hazard_ratios
    drawn = cox_draws(covariates, time, event, counts, start, ridge=1e-3)
    for draw, count in enumerate(counts):
        rows = np.repeat(np.arange(len(time)), count.astype(int))
        whole = fit_cox(covariates[rows], time[rows], event[rows], ridge=1e-3)
        np.testing.assert_allclose(drawn[draw], whole.log_hazard_ratios, atol=1e-3)


def test_resampled_hazard_ratios_spread_as_their_standard_errors_say(cohort):
    covariates, time, event = cohort
    fit = fit_cox(covariates, time, event)
    counts = patient_counts(np.random.default_rng(2), len(time), 300)
    drawn = cox_draws(covariates, time, event, counts, fit.log_hazard_ratios, ridge=1e-3)
    ratio = drawn.std(axis=0) / np.sqrt(np.diag(fit.covariance))
    assert ((ratio > 0.8) & (ratio < 1.25)).all()


def test_a_perfect_predictor_does_not_run_to_infinity():
    covariates = np.r_[np.zeros(20), np.ones(20)][:, None]
    time = np.r_[np.arange(21.0, 41.0), np.arange(1.0, 21.0)]
    fit = fit_cox(covariates, time, np.ones(40), ridge=1e-3)
    assert 3 < fit.log_hazard_ratios[0] < 20


@given(TIMES, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_c_index_is_that_of_lifelines_with_ties_in_time_and_in_risk(times, seed):
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(seed)
    time = np.array(times, dtype=float)
    event = (rng.random(len(time)) < 0.7).astype(float)
    risk = rng.integers(0, 5, len(time)).astype(float)
    ours = concordance(risk, time, event)[0]
    try:
        theirs = concordance_index(time, -risk, event)
    except ZeroDivisionError:
        assert np.isnan(ours)
        return
    assert ours == pytest.approx(theirs)


def test_the_c_index_of_a_resample_counts_a_patient_as_often_as_drawn():
    rng = np.random.default_rng(5)
    time, event, risk = rng.random(60), np.ones(60), rng.random(60)
    counts = patient_counts(rng, 60, 3)
    drawn = concordance(risk, time, event, counts)
    for draw, count in enumerate(counts):
        rows = np.repeat(np.arange(60), count.astype(int))
        assert drawn[draw] == pytest.approx(concordance(risk[rows], time[rows], event[rows])[0])
