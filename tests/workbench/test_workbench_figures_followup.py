"""Curves and counts of a cohort whose outcome is not known for everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.workbench.figures import cohort_survival
from synthema_lab.workbench.overviews import sizes


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("scd", patients=600, seed=4)


def test_patients_without_an_outcome_count_as_patients_and_not_in_follow_up(cohort):
    unknown = cohort.patients.copy()
    unknown.loc[:49, "vital_status"] = None
    table = sizes({"all": cohort, "gaps": replace(cohort, patients=unknown)}).set_index("part")
    assert table["patients"].tolist() == [600, 600]
    kept = int(cohort.patients["vital_status"].iloc[50:].sum())
    assert table.loc["gaps", "events"] == kept
    drawn = cohort_survival(unknown, cohort.dictionary)
    told = cohort_survival(cohort.patients.iloc[50:], cohort.dictionary)
    assert drawn.data.equals(told.data)


def test_long_names_of_groups_stand_below_each_other(cohort):
    plot = cohort_survival(cohort.patients, cohort.dictionary)
    (legend,) = plot.figure.legends
    assert legend._ncols == 1
