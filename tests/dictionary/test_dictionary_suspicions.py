"""What hospital exports really get wrong is named as such, and true data are left in peace."""

from __future__ import annotations

import datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.check import check
from synthema_lab.dictionary.remedies import OF_A_RULE, REMEDIES, remedies

TODAY = datetime.date(2026, 7, 1)
SUSPECTED = {
    "unit_mixed_up", "swapped_columns", "codes_of_another", "in_the_future", "before_diagnosis",
    "direct_identifier", "date_for_a_number", "decimal_comma", "repeated_row",
}  # fmt: skip


@cache
def cohort_of(name):
    simulated = {} if name == "leuksurv" else {"patients": 500, "seed": 3}
    return load_cohort(name, **simulated)


def number(unit, limits, plausible=None, kind="number", **more):
    declared = {"label": "n", "type": kind, "unit": unit, "range": list(limits), "missing": True}
    return declared | ({"plausible": list(plausible)} if plausible else {}) | more


VARIABLES = {
    "patient_id": {"label": "Pseudonym", "type": "identifier"},
    "hb_gdl": number("g/dL", (2, 25), (4, 20)),
    "plt_gl": number("10*9/L", (1, 3000), (20, 1200)),
    "creat_mgdl": number("mg/dL", (0.05, 30), (0.2, 12), molar_mass=113.12),
    "ldh_ul": number("U/L", (10, 50000), (80, 12000)),
    "ferritin_ugl": number("ug/L", (1, 100000), (10, 5000)),
    "height_cm": number("cm", (45, 230), (60, 210)),
    "age_years": number("a", (1, 110), (18, 100)),
    "blasts_pct": number("%", (0, 100)),
    "circularity": number("1", (0, 1), (0.3, 1)),
    "os_days": number("d", (0, 8000), kind="integer"),
    "died": {"label": "d", "type": "boolean", "missing": True},
    "dx_year": number("a", (1950, 2100), kind="integer"),
    "sex": {"label": "s", "type": "category", "categories": ["F", "M"], "missing": True},
    "fab": {"label": "f", "type": "category", "categories": ["M0", "M1", "M2"], "missing": True},
}
DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small", "title": "Small", "version": "1", "source": "s", "licence": "l",
        "patient": "patient_id", "variables": VARIABLES,
        "survival": {"time": "os_days", "event": "died", "horizon": 1000},
    }
)  # fmt: skip


def good(rows=40, **columns):
    rng = np.random.default_rng(4)
    table = {
        "patient_id": [f"P{at:03d}" for at in range(rows)],
        "hb_gdl": rng.uniform(6, 16, rows).round(1),
        "plt_gl": rng.uniform(25, 400, rows).round(),
        "creat_mgdl": rng.uniform(0.5, 1.6, rows).round(2),
        "ldh_ul": rng.uniform(150, 900, rows).round(),
        "ferritin_ugl": rng.uniform(30, 2000, rows).round(),
        "height_cm": rng.uniform(150, 195, rows).round(),
        "age_years": rng.integers(20, 90, rows).astype(float),
        "blasts_pct": rng.uniform(5, 95, rows).round(),
        "circularity": rng.uniform(0.5, 0.95, rows).round(2),
        "os_days": rng.integers(1, 3000, rows),
        "died": rng.integers(0, 2, rows),
        "dx_year": rng.integers(1995, 2026, rows),
        "sex": rng.choice(["F", "M"], rows),
        "fab": rng.choice(["M0", "M1", "M2"], rows),
    }
    return pd.DataFrame(table | columns)


def found(table, rule):
    findings = check(DICTIONARY, table, True, today=TODAY)
    return [f for f in (*findings.errors, *findings.warnings) if f.rule == rule]


def test_a_good_table_raises_no_suspicion():
    findings = check(DICTIONARY, good(), True, today=TODAY)
    assert findings.errors == findings.warnings == ()


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
@pytest.mark.parametrize("rows", [7, 30, 400])
def test_true_and_plausible_patients_raise_no_suspicion(name, rows):
    cohort = cohort_of(name)
    rng = np.random.default_rng(2)
    invented = mock_patients(cohort.dictionary, rows, rng)
    for table in (cohort.patients.sample(rows, random_state=5), invented):
        findings = check(cohort.dictionary, table, True, today=TODAY)
        assert not SUSPECTED & {f.rule for f in (*findings.errors, *findings.warnings)}


@pytest.mark.parametrize("name", ["leuksurv", "scd", "aml"])
def test_the_most_extreme_true_patients_raise_no_suspicion(name):
    cohort = cohort_of(name)
    patients, dictionary = cohort.patients, cohort.dictionary
    for variable in patients.columns[::4]:
        ordered = patients.sort_values(variable)
        for table in (ordered.head(15), ordered[ordered[variable].notna()].tail(15)):
            if len(table):
                assert not SUSPECTED & {f.rule for f in dictionary.check(table).errors}


# Units.


@pytest.mark.parametrize(
    ("name", "factor", "unit", "advice"),
    [
        ("hb_gdl", 10, "g/L", "divide by 10"),
        ("plt_gl", 1000, "/uL", "divide by 1000"),
        ("creat_mgdl", 88.4, "umol/L", "multiply by 0.01131"),
        ("ldh_ul", 1 / 60, "ukat/L", "multiply by 60"),
        ("ferritin_ugl", 1e-3, "mg/L", "multiply by 1000"),
        ("height_cm", 0.01, "m", "multiply by 100"),
        ("height_cm", 10, "mm", "divide by 10"),
        ("age_years", 12, "months", "divide by 12"),
        ("blasts_pct", 0.01, "shares of 1", "multiply by 100"),
        ("circularity", 100, "%", "divide by 100"),
    ],
)
def test_a_column_in_another_unit_is_told_with_the_unit_and_what_to_do(name, factor, unit, advice):
    (finding,) = found(good(**{name: good()[name] * factor}), "unit_mixed_up")
    assert finding.variable == name
    assert finding.severity == "error"
    assert f"in {unit}" in finding.message
    assert f"{VARIABLES[name]['unit']} is due" in finding.message
    assert advice in finding.message


def test_one_centres_rows_in_another_unit_are_told_by_their_rows():
    haemoglobin = good()["hb_gdl"].to_numpy().copy()
    haemoglobin[10:14] *= 10
    (finding,) = found(good(hb_gdl=haemoglobin), "unit_mixed_up")
    assert finding.rows == (11, 12, 13, 14)
    assert finding.message == (
        "hb_gdl looks as if it were in g/L in 4 of 40 values; g/dL is due: divide by 10."
    )


def test_a_column_wholly_inside_its_limits_and_outside_what_is_usual_is_told():
    table = good(ferritin_ugl=good()["ferritin_ugl"] / 200)
    assert table["ferritin_ugl"].median() < 10
    table = table.assign(ferritin_ugl=table["ferritin_ugl"].clip(1, 9))
    assert not found(table, "outside_limits")
    (finding,) = found(table, "unit_mixed_up")
    assert "ug/dL" in finding.message


@pytest.mark.parametrize("code", [999, 9999])
def test_a_number_that_means_not_known_is_in_no_unit(code):
    ages = good()["age_years"].to_numpy().copy()
    ages[:5] = code
    assert found(good(age_years=ages), "outside_limits")
    assert not found(good(age_years=ages), "unit_mixed_up")


def test_a_column_of_few_blasts_is_not_taken_for_shares():
    rng = np.random.default_rng(1)
    blasts = np.where(rng.random(40) < 0.7, 0.0, rng.integers(1, 60, 40))
    assert not found(good(blasts_pct=blasts), "unit_mixed_up")


# Dates, years and times.


@pytest.mark.parametrize(
    "date", ["2020-01-31", "31.1.2020", "31/01/2020", "2020-01-31T10:00:00Z", "31.01.20"]
)
def test_dates_where_days_are_due_are_called_dates(date):
    days = good()["os_days"].astype(object)
    days[[2, 5]] = date
    (finding,) = found(good(os_days=days), "date_for_a_number")
    assert finding.rows == (3, 6)
    assert finding.message == "os_days holds dates; days since diagnosis are due."
    assert not found(good(os_days=days), "not_a_number")


def test_a_column_of_timestamps_is_called_dates():
    stamps = pd.Series(pd.date_range("2020-01-01", periods=40))
    assert found(good(os_days=stamps), "date_for_a_number")[0].count == 40


def test_dates_and_years_in_the_future_are_told():
    days = good()["os_days"].astype(object)
    days[[2, 5]] = "2026-01-31", "2031-01-31"
    years = good()["dx_year"].to_numpy().copy()
    years[[0, 1]] = 2026, 2027
    findings = found(good(os_days=days, dx_year=years), "in_the_future")
    assert [(f.variable, f.rows) for f in findings] == [("os_days", (6,)), ("dx_year", (2,))]


def test_a_negative_time_is_an_event_before_the_diagnosis():
    days = good()["os_days"].to_numpy().copy()
    days[3] = -12
    (finding,) = found(good(os_days=days), "before_diagnosis")
    assert finding.rows == (4,)
    assert finding.message == "os_days is negative: an event before the diagnosis."
    assert not found(good(os_days=days), "outside_limits")
    ages = good()["age_years"].to_numpy().copy()
    ages[3] = -1
    assert not found(good(age_years=ages), "before_diagnosis")
    assert found(good(age_years=ages), "outside_limits")


# Decimal commas.


def test_decimal_commas_are_named_and_other_texts_stay_no_numbers():
    haemoglobin = good()["hb_gdl"].astype(object)
    haemoglobin[[1, 2, 7]] = "7,9", " 10,25 ", "n/k"
    table = good(hb_gdl=haemoglobin)
    assert found(table, "decimal_comma")[0].rows == (2, 3)
    assert found(table, "not_a_number")[0].rows == (8,)


def test_a_rule_is_not_broken_by_a_cell_that_cannot_be_read():
    dictionary = load_cohort("leuksurv").dictionary
    patients = load_cohort("leuksurv").patients.head(20).astype({"os_days": object})
    patients.loc[3, "os_days"] = "2020-01-01"
    assert [f.rule for f in dictionary.check(patients).errors] == ["date_for_a_number"]


# Swapped columns.


def test_two_swapped_columns_of_numbers_are_told_and_not_taken_for_units():
    table = good().rename(columns={"hb_gdl": "plt_gl", "plt_gl": "hb_gdl"})
    (finding,) = found(table, "swapped_columns")
    assert "hb_gdl and plt_gl look interchanged" in finding.message
    assert not found(table, "unit_mixed_up")


def test_two_swapped_columns_of_categories_and_of_both_kinds_are_told():
    for one, other in (("sex", "fab"), ("sex", "age_years")):
        table = good().rename(columns={one: other, other: one})
        (finding,) = found(table, "swapped_columns")
        assert {one, other} <= set(finding.message.replace(",", "").split())


def test_a_category_that_holds_anothers_codes_is_told():
    (finding,) = found(good(fab=good()["sex"]), "codes_of_another")
    assert finding.message == "fab holds the codes of sex."


def test_a_column_of_nonsense_is_not_taken_for_a_swap():
    assert not found(good(fab=["?"] * 40, sex=["x"] * 40), "swapped_columns")


# Copies and derived values.


def test_a_row_repeated_under_another_pseudonym_is_a_warning():
    table = pd.concat([good(), good().iloc[[4]].assign(patient_id="P900")], ignore_index=True)
    (finding,) = found(table, "repeated_row")
    assert finding.severity == "warning"
    assert finding.rows == (41,)
    assert not found(table.assign(hb_gdl=[*good()["hb_gdl"], 9.9]), "repeated_row")


def test_rows_that_agree_in_next_to_nothing_are_no_copies():
    table = pd.DataFrame({"patient_id": good()["patient_id"], "sex": "F", "died": 1})
    assert not found(table, "repeated_row")


def test_a_derived_number_may_lie_as_far_off_as_the_dictionary_tolerates():
    def declared(tolerance):
        return DataDictionary.from_dict(
            {"name": "b", "title": "b", "version": "1", "source": "s", "licence": "l",
             "variables": {
                 "hb": {"label": "h", "type": "number"}, "mchc": {"label": "m", "type": "number"},
                 "hct": {"label": "c", "type": "number", "derive": "100 * hb / mchc"} | tolerance}}
        )  # fmt: skip

    table = pd.DataFrame({"hb": [10.0, 10.0], "mchc": [33.0, 33.0], "hct": [31.5, 36.0]})
    rows = [f.rows for f in declared({}).check(table).errors]
    assert rows == [(1, 2)]
    assert [f.rows for f in declared({"tolerance": 0.1}).check(table).errors] == [(2,)]


def test_each_finding_has_its_advice_once():
    table = good(hb_gdl=good()["hb_gdl"] * 10, plt_gl=good()["plt_gl"] * 1000)
    advice = remedies(check(DICTIONARY, table, True, today=TODAY).errors)
    assert advice == (REMEDIES["outside_limits"], REMEDIES["unit_mixed_up"])
    assert all(text.endswith(".") for text in (*REMEDIES.values(), OF_A_RULE))
