"""A cohort of patients of one kind: the condition holds, the rest is as the model has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, GateFailed
from synthema_lab.generators import FittedModel, Marginal
from synthema_lab.generators.subgroup import condition, subgroup

LEUKSURV = DataDictionary.load("leuksurv")


@pytest.fixture(scope="module")
def model() -> FittedModel:
    patients = mock_patients(LEUKSURV, 400, np.random.default_rng(5))
    return Marginal().fit([LEUKSURV.conform(patients)], LEUKSURV, epsilon=None)


@pytest.mark.parametrize(
    "where",
    [
        "age_years < 40 and sex == 'F'",
        "age_years < 37",  # cuts a bin
        "age_group == '60_69'",  # derived
        "sex == 'F' or os_days < 30",
        "wbc_gl > 2 * age_years",  # no cells decide it
    ],
)
def test_every_row_meets_the_condition_and_the_same_seed_gives_the_same(model, where):
    if where.startswith("age_group"):
        where = f"age_group == '{next(iter(LEUKSURV.variables.age_group.categories))}'"
    drawn = model.subgroup(where, 120, seed=3)
    assert len(drawn) == 120
    assert len(model.subgroup(where, 7, seed=3)) == 7
    pd.testing.assert_frame_equal(drawn, model.subgroup(where, 120, seed=3))
    held = condition(where, LEUKSURV, model.columns).holds(drawn)
    assert (held == 1).all()


def test_a_subgroup_is_what_dropping_rows_would_have_given(model):
    where = "os_days < 365 and sex == 'F'"
    dropped = subgroup(model, where, 3000, seed=1)  # not conditioned
    drawn = model.subgroup(where, 3000, seed=1)
    assert drawn.attrs["accepted"] > 0.95 > 2 * dropped.attrs["accepted"]
    for name in ("age_years", "wbc_gl", "os_days"):
        spread = dropped[name].std()
        assert drawn[name].mean() == pytest.approx(dropped[name].mean(), abs=0.12 * spread)


@pytest.mark.parametrize(
    ("where", "match"),
    [
        ("age_years > 500", "No patient can meet"),
        ("sex == 'neither'", "not a code of sex"),
        ("agee_years > 5", "agee_years"),
        ("__import__('os')", "cannot be used"),
        ("", "empty|blank|text"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(model, where, match):
    with pytest.raises(ArgumentRefused, match=match):
        model.subgroup(where, 10)


def test_a_variable_that_the_model_does_not_draw_is_named():
    patients = mock_patients(LEUKSURV, 60, np.random.default_rng(5))[["sex", "os_days", "os_event"]]
    small = Marginal().fit([LEUKSURV.conform(patients)], LEUKSURV, epsilon=None)
    with pytest.raises(ArgumentRefused, match="names age_years, which the model does not draw"):
        small.subgroup("age_years < 40", 10)


def test_conditions_that_contradict_each_other_end_with_a_count_and_no_crash(model):
    with pytest.raises(GateFailed, match="No patient of this model"):
        model.subgroup("sex == 'F' and sex == 'M'", 10)
    with pytest.raises(GateFailed, match="0 of "):
        model.subgroup("os_days > 1000000000 / (1 + wbc_gl)", 10)


def test_numbers_of_rows_are_refused_as_for_a_whole_cohort(model):
    for rows in (0, -1, 2.5, True):
        with pytest.raises(ArgumentRefused, match="number of synthetic patients"):
            model.subgroup("sex == 'F'", rows)


def test_a_seed_below_zero_is_refused_here_too(model):
    with pytest.raises(ArgumentRefused, match="seed"):
        model.subgroup("sex == 'F'", 10, seed=-1)
