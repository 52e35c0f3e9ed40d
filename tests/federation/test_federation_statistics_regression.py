"""Does a linear regression from secure sums equal the pooled one?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused, DataMismatch, GateFailed
from synthema_lab.federation.statistics import Consortium, DistributedNoise, linear_regression
from synthema_lab.federation.statistics.design import plan_design
from synthema_lab.federation.statistics.unfitted import (
    CollinearDesign,
    GroupTooSmall,
    NoiseUnsupported,
    TooFewPatients,
)

from .small_cohort import DICTIONARY, divided, invented


def pooled(outcome, *covariates):
    return sm.OLS(
        np.asarray(outcome, dtype=float),
        np.column_stack([np.ones(len(outcome)), *[np.asarray(c, dtype=float) for c in covariates]]),
    ).fit()


def assert_equal(fit, expected):
    table = fit.table
    off = np.abs(table["coefficient"].to_numpy() - expected.params)
    assert (off <= fit.encoding_error + 1e-11 * (1 + np.abs(expected.params))).all()
    assert (fit.encoding_error <= 1e-6 * expected.bse).all()
    np.testing.assert_allclose(table["standard_error"], expected.bse, rtol=1e-8)
    np.testing.assert_allclose(table[["low", "high"]], expected.conf_int(), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(table["p"], expected.pvalues, rtol=1e-6, atol=1e-12)
    assert fit.r_squared == pytest.approx(expected.rsquared, abs=1e-10)
    assert fit.degrees == expected.df_resid
    assert fit.residual_sd == pytest.approx(np.sqrt(expected.scale), rel=1e-9)


def test_the_fit_equals_ordinary_least_squares_on_the_pooled_patients():
    cohort = load_cohort("leuksurv")
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = linear_regression(consortium, "age_years", ["sex", "wbc_gl", "deprivation"])
    patients = cohort.patients
    expected = pooled(
        patients.age_years, patients.sex == "M", patients.wbc_gl, patients.deprivation
    )
    assert_equal(fit, expected)
    assert fit.patients == 1043
    assert len(consortium.opened) == 2


def test_patients_with_a_missing_value_are_left_out_and_counted():
    cohort = load_cohort("aml", patients=400, seed=3)
    consortium = Consortium(cohort.sites(), cohort.dictionary)
    fit = linear_regression(
        consortium,
        "bm_blasts_pct",
        ["age_years", "mut_NPM1", "sex", "hb_gdl"],
        where="age_years>30",
    )
    names = ["bm_blasts_pct", "age_years", "mut_NPM1", "sex", "hb_gdl"]
    asked = cohort.patients.loc[cohort.patients.age_years > 30, names]
    complete = asked.dropna()
    assert fit.left_out == len(asked) - len(complete) > 0
    expected = pooled(
        complete.bm_blasts_pct,
        complete.age_years,
        complete.mut_NPM1,
        complete.sex == "M",
        complete.hb_gdl,
    )
    assert_equal(fit, expected)


def test_levels_absent_at_a_site_and_a_site_of_one_patient_change_nothing():
    patients = invented(90, seed=1).sort_values("stage", kind="stable").reset_index(drop=True)
    consortium = Consortium(divided(patients, [1, 40, 90]), DICTIONARY)
    fit = linear_regression(consortium, "marker", ["age", "stage"], references={"stage": "b"})
    assert list(fit.table.index) == ["intercept", "age", "stage[a]", "stage[c]"]
    assert_equal(
        fit, pooled(patients.marker, patients.age, patients.stage == "a", patients.stage == "c")
    )


def test_a_coefficient_can_be_reported_for_ten_units():
    sites = divided(invented(90, seed=2), [30, 60, 90])
    one = linear_regression(Consortium(sites, DICTIONARY), "marker", ["age"])
    ten = linear_regression(Consortium(sites, DICTIONARY), "marker", ["age"], per={"age": 10})
    wide = 10 * one.table.loc["age", ["coefficient", "standard_error"]].astype(float)
    np.testing.assert_allclose(
        ten.table.loc["age", ["coefficient", "standard_error"]].astype(float), wide
    )
    assert "per 10 years" in ten.table.loc["age", "label"]


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.integers(0, 10**6), st.integers(40, 90), st.lists(st.integers(0, 90), min_size=2))
def test_any_division_into_sites_gives_the_pooled_fit(seed, size, cuts):
    patients = invented(size, seed)
    assume(10 <= patients.mutated.sum() <= size - 10)
    ends = [*sorted(min(cut, size) for cut in cuts[:6]), size]
    fit = linear_regression(
        Consortium(divided(patients, ends), DICTIONARY), "marker", ["age", "mutated"]
    )
    assert_equal(fit, pooled(patients.marker, patients.age, patients.mutated))


def test_collinear_columns_are_named():
    consortium = Consortium(divided(invented(90, seed=1), [30, 60, 90]), DICTIONARY)
    with pytest.raises(CollinearDesign, match="follow from each other: age, months"):
        linear_regression(consortium, "marker", ["age", "sex", "months"])


def test_a_constant_column_is_named():
    patients = invented(90, seed=1).assign(months=240.0)
    consortium = Consortium(divided(patients, [30, 60, 90]), DICTIONARY)
    with pytest.raises(CollinearDesign, match="constant or follow from each other: months"):
        linear_regression(consortium, "marker", ["age", "months"])


def test_too_few_patients_for_the_coefficients_are_refused_before_products_are_opened():
    consortium = Consortium(divided(invented(12, seed=1), [4, 8, 12]), DICTIONARY)
    with pytest.raises(TooFewPatients, match="for 3 coefficients"):
        linear_regression(consortium, "marker", ["age", "mutated"])
    assert len(consortium.opened) == 1


def test_a_level_of_few_patients_is_refused_by_name_before_products_are_opened():
    patients = invented(90, seed=1)
    patients["stage"] = np.where(patients.index < 3, "c", "a")
    consortium = Consortium(divided(patients, [30, 60, 90]), DICTIONARY)
    with pytest.raises(GroupTooSmall, match=r"stage\[b\], stage\[c\]") as refused:
        linear_regression(consortium, "marker", ["age", "stage"])
    assert isinstance(refused.value, GateFailed)
    assert len(consortium.opened) == 1


def test_noise_is_refused_with_what_it_would_need():
    consortium = Consortium(
        divided(invented(90, seed=1), [30, 60, 90]), DICTIONARY, noise=DistributedNoise(1.0)
    )
    with pytest.raises(NoiseUnsupported, match="intervals shown would be too narrow"):
        linear_regression(consortium, "marker", ["age"])
    assert consortium.opened == []


@pytest.mark.parametrize(
    ("outcome", "covariates", "more", "said"),
    [
        ("stage", ["age"], {}, "cannot be the outcome"),
        ("dose", ["age"], {}, "dose has no hard limits"),
        ("marker", ["dose"], {}, "dose has no hard limits"),
        ("marker", ["marker"], {}, "it is the outcome"),
        ("marker", ["note"], {}, "of type text"),
        ("marker", ["agee"], {}, "agee is no variable"),
        ("marker", [], {}, "no covariate"),
        ("marker", ["age", "age"], {}, "or one twice"),
        ("marker", ["stage"], {"references": {"stage": "z"}}, "no level z"),
        ("marker", ["stage"], {"per": {"stage": 10}}, "levels and no unit"),
        ("marker", ["age"], {"per": {"age": 0}}, "cannot be reported"),
        ("marker", ["age"], {"references": {"sex": "M"}}, "is no covariate"),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(outcome, covariates, more, said):
    consortium = Consortium(divided(invented(90, seed=1), [30, 60, 90]), DICTIONARY)
    with pytest.raises(ArgumentRefused, match=said):
        linear_regression(consortium, outcome, covariates, **more)
    assert consortium.opened == []


def test_values_beyond_the_hard_limits_are_refused_by_count_alone():
    patients = invented(90, seed=1)
    patients.loc[3, "age"] = 123.456
    consortium = Consortium(divided(patients, [30, 60, 90]), DICTIONARY)
    with pytest.raises(DataMismatch, match="1 values of age") as refused:
        linear_regression(consortium, "marker", ["age"])
    assert "123" not in str(refused.value)


def test_a_model_with_too_many_columns_is_refused():
    countries = load_cohort("aml", patients=50).dictionary
    with pytest.raises(ArgumentRefused, match="columns"):
        plan_design(countries, ["country", "who2022", "icc2022"])


def test_a_fit_prints_in_a_terminal_and_in_a_notebook():
    sites = divided(invented(90, seed=1).assign(sex=pd.NA), [30, 60, 90])
    sites["site_3"]["sex"] = "M"
    sites["site_1"]["sex"] = "F"
    sites["site_2"]["sex"] = ["F", "M"] * 14 + [pd.NA] * 2
    fit = linear_regression(Consortium(sites, DICTIONARY), "marker", ["age", "sex"])
    for shown in (str(fit), repr(fit), fit._repr_html_()):
        assert "Linear regression of marker" in shown
        assert "Sex: male vs female" in shown
        assert "left out for a missing value: hidden" in shown
    assert fit.left_out is None
