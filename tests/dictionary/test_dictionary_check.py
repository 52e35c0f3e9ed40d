"""Checking and conforming a table."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary, Finding, Findings
from synthema_lab.errors import ArgumentRefused, DataMismatch

DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small",
        "title": "Small",
        "version": "1",
        "source": "s",
        "licence": "l",
        "patient": "id",
        "variables": {
            "id": {"label": "Pseudonym", "type": "identifier"},
            "hb": {
                "label": "Haemoglobin",
                "type": "number",
                "unit": "g/dL",
                "range": [2, 25],
                "plausible": [4, 20],
                "missing": True,
            },
            "days": {"label": "Days", "type": "integer", "unit": "d", "range": [0, 100]},
            "died": {"label": "Died", "type": "boolean"},
            "sex": {"label": "Sex", "type": "category", "categories": ["F", "M"]},
            "ward": {
                "label": "Ward",
                "type": "category",
                "categories": {"1": "one", "2": "two"},
                "core": False,
                "missing": True,
            },
            "low": {
                "label": "Low haemoglobin",
                "type": "boolean",
                "derive": "hb < 10",
                "missing": True,
            },
        },
        "rules": {
            "dead_within_90": {"text": "Deaths fall within 90 days.",
                               "expression": "implies(died, days <= 90)"},
            "ward_two": {"text": "Ward 2 takes women.",
                         "expression": "implies(ward == '2', sex == 'F')"},
        },
    }
)  # fmt: skip


def good(**columns):
    table = {
        "id": ["a", "b", "c"],
        "hb": [9.5, None, 14.0],
        "days": [10, 20, 95],
        "died": [1, 0, 0],
        "sex": ["F", "M", "F"],
    }
    return pd.DataFrame(table | columns)


def found(table, **options):
    return [
        (finding.rule, finding.severity, finding.variable, finding.rows, finding.count)
        for finding in (
            *DICTIONARY.check(table, **options).errors,
            *DICTIONARY.check(table, **options).warnings,
        )
    ]


def test_a_good_table_has_no_finding_and_lists_what_could_not_be_decided():
    findings = DICTIONARY.check(good())
    assert findings.ok
    assert findings.errors == findings.warnings == ()
    assert findings.undecided == ("ward_two",)
    assert str(findings).startswith("3 rows: no error, no warning.")
    assert "ward_two" in findings._repr_html_()


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ({"hb": [9.5, "n/k", "14"]}, ("not_a_number", "error", "hb", (2,), 1)),
        ({"hb": [9.5, np.inf, 14]}, ("not_a_number", "error", "hb", (2,), 1)),
        ({"hb": [1.0, 30.0, 14]}, ("outside_limits", "error", "hb", (1, 2), 2)),
        ({"hb": [3.0, 14, 14]}, ("outside_plausible", "warning", "hb", (1,), 1)),
        ({"hb": [None, None, None]}, ("all_missing", "warning", "hb", (), 3)),
        (
            {"hb": pd.to_datetime(["2020-01-01"] * 3)},
            ("date_for_a_number", "error", "hb", (1, 2, 3), 3),
        ),
        ({"hb": [[1], {}, 2 + 1j]}, ("not_a_number", "error", "hb", (1, 2, 3), 3)),
        (
            {"hb": pd.Series([10**400, 14, 14], dtype=object)},
            ("not_a_number", "error", "hb", (1,), 1),
        ),
        (
            {"sex": pd.Series([10**5000, "F", "M"], dtype=object)},
            ("unknown_category", "error", "sex", (1,), 1),
        ),
        ({"days": [10, 20.5, 95]}, ("not_an_integer", "error", "days", (2,), 1)),
        ({"days": [10, None, 95]}, ("missing_value", "error", "days", (2,), 1)),
        ({"days": [10, "", 95]}, ("missing_value", "error", "days", (2,), 1)),
        ({"days": [None, None, None]}, ("all_missing", "error", "days", (), 3)),
        ({"died": [1, 2, 0]}, ("not_zero_or_one", "error", "died", (2,), 1)),
        ({"died": ["yes", 0, 0]}, ("not_a_number", "error", "died", (1,), 1)),
        ({"sex": ["F", "M", "x"]}, ("unknown_category", "error", "sex", (3,), 1)),
        ({"sex": ["F", "M", "m"]}, ("unknown_category", "error", "sex", (3,), 1)),
        ({"id": ["a", "b", "a"]}, ("duplicate_patient", "error", "id", (3,), 1)),
        ({"id": ["a", None, " "]}, ("missing_value", "error", "id", (2, 3), 2)),
        ({"days": [91, 20, 95]}, ("dead_within_90", "error", None, (1,), 1)),
        ({"ward": ["1", "2", "2"]}, ("ward_two", "error", None, (2,), 1)),
        ({"ward": [1, 2, 2]}, ("ward_two", "error", None, (2,), 1)),
        ({"ward": [1.0, None, 3.0]}, ("unknown_category", "error", "ward", (3,), 1)),
        ({"low": [0, 1, 0]}, ("derived_disagrees", "error", "low", (1,), 1)),
        ({"shoe": [1, 2, 3]}, ("unknown_column", "error", None, (), 0)),
    ],
)
def test_each_fault_is_found_once_with_its_rows(columns, finding):
    assert found(good(**columns)) == [finding]


@pytest.mark.parametrize(
    "columns",
    [
        {"died": [True, False, False]},
        {"died": ["1", "0", "0"]},
        {"died": pd.array([1, 0, 0], dtype="Int64")},
        {"hb": ["9.5", None, "1.4e1"]},
        {"hb": [Decimal("9.5"), None, 14]},
        {"hb": pd.array([9.5, None, 14], dtype="Float64")},
        {"days": [10.0, 20.0, 95.0]},
        {"sex": pd.Categorical(["F", "M", "F"])},
        {"sex": pd.array(["F", "M", "F"], dtype="string")},
        {"id": [1, 2, 3]},
        {"ward": ["1", None, "2"], "sex": ["F", "M", "F"]},
        {"low": [1, 1, 0]},
    ],
)
def test_the_same_table_written_otherwise_is_as_good(columns):
    assert found(good(**columns)) == []
    assert DICTIONARY.check(DICTIONARY.conform(good(**columns))).ok


def test_absent_core_columns_are_errors_unless_a_subset_is_asked_for():
    table = good().drop(columns=["days", "sex"])
    assert [(rule, variable) for rule, _, variable, _, _ in found(table)] == [
        ("missing_column", "days"),
        ("missing_column", "sex"),
    ]
    findings = DICTIONARY.check(table, require_core=False)
    assert findings.ok
    assert findings.undecided == ("dead_within_90", "ward_two")


def test_an_unknown_column_comes_with_the_nearest_known_name():
    findings = DICTIONARY.check(good().rename(columns={"days": "dayss"}))
    assert [finding.rule for finding in findings.errors] == ["missing_column", "unknown_column"]
    assert "Did you mean days?" in findings.errors[1].message


def test_a_repeated_column_is_an_error():
    table = pd.concat([good(), good()[["hb"]]], axis=1)
    assert ("repeated_column", "error", "hb", (), 0) in found(table)
    with pytest.raises(DataMismatch, match="more than once: hb"):
        DICTIONARY.conform(table)


def test_an_empty_table_is_an_error_and_can_be_conformed():
    findings = DICTIONARY.check(good().iloc[:0])
    assert [finding.rule for finding in findings.errors] == ["empty_table"]
    assert DICTIONARY.conform(good().iloc[:0]).dtypes["hb"] == "float64"
    assert DICTIONARY.derive(good().iloc[:0])["low"].empty
    assert not DICTIONARY.check(pd.DataFrame()).ok


def test_a_file_without_header_does_not_name_what_stands_there():
    table = pd.DataFrame([["b", 9]], columns=["SECRET", "12345"])
    text = str(DICTIONARY.check(table))
    assert "SECRET" not in text
    assert "12345" not in text
    assert "column 1" in text
    with pytest.raises(DataMismatch, match="column 1, column 2"):
        DICTIONARY.conform(table)


def test_at_most_twenty_rows_are_kept_and_all_are_counted():
    table = pd.concat([good(hb=[1.0, 1.0, 1.0], id=[f"{i}a", f"{i}b", f"{i}c"]) for i in range(50)])
    finding = DICTIONARY.check(table).errors[0]
    assert finding.rows == tuple(range(1, 21))
    assert finding.count == 150


def test_findings_are_a_table_and_escaped_in_html():
    finding = Finding("r", "error", "<b>", (1, 2), 2, "a < b")
    findings = Findings(errors=(finding,), rows=2)
    assert findings.table().loc[0].to_dict() == {
        "severity": "error", "rule": "r", "variable": "<b>", "count": 2, "rows": (1, 2),
        "message": "a < b",
    }  # fmt: skip
    assert "<b>" not in findings._repr_html_()
    assert "&lt;b&gt;" in findings._repr_html_()
    assert str(finding) == "error: a < b (rows 1, 2)"
    assert list(Findings().table().columns) == list(findings.table().columns)


@pytest.mark.parametrize("thing", [None, [1, 2], "patients.csv", pd.DataFrame({("hb", "a"): [1]})])
def test_what_is_no_table_is_refused(thing):
    for function in (DICTIONARY.check, DICTIONARY.conform, DICTIONARY.derive):
        with pytest.raises(ArgumentRefused):
            function(thing)


def test_a_conformed_table_has_the_dictionarys_types_order_and_its_own_index():
    raw = good(ward=["2", None, "1"], low=[1, None, 0]).iloc[:, ::-1].set_index(pd.Index([7, 5, 7]))
    patients = DICTIONARY.conform(raw)
    assert patients.dtypes.astype(str).to_dict() == {
        "id": "string", "hb": "float64", "days": "Int64", "died": "Int64",
        "sex": "category", "ward": "category", "low": "Int64",
    }  # fmt: skip
    assert list(patients.columns) == list(DICTIONARY.variables)
    assert list(patients["ward"].cat.categories) == ["1", "2"]
    assert patients.index.tolist() == [7, 5, 7]
    assert patients["hb"].isna().tolist() == [False, True, False]
    pd.testing.assert_frame_equal(DICTIONARY.conform(patients), patients)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"hb": ["x", 1, 2]}, "hb cannot be read in 1 row: 1."),
        ({"hb": [np.inf, 1, -np.inf]}, "hb cannot be read in 2 rows: 1, 3."),
        ({"hb": [datetime.date(2020, 1, 1), 1, 2]}, "hb cannot be read in 1 row: 1."),
        ({"days": [1.5, 2, 3]}, "days cannot be read"),
        ({"days": [1e300, 2, 3]}, "days cannot be read"),
        ({"died": [2, 0, 1]}, "died cannot be read"),
        ({"sex": ["f", "F", "M"]}, "sex cannot be read"),
        ({"dayss": [1, 2, 3]}, "Did you mean days?"),
    ],
)
def test_what_cannot_be_conformed_is_refused(columns, says):
    with pytest.raises(DataMismatch) as refused:
        DICTIONARY.conform(good(**columns))
    assert says in str(refused.value)


def test_a_limit_or_a_rule_does_not_stop_a_table_from_being_conformed():
    patients = DICTIONARY.conform(good(hb=[1000.0, None, 5], days=[99, 1, 1]))
    assert patients["hb"].tolist()[0] == 1000.0


def test_derived_variables_are_recomputed_where_inputs_are_present():
    derived = DICTIONARY.derive(good(low=[0, 0, 0]))
    assert derived["low"].tolist() == [1, pd.NA, 0]
    without = DICTIONARY.derive(good(low=[0, 0, 0]).drop(columns="hb"))
    assert without["low"].tolist() == [0, 0, 0]
    assert "low" not in DICTIONARY.derive(good().drop(columns="hb"))


def test_a_derived_number_may_be_rounded_at_the_source():
    dictionary = DataDictionary.from_dict(
        {"name": "b", "title": "b", "version": "1", "source": "s", "licence": "l",
         "variables": {
             "kg": {"label": "Weight", "type": "number"},
             "m": {"label": "Height", "type": "number"},
             "bmi": {"label": "BMI", "type": "number", "derive": "kg / m ** 2"}}}
    )  # fmt: skip
    table = pd.DataFrame({"kg": [70.0, 70.0], "m": [1.75, 1.75], "bmi": [22.9, 24.9]})
    assert [finding.rows for finding in dictionary.check(table).errors] == [(2,)]


def test_a_derived_integer_is_rounded_to_the_nearest():
    dictionary = DataDictionary.from_dict(
        {"name": "b", "title": "b", "version": "1", "source": "s", "licence": "l",
         "variables": {
             "days": {"label": "Days", "type": "integer"},
             "months": {"label": "Months", "type": "integer", "derive": "days / 30"}}}
    )  # fmt: skip
    derived = dictionary.derive(pd.DataFrame({"days": [44, 46, 60]}))
    assert derived["months"].tolist() == [1, 2, 2]


def test_decidable_splits_rules_by_the_columns_at_hand():
    can, cannot = DICTIONARY.decidable(["died", "days"])
    assert [rule.name for rule in can] == ["dead_within_90"]
    assert [rule.name for rule in cannot] == ["ward_two"]


def test_a_check_does_not_change_the_table():
    table = good(ward=[1, 2, 2], low=[1, None, 0])
    before = table.copy(deep=True)
    DICTIONARY.check(table), DICTIONARY.conform(table), DICTIONARY.derive(table)
    pd.testing.assert_frame_equal(table, before)


def test_a_hundred_thousand_rows_of_ninety_columns_are_checked_in_five_seconds():
    rng, rows = np.random.default_rng(0), 100_000
    variables = {"id": {"label": "id", "type": "identifier"}}
    columns = {"id": np.array([f"P{number}" for number in range(rows)], dtype=object)}
    for number in range(45):
        variables[f"n{number}"] = {"label": "n", "type": "number", "range": [0, 1]}
        columns[f"n{number}"] = rng.random(rows)
        variables[f"c{number}"] = {"label": "c", "type": "category", "categories": ["p", "q"]}
        columns[f"c{number}"] = np.array(["p", "q"], dtype=object)[rng.integers(0, 2, rows)]
    rules = {
        f"r{number}": {"text": "t", "expression": f"implies(c{number} == 'p', n{number} <= 1)"}
        for number in range(45)
    }
    dictionary = DataDictionary.from_dict(
        {"name": "b", "title": "b", "version": "1", "source": "s", "licence": "l",
         "patient": "id", "variables": variables, "rules": rules}
    )  # fmt: skip
    table = pd.DataFrame(columns)
    started = time.perf_counter()
    assert dictionary.check(table).ok
    assert time.perf_counter() - started < 5
