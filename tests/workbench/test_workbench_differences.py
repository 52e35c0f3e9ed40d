"""Tables of one kind of patient are compared without telling a small count."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import figures
from synthema_lab.workbench.differences import HELD_OUT, differences, of_kind

CHILDREN = "genotype == 'HbSS' and age_years < 18"


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("scd", patients=600, seed=3)


@pytest.fixture(scope="module")
def found(cohort):
    learnt_from, held_out = cohort.split(0.3)
    children = of_kind(learnt_from.patients, CHILDREN, cohort.dictionary)
    tables = {"copy": children, "everybody": learnt_from.patients}
    names = ["age_years", "hb_gdl", "acs_ever", "tcd_class"]
    held = of_kind(held_out.patients, CHILDREN, cohort.dictionary)
    return differences(children, tables, cohort.dictionary, names, held)


def test_only_patients_who_certainly_meet_the_condition_are_of_the_kind(cohort):
    those = of_kind(cohort.patients, CHILDREN, cohort.dictionary)
    assert set(those["genotype"]) == {"HbSS"}
    assert those["age_years"].max() < 18
    known = cohort.patients[["genotype", "age_years"]].dropna()
    assert len(those) == ((known["genotype"] == "HbSS") & (known["age_years"] < 18)).sum()


def test_a_kind_of_fewer_than_ten_is_refused_without_saying_how_many(cohort):
    with pytest.raises(ArgumentRefused, match="Fewer than 10") as refused:
        of_kind(cohort.patients.head(60), "age_years > 95", cohort.dictionary)
    assert not re.search(r"\b[0-9]\b", str(refused.value).replace("10", ""))


def test_a_copy_differs_in_nothing_and_everybody_is_older_than_children(found):
    copy = found[found["table"] == "copy"]
    assert (copy["difference"] == 0).all()
    assert (copy["low"] < 0).all()
    assert (copy["high"] > 0).all()
    age = found[(found["table"] == "everybody") & (found["variable"] == "age_years")].iloc[0]
    assert age["difference"] > 0.5
    assert age["value"] > age["real"]
    assert age["low"] < age["difference"] < age["high"]


def test_the_standardised_difference_and_its_interval_are_those_of_the_sources(cohort):
    real = pd.DataFrame({"hb_gdl": [8.0] * 20 + [10.0] * 20})
    other = pd.DataFrame({"hb_gdl": [9.0] * 30 + [11.0] * 30})
    row = differences(real, {"other": other}, cohort.dictionary, ["hb_gdl"]).iloc[0]
    spread = np.sqrt((real["hb_gdl"].var() + other["hb_gdl"].var()) / 2)
    assert row["difference"] == pytest.approx(1.0 / spread)
    error = np.sqrt(100 / 2400 + row["difference"] ** 2 / 200)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * error)


def test_what_fewer_than_ten_real_patients_have_is_left_out(cohort):
    real = pd.DataFrame({"acs_ever": [1] * 9 + [0] * 91, "stroke_ever": [1] * 10 + [0] * 90})
    names = ["acs_ever", "stroke_ever"]
    found = differences(real, {"same": real}, cohort.dictionary, names, held_out=real.head(50))
    assert set(found["variable"]) == {"stroke_ever"}
    few = real.head(15)  # ten have it, and five lack it
    found = differences(real, {"same": real}, cohort.dictionary, ["stroke_ever"], held_out=few)
    assert HELD_OUT not in set(found["table"])


def test_shares_are_in_percent_and_a_category_takes_a_row_a_level(found):
    acs = found[found["variable"] == "acs_ever"].iloc[0]
    assert acs["unit"] == "%"
    assert 10 < acs["real"] < 90
    levels = found[found["variable"] == "tcd_class"]["label"]
    assert all("Doppler" in label for label in levels)


def test_a_variable_that_a_table_lacks_is_refused(cohort):
    with pytest.raises(ArgumentRefused, match="not in every table"):
        differences(cohort.patients, {"other": pd.DataFrame()}, cohort.dictionary, ["hb_gdl"])
    with pytest.raises(ArgumentRefused, match="Nothing is left"):
        differences(cohort.patients.head(5), {}, cohort.dictionary, ["hb_gdl"])


def test_the_figure_says_the_largest_difference_in_words(found):
    plot = figures.differences(found)
    assert "copy: " in plot.alt
    assert "the largest is +" in plot.alt
    assert len(plot.data) == len(found)
    assert plot.png() == figures.differences(found).png()
    with pytest.raises(ArgumentRefused, match="no table of differences"):
        figures.differences(found.drop(columns="low"))


def test_differences_beyond_the_frame_are_told(found):
    far = found.assign(difference=found["difference"] + 3, low=2.0, high=4.0)
    assert "beyond the frame" in figures.differences(far).caption
