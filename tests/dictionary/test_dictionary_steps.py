"""A guideline's ordered table is read as it is written: first hit wins."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch

TEMPLATE = """
name: risk
title: A guideline in three rows
version: "1"
source: none
licence: CC0-1.0
survival: {time: days, event: dead, horizon: 100, covariates: [good, note_count]}
variables:
  good: {label: Good, type: boolean, missing: true}
  bad: {label: Bad, type: boolean, missing: true}
  note_count: {label: Notes, type: integer, range: [0, 9]}
  note: {label: Note, type: text, missing: true}
  days: {label: Days, type: integer, range: [0, 100]}
  dead: {label: Dead, type: boolean}
  double: {label: Double, type: number, derive: 2 * note_count, tolerance: 0.2}
  risk:
    label: Risk
    type: category
    categories: {low: Low, high: High, middle: Middle}
    derive:
      - low: certain(good)
      - high: bad
      - middle: otherwise
"""


def content(**changes):
    read = yaml.safe_load(TEMPLATE)
    read["variables"]["risk"] |= changes
    return read


def test_the_first_row_that_holds_decides():
    dictionary = DataDictionary.from_text(TEMPLATE)
    patients = pd.DataFrame({"good": [1, 1, 0, 0], "bad": [1, 0, 1, 0]})
    assert dictionary.derive(patients)["risk"].tolist() == ["low", "low", "high", "middle"]


def test_a_condition_inside_certain_counts_what_is_missing_as_absent_and_others_do_not():
    dictionary = DataDictionary.from_text(TEMPLATE)
    patients = pd.DataFrame({"good": [None, None], "bad": [1, None]})
    assert dictionary.derive(patients)["risk"].astype(object).where(
        dictionary.derive(patients)["risk"].notna(), None
    ).tolist() == ["high", None]


def test_without_otherwise_the_rest_is_missing():
    dictionary = DataDictionary.from_dict(content(derive=[{"low": "certain(good)"}]))
    patients = pd.DataFrame({"good": [1, 0]})
    assert dictionary.derive(patients)["risk"].isna().tolist() == [False, True]


def test_the_table_survives_being_written_and_read():
    dictionary = DataDictionary.from_text(TEMPLATE)
    again = DataDictionary.from_dict(dictionary.as_dict())
    assert again == dictionary
    assert again.variables.risk.steps == dictionary.variables.risk.steps
    assert again.survival.covariates == ("good", "note_count")
    assert again.variables.double.tolerance == 0.2


@pytest.mark.parametrize(
    ("derive", "said"),
    [
        ([], "empty ordered table"),
        ([{"low": "good", "high": "bad"}], "unreadable row 1"),
        ([{"low": "good"}, "bad"], "unreadable row 2"),
        ([{"low": "otherwise"}, {"high": "bad"}], "a row after otherwise"),
        ([{"none": "otherwise"}], "none of its categories"),
        ([{"low": "goood"}], "not a variable"),
        ([{"l'w": "good"}], "quotation mark"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_its_row(derive, said):
    with pytest.raises(DataMismatch) as refused:
        DataDictionary.from_dict(content(derive=derive))
    assert said in str(refused.value)


def test_an_ordered_table_is_for_a_category_and_a_tolerance_for_a_derived_number():
    read = content()
    read["variables"]["good"]["derive"] = [{"1": "bad"}]
    with pytest.raises(DataMismatch, match="derived by an ordered table"):
        DataDictionary.from_dict(read)
    with pytest.raises(DataMismatch, match="tolerance"):
        DataDictionary.from_dict(content(tolerance=0.1))
    read = content()
    read["variables"]["double"]["tolerance"] = 0
    with pytest.raises(DataMismatch, match="not above 0"):
        DataDictionary.from_dict(read)


def test_free_text_is_sensitive_and_never_modelled():
    dictionary = DataDictionary.from_text(TEMPLATE)
    assert dictionary.variables.note.identifier == "sensitive"
    assert "note" not in dictionary.modelled
    patients = pd.DataFrame({"note": ["seen again", None], "note_count": [1, 2]})
    assert dictionary.conform(patients)["note"].dtype == "string"
    assert dictionary.check(patients, require_core=False).ok


@pytest.mark.parametrize("wrong", [["days"], ["note"], ["unknown"], ["good", "good"]])
def test_a_covariate_is_a_variable_other_than_the_outcome_and_no_text(wrong):
    read = content()
    read["survival"]["covariates"] = wrong
    with pytest.raises(DataMismatch, match="covariate"):
        DataDictionary.from_dict(read)
