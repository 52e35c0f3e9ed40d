"""Does a Cox regression from secure sums equal the pooled one, and show no patient?"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from statsmodels.duration.hazard_regression import PHReg

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused, LabError
from synthema_lab.federation.statistics import (
    Consortium,
    DisclosureRefused,
    DistributedNoise,
    cox,
    standard,
)
from synthema_lab.federation.statistics.merging import (
    least_leaving,
    merged_intervals,
    opened_numbers,
)
from synthema_lab.federation.statistics.newton import Point, maximise
from synthema_lab.federation.statistics.risk_sets import interval_of, risk_sums
from synthema_lab.federation.statistics.unfitted import (
    CollinearDesign,
    GroupTooSmall,
    MonotoneLikelihood,
    NoiseUnsupported,
    NotConverged,
    TooFewPatients,
)

from .small_cohort import DICTIONARY, divided, invented

AML = ["age_years", "wbc_gl", "mut_NPM1", "mut_TP53", "sex", "mut_FLT3_ITD"]


def pooled(time, event, covariates, strata=None):
    """Breslow's ties, on rows of all sites together."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = PHReg(
            np.asarray(time, dtype=float),
            np.column_stack([np.asarray(c, dtype=float) for c in covariates]),
            status=np.asarray(event, dtype=int),
            ties="breslow",
            strata=strata,
        )
        return model.fit(method="newton", disp=0, tol=1e-12, maxiter=100)


def on_grid(time, event, edges):
    """Times rounded up to the grid; who is followed beyond its end is censored there."""
    time = np.asarray(time, dtype=float)
    interval = np.minimum(np.searchsorted(edges[1:], time, side="left"), len(edges) - 2)
    return edges[1:][interval], (np.asarray(event) == 1) & (time <= edges[-1])


def assert_equal(fit, expected):
    """Equal to what the finest encoding gives: six digits of every standard error, and more."""
    off = np.abs(fit.table["coefficient"].to_numpy() - expected.params)
    assert (off <= fit.encoding_error + 1e-10 * np.abs(expected.params) + 1e-12).all()
    assert (fit.encoding_error <= 1e-8 * expected.bse).all()
    np.testing.assert_allclose(fit.table["standard_error"], expected.bse, rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(expected.llf, abs=1e-6)
    assert fit.log_likelihood_error < 1e-6
    np.testing.assert_allclose(np.log(fit.table["hazard_ratio_low"]), fit.table["low"])


def patients_of(sites):
    patients = pd.concat(sites.values(), ignore_index=True)
    return patients, np.repeat(np.arange(len(sites)), [len(rows) for rows in sites.values()])


def small_fit(patients, ends, **more):
    more = {"grid": 56, "max_steps": 6, "resolution": 0} | more
    covariates = more.pop("covariates", ["age", "marker", "mutated"])
    return cox(Consortium(divided(patients, ends), DICTIONARY), covariates, **more)


def test_the_fit_equals_breslows_on_the_pooled_patients_of_the_register():
    cohort = load_cohort("leuksurv")
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = cox(consortium, ["age_years", "sex", "wbc_gl", "deprivation"], grid=30.4375, resolution=0)
    p = cohort.patients
    expected = pooled(
        *on_grid(p.os_days, p.os_event, fit.grid),
        [p.age_years, p.sex == "M", p.wbc_gl, p.deprivation],
    )
    assert_equal(fit, expected)
    assert (fit.patients, fit.left_out) == (1043, 0)


@pytest.mark.parametrize("resolution", [0.01, 0.1, 1.0])
def test_rounded_sums_move_coefficients_within_the_stated_error_alone(resolution):
    cohort = load_cohort("leuksurv")
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = cox(consortium, ["age_years", "sex", "wbc_gl"], grid=30.4375, resolution=resolution)
    p = cohort.patients
    expected = pooled(
        *on_grid(p.os_days, p.os_event, fit.grid), [p.age_years, p.sex == "M", p.wbc_gl]
    )
    off = np.abs(fit.table["coefficient"].to_numpy() - expected.params)
    assert (off <= fit.encoding_error).all()
    assert (off <= 0.02 * resolution * expected.bse).all()
    assert (fit.encoding_error <= 0.2 * resolution * expected.bse).all()
    np.testing.assert_allclose(fit.table["standard_error"], expected.bse, rtol=2e-3 * resolution)
    moved = abs(fit.log_likelihood - expected.llf)
    assert moved <= fit.log_likelihood_error <= 10 * resolution
    rounded = [one.values for one in consortium.opened if "S0 and S1" in one.purpose]
    rounded += [one.values for one in consortium.opened if "S2 over all" in one.purpose]
    for values in rounded:
        np.testing.assert_allclose(values / resolution, np.rint(values / resolution), atol=1e-6)


@pytest.mark.parametrize("strata", [None, "site"])
def test_the_fit_equals_the_pooled_one_on_simulated_leukaemia_with_missing_values(strata):
    cohort = load_cohort("aml", patients=600, seed=2)
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = cox(consortium, AML, grid=91.3125, strata=strata, per={"age_years": 10}, resolution=0)
    patients, site = patients_of(cohort.sites())
    known = patients[[*AML, "os_days", "os_event"]].notna().all(axis=1)
    p = patients[known]
    expected = pooled(
        *on_grid(p.os_days, p.os_event, fit.grid),
        [p.age_years / 10, p.wbc_gl, p.mut_NPM1, p.mut_TP53, p.sex == "M", p.mut_FLT3_ITD],
        strata=None if strata is None else site[known],
    )
    assert_equal(fit, expected)
    assert fit.left_out == (~known).sum() > 0


def test_a_fit_stratified_by_site_uses_times_as_recorded_and_opens_no_risk_set():
    cohort = load_cohort("leuksurv")
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = cox(consortium, ["age_years", "sex", "wbc_gl"], strata="site")
    p, site = patients_of(cohort.sites())
    expected = pooled(p.os_days, p.os_event, [p.age_years, p.sex == "M", p.wbc_gl], strata=site)
    assert_equal(fit, expected)
    assert fit.grid is None
    assert [one.length for one in consortium.opened[2:]] == [1 + 3 + 6] * len(fit.path)


def test_without_ties_the_stratified_fit_equals_that_of_lifelines():
    patients = invented(150, seed=4)
    patients["days"] = np.random.default_rng(4).permutation(np.arange(10, 160))
    sites = divided(patients, [30, 80, 150])
    fit = cox(Consortium(sites, DICTIONARY), ["age", "marker", "mutated"], strata="site")
    rows, rows_site = patients_of(sites)
    rows = rows[["age", "marker", "mutated", "days", "died"]].assign(site=rows_site)
    other = CoxPHFitter().fit(
        rows, "days", "died", strata=["site"], fit_options={"precision": 1e-12}
    )
    np.testing.assert_allclose(fit.table["coefficient"], other.params_, rtol=1e-7)
    np.testing.assert_allclose(fit.table["standard_error"], other.standard_errors_, rtol=1e-6)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood_, abs=1e-6)


@pytest.mark.parametrize("strata", [None, "site"])
def test_an_odd_site_changes_nothing(strata):
    """One patient; no event; a constant covariate; a level that no other site has."""
    patients = invented(260, seed=5)
    patients["stage"] = np.where(patients["stage"] == "c", "b", patients["stage"])
    patients.loc[1:40, "died"] = 0
    patients.loc[41:90, "mutated"] = 1
    patients.loc[91:115, "stage"] = "c"
    ends = [1, 41, 91, 131, 260]
    covariates = ["age", "mutated", "stage"]
    fit = small_fit(patients, ends, covariates=covariates, strata=strata)
    stage = [patients.stage == "b", patients.stage == "c"]
    site = np.repeat(np.arange(5), np.diff([0, *ends]))
    expected = pooled(
        *on_grid(patients.days, patients.died, fit.grid),
        [patients.age, patients.mutated, *stage],
        strata=None if strata is None else site,
    )
    assert_equal(fit, expected)


def test_the_division_into_sites_does_not_matter():
    patients = invented(200, seed=6)
    three = small_fit(patients, [100, 101, 200])
    eight = small_fit(patients, [25, 50, 75, 100, 125, 150, 175, 200])
    np.testing.assert_allclose(three.table["coefficient"], eight.table["coefficient"], rtol=1e-11)
    np.testing.assert_array_equal(three.grid, eight.grid)


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.integers(0, 10**6),
    st.integers(70, 160),
    st.lists(st.integers(0, 160), min_size=2, max_size=4),
    st.sampled_from([None, "site"]),
)
def test_a_small_cohort_gets_the_pooled_fit_or_a_named_refusal(seed, size, cuts, strata):
    patients = invented(size, seed)
    ends = [*sorted(min(cut, size) for cut in cuts), size]
    try:
        fit = small_fit(patients, ends, covariates=["age", "mutated"], strata=strata)
    except (GroupTooSmall, TooFewPatients, NotConverged):
        return
    site = np.repeat(np.arange(len(ends)), np.diff([0, *ends]))
    expected = pooled(
        *on_grid(patients.days, patients.died, fit.grid),
        [patients.age, patients.mutated],
        strata=None if strata is None else site,
    )
    assert_equal(fit, expected)


def test_every_opened_step_is_listed_with_its_coefficients():
    patients = invented(200, seed=6)
    consortium = Consortium(divided(patients, [60, 120, 200]), DICTIONARY)
    fit = cox(consortium, ["age", "mutated"], grid=56, max_steps=6, resolution=0)
    purposes = [one.purpose for one in consortium.opened]
    assert len(purposes) == 3 + 2 * len(fit.path)
    for step, row in fit.path.iterrows():
        said = ", ".join(f"{row[name]:.6g}" for name in ("age", "mutated"))
        named = [p for p in purposes if f"step {step}, S0 and S1" in p]
        assert len(named) == 1
        assert f"at beta ({said})" in named[0]
    assert all(one.error.max() < 1e-6 for one in consortium.opened)


def test_differences_of_opened_risk_sets_rest_on_more_patients_than_can_be_solved_for():
    patients = invented(300, seed=7)
    consortium = Consortium(divided(patients, [60, 120, 300]), DICTIONARY)
    fit = cox(consortium, ["age", "marker"], grid=28, max_steps=7, resolution=0)
    groups = len(fit.grid) - 1
    at_zero = next(one for one in consortium.opened if "step 1, S0" in one.purpose)
    leaving = -np.diff(np.append(at_zero.values[:groups], 0.0))
    assert leaving.min() >= least_leaving(smallest_cell=5, most=7) - 1e-6
    assert groups < 40
    real = sum(one.length for one in consortium.opened if one.values.dtype.kind == "f")
    assert real <= opened_numbers(groups, 2, 7) < 300 * 2


def test_risk_sets_of_an_unmerged_grid_would_show_a_patient():
    """The fault that merging prevents: two sums differ by the one who left."""
    patients = invented(60, seed=8).sort_values("days").reset_index(drop=True)
    covariates = patients[["age", "marker"]].to_numpy()
    days = np.unique(patients.days)
    interval = interval_of(patients.days.to_numpy(), np.append(0, days))
    s0, s1 = risk_sums(covariates, interval, np.array([0.01, 0.1]), 0.0, len(days))
    shown = np.diff(s1, axis=0) / np.diff(s0)[:, None]
    alone = patients.index[~patients.days.duplicated(keep=False) & (patients.days < days[-1])]
    assert len(alone) > 40
    np.testing.assert_allclose(
        shown[np.searchsorted(days, patients.days[alone])], covariates[alone]
    )


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=40),
    st.integers(1, 12),
    st.integers(2, 12),
    st.integers(1, 8),
)
def test_every_merged_group_is_large_enough(table, smallest, most, columns):
    events, censored = np.array(table).T
    try:
        group = merged_intervals(events, events + censored, columns, smallest, most)
    except GroupTooSmall:
        return
    assert group[0] == 0
    assert set(np.diff(group)) <= {0, 1}
    leaving = np.bincount(group, weights=events + censored)
    assert np.bincount(group, weights=events).min() >= smallest
    assert leaving.min() >= max(smallest, 2 * most + 1)
    assert leaving.sum() * columns > opened_numbers(len(leaving), columns, most)


def test_counts_whose_small_cells_are_zeroed_before_opening_give_a_pooled_fit_too():
    class Zeroing:
        smallest_cell = 5

        def __call__(self, vectors):
            total = sum(vectors)
            return np.where(total < self.smallest_cell, 0, total)

    patients = invented(300, seed=9)
    patients.loc[:2, "days"] = pd.NA
    consortium = Consortium(divided(patients, [100, 200, 300]), DICTIONARY, total=Zeroing())
    fit = cox(consortium, ["age", "marker"], grid=28, max_steps=5, resolution=0)
    known = patients[3:]
    expected = pooled(*on_grid(known.days, known.died, fit.grid), [known.age, known.marker])
    assert_equal(fit, expected)
    assert fit.left_out is None
    assert "left out for a missing value: hidden" in str(fit)


def test_events_beyond_the_grid_are_censored_at_its_end():
    patients = invented(300, seed=10)
    fit = small_fit(patients, [100, 200, 300], grid=[0, 100, 200, 300, 400, 500])
    late = (patients.days > 500) & (patients.died == 1)
    assert fit.events == patients.died.sum() - late.sum() < patients.died.sum()
    expected = pooled(
        *on_grid(patients.days, patients.died, fit.grid),
        [patients.age, patients.marker, patients.mutated],
    )
    assert_equal(fit, expected)


def test_a_condition_restricts_the_patients():
    patients = invented(300, seed=11)
    fit = small_fit(patients, [100, 200, 300], where="age >= 40", covariates=["age"])
    old = patients[patients.age >= 40]
    assert_equal(fit, pooled(*on_grid(old.days, old.died, fit.grid), [old.age]))


def test_an_exact_day_grid_is_refused_before_anything_is_opened():
    consortium = Consortium(divided(invented(300, seed=1), [100, 200, 300]), DICTIONARY)
    with pytest.raises(DisclosureRefused, match="single patients"):
        cox(consortium, ["age"], grid=1)
    assert consortium.opened == []


def test_a_cohort_too_small_for_its_grid_is_refused_before_sums_of_covariates_are_opened():
    consortium = Consortium(divided(invented(30, seed=1), [10, 20, 30]), DICTIONARY)
    with pytest.raises(GroupTooSmall, match="left by 21 patients"):
        cox(consortium, ["age"])
    assert {one.values.dtype.kind for one in consortium.opened} == {"i"}


def test_a_cohort_smaller_than_what_is_opened_is_refused_with_strata_too():
    consortium = Consortium(divided(invented(30, seed=1), [10, 20, 30]), DICTIONARY)
    with pytest.raises(GroupTooSmall, match="More than 33 patients"):
        cox(consortium, ["age"], strata="site")
    assert len(consortium.opened) == 1


@pytest.mark.parametrize("strata", [None, "site"])
def test_noise_is_refused_with_what_it_would_need(strata):
    consortium = Consortium(
        divided(invented(90, seed=1), [30, 60, 90]), DICTIONARY, noise=DistributedNoise(1.0)
    )
    with pytest.raises(NoiseUnsupported, match="clipped to stated limits"):
        cox(consortium, ["age"], strata=strata)
    assert consortium.opened == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ties": "efron"}, "Efron"),
        ({"strata": "stage"}, "strata"),
        ({"max_steps": 1}, "number of steps"),
        ({"max_steps": True}, "number of steps"),
        ({"resolution": 1.5}, "resolution"),
        ({"resolution": "fine"}, "resolution"),
        ({"time": "died"}, "not a time and an event"),
        ({"covariates": ["days"]}, "it is the outcome"),
        ({"grid": "monthly"}, "grid"),
    ],
)
def test_a_model_that_cannot_be_asked_for_says_why(more, said):
    with pytest.raises(ArgumentRefused, match=said):
        small_fit(invented(90, seed=1), [30, 60, 90], **more)


def test_a_level_without_events_is_named():
    patients = invented(300, seed=12)
    patients["died"] = np.where(patients.stage == "c", 0, patients.died)
    with pytest.raises(MonotoneLikelihood, match=r"No event is on one side of: stage\[c\]"):
        small_fit(patients, [100, 200, 300], covariates=["age", "stage"])


def test_a_level_with_few_events_is_named():
    patients = invented(300, seed=12)
    rare = patients.index[patients.stage == "c"]
    patients.loc[rare, "died"] = 0
    patients.loc[rare[:2], ["died", "days"]] = [1, 50]
    with pytest.raises(GroupTooSmall, match=r"5 events are on one side of: stage\[c\]"):
        small_fit(patients, [100, 200, 300], covariates=["age", "stage"])


@pytest.mark.parametrize("strata", [None, "site"])
def test_a_number_that_separates_the_events_is_named(strata):
    patients = invented(300, seed=13)
    patients["marker"] = np.where(patients["days"] <= 400, 9.0, 2.0)
    patients["died"] = 1
    with pytest.raises(MonotoneLikelihood, match="marker"):
        small_fit(
            patients,
            [100, 200, 300],
            covariates=["age", "marker"],
            strata=strata,
            max_steps=10,
            grid=[0, 400, 900, 2000],
        )


@pytest.mark.parametrize("strata", [None, "site"])
def test_collinear_columns_are_named(strata):
    with pytest.raises(CollinearDesign, match="follow from each other: age, months"):
        small_fit(
            invented(300, seed=1),
            [100, 200, 300],
            covariates=["age", "mutated", "months"],
            strata=strata,
        )


def test_a_column_that_is_constant_at_all_sites_is_named():
    with pytest.raises(CollinearDesign, match="constant or follow from each other: months"):
        small_fit(
            invented(300, seed=1).assign(months=240.0),
            [100, 200, 300],
            covariates=["age", "months"],
        )


def test_a_column_that_only_differs_between_sites_is_named_where_sites_are_strata():
    patients = invented(300, seed=1)
    patients["mutated"] = (patients.index < 100).astype(int)
    with pytest.raises(CollinearDesign, match="mutated"):
        small_fit(patients, [100, 200, 300], covariates=["age", "mutated"], strata="site")


def test_too_few_steps_end_with_what_to_do():
    with pytest.raises(NotConverged, match="set max_steps higher"):
        small_fit(invented(300, seed=1), [100, 200, 300], max_steps=2)


def test_too_few_events_are_refused_and_few_are_noted():
    patients = invented(300, seed=14)
    dead = patients.index[patients.died == 1]
    few = patients.assign(died=patients.index.isin(dead[:9]).astype(int))
    with pytest.raises(TooFewPatients, match="At least 10"):
        small_fit(few, [100, 200, 300], covariates=["age", "marker"])
    some = patients.assign(died=patients.index.isin(dead[:18]).astype(int))
    fit = small_fit(some, [100, 200, 300], covariates=["age", "marker"], strata="site")
    assert "Fewer than 10 events a coefficient" in str(fit)


def test_an_outlier_far_beyond_the_others_shortens_the_step_and_is_fitted():
    patients = invented(400, seed=15)
    patients["marker"] = (patients["marker"] / 200).round(4)
    patients.loc[0, "marker"] = 20.0
    fit = small_fit(patients, [100, 250, 400], covariates=["marker", "age"], max_steps=15)
    expected = pooled(
        *on_grid(patients.days, patients.died, fit.grid), [patients.marker, patients.age]
    )
    np.testing.assert_allclose(fit.table["coefficient"], expected.params, rtol=1e-6)


def test_a_step_that_overshoots_is_halved_and_every_point_is_counted():
    def evaluate(beta):
        far = abs(beta[0] - 3)
        value = -far - np.log1p(np.exp(-2 * far))
        return Point(beta, value, np.tanh(3 - beta), refused=beta[0] > 90)

    found = maximise(evaluate, lambda at: np.diag(np.cosh(at.beta - 3) ** -2), ["x"], most=12)
    assert found.beta[0] == pytest.approx(3, abs=1e-9)
    tried = [point.beta[0] for point in found.path]
    assert max(tried) > 50
    assert max(tried) < 90
    with pytest.raises(NotConverged, match="within 4 opened steps"):
        maximise(evaluate, lambda at: np.diag(np.cosh(at.beta - 3) ** -2), ["x"], most=4)


def test_a_site_whose_sums_would_exceed_their_bound_refuses_and_nothing_is_opened(monkeypatch):
    patients = invented(300, seed=16)
    expected = small_fit(patients, [3, 6, 300])
    monkeypatch.setattr(standard, "LARGEST_LOG_HAZARD", 0.1)
    consortium = Consortium(divided(patients, [3, 6, 300]), DICTIONARY)
    with pytest.raises(NotConverged):
        cox(consortium, ["age", "marker", "mutated"], grid=56, max_steps=6, resolution=0)
    opened = [one for one in consortium.opened if "S0 and S1" in one.purpose]
    groups = len(expected.grid) - 1
    assert 1 < len(opened) <= 6
    assert all(one.values[:groups].max() <= 3 * 300 * np.exp(0.1) for one in opened)


def test_no_refusal_holds_a_value():
    patients = invented(300, seed=1)
    patients.loc[7, "age"] = 123.456
    with pytest.raises(LabError) as refused:
        small_fit(patients, [100, 200, 300])
    assert "123" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_fit_prints_in_a_terminal_and_in_a_notebook():
    fit = small_fit(invented(300, seed=1), [100, 200, 300], per={"age": 10})
    for shown in (str(fit), repr(fit), fit._repr_html_()):
        assert "Cox regression of days" in shown
        assert "Age, per 10 years" in shown
        assert "Mutated: yes vs no" in shown
        assert "left out for a missing value: 0" in shown
    assert "hazard_ratio_high" in fit.table
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), fit.table["standard_error"])
