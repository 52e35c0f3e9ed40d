"""A pandera schema made from a dictionary agrees with the dictionary's own check."""

from __future__ import annotations

import builtins

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.schema import pandera_schema
from synthema_lab.errors import ExtraMissing

pandera = pytest.importorskip("pandera.pandas", reason="the extra 'schemas' is not installed")


def failed(dictionary, table):
    """Names of what a schema finds: checks, and columns absent or unknown."""
    try:
        pandera_schema(dictionary).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as found:
        return set(found.failure_cases["check"].astype(str))
    return set()


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
def test_a_good_table_passes(name):
    dictionary = DataDictionary.load(name)
    patients = mock_patients(dictionary, 60, np.random.default_rng(1))
    assert dictionary.check(patients).ok
    assert failed(dictionary, patients) == set()


@pytest.fixture(scope="module")
def register():
    return load_cohort("leuksurv")


def changed(patients, **columns):
    """The first 50 patients, the third of them with other values."""
    patients = patients.head(50).copy()
    for name, value in columns.items():
        patients.loc[patients.index[2], name] = value
    return patients


@pytest.mark.parametrize(
    ("columns", "check", "says"),
    [
        ({"age_years": 120}, "outside_limits", "within 14 to 105"),
        ({"wbc_gl": 501.0}, "outside_limits", "within 0 to 500"),
        ({"os_event": 2}, "not_zero_or_one", "zero_or_one"),
        ({"sex": None}, "missing_value", "not_nullable"),
        ({"age_years": pd.NA}, "missing_value", "not_nullable"),
        ({"patient_id": "LS-0001"}, "duplicate_patient", "field_uniqueness"),
        (
            {"os_days": 6200, "age_years": 95, "age_group": ">70"},
            "age_at_last_contact_within_human_life",
            "age_at_last_contact_within_human_life",
        ),
    ],
)
def test_what_a_check_finds_a_schema_finds(register, columns, check, says):
    patients = changed(register.patients, **columns)
    first = register.patients["patient_id"].iloc[0]
    if "patient_id" in columns:
        patients.loc[patients.index[2], "patient_id"] = first
    errors = {finding.rule for finding in register.dictionary.check(patients).errors}
    assert check in errors
    assert says in failed(register.dictionary, patients)


def test_absent_and_unknown_columns_are_found(register):
    patients = register.patients.head(20)
    assert "column_in_dataframe" in failed(register.dictionary, patients.drop(columns="sex"))
    assert "column_in_schema" in failed(register.dictionary, patients.assign(shoe=1))
    assert failed(register.dictionary, patients.drop(columns="age_group")) == set()


def test_types_are_those_that_conforming_gives(register):
    raw = register.patients.head(20).astype({"sex": object})
    assert failed(register.dictionary, raw)
    assert failed(register.dictionary, register.dictionary.conform(raw)) == set()


def test_a_rule_that_cannot_be_decided_is_not_broken():
    dictionary = DataDictionary.from_dict(
        {"name": "s", "title": "s", "version": "1", "source": "s", "licence": "l",
         "variables": {"x": {"label": "x", "type": "number", "missing": True},
                       "y": {"label": "y", "type": "number", "core": False}},
         "rules": {"x_below_y": {"text": "t", "expression": "x < y"}}}
    )  # fmt: skip
    assert failed(dictionary, pd.DataFrame({"x": [1.0, np.nan], "y": [2.0, 0.0]})) == set()
    assert failed(dictionary, pd.DataFrame({"x": [1.0]})) == set()
    assert failed(dictionary, pd.DataFrame({"x": [3.0], "y": [2.0]})) == {"x_below_y"}


def test_without_pandera_the_extra_is_named(monkeypatch, register):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("pandera"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match="pandera") as refused:
        pandera_schema(register.dictionary)
    assert "synthema-lab[schemas]" in refused.value.next_step
