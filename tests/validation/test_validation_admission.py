"""Tables that cannot be compared are refused, without a patient's value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.validation import prepare, validate
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.suspicion import suspicions


def refused(*tables, **settings) -> str:
    with pytest.raises(DataMismatch) as caught:
        validate(*tables, **settings)
    error = caught.value
    assert error.exit_code == 3
    assert error.happened
    assert error.expected
    assert error.next_step
    return str(error)


def test_a_synthetic_table_that_lacks_a_variable_is_refused_by_name(train, ward):
    assert "lacks marker" in refused(train, train.drop(columns="marker"), ward)


def test_a_synthetic_table_that_adds_a_variable_is_refused_by_name(train, ward):
    assert "adds iron" in refused(train.drop(columns="iron"), train, ward)


def test_a_holdout_with_other_columns_is_refused(train, holdout, ward):
    said = refused(train, train, ward, holdout=holdout.drop(columns=["marker", "sex"]))
    assert "holdout" in said
    assert "marker, sex" in said


def test_a_table_of_another_dictionary_is_refused(ward):
    assert "none of the variables" in refused(pd.DataFrame({"x": [1.0]}), None, ward)


@pytest.mark.parametrize("place", ["real", "synthetic", "holdout"])
def test_empty_tables_are_refused(place, train, holdout, ward):
    tables = {"real": train, "synthetic": train, "holdout": holdout}
    tables[place] = tables[place].head(0)
    said = refused(tables["real"], tables["synthetic"], ward, holdout=tables["holdout"])
    assert f"The {place} table has no rows" in said


def test_something_that_is_no_table_is_refused(train, ward):
    assert "not a table" in refused(train, [1, 2], ward)


def test_a_real_table_without_an_event_is_refused(train, ward):
    assert "os_event" in refused(train.assign(os_event=0), train, ward)


def test_a_pseudonym_in_both_train_and_holdout_is_refused_without_naming_it(train, holdout, ward):
    leaking = pd.concat([holdout, train.head(2)], ignore_index=True)
    said = refused(train, train, ward, holdout=leaking)
    assert "2 holdout rows carry a pseudonym" in said
    assert "s1-" not in said


def test_holdout_rows_that_repeat_training_rows_under_new_names_are_refused(train, holdout, ward):
    leaking = pd.concat([holdout, train.head(6)], ignore_index=True)
    leaking["patient_id"] = [f"new-{number}" for number in range(len(leaking))]
    said = refused(train, train, ward, holdout=leaking)
    assert "6 of 306 holdout rows are identical" in said


def test_coarse_tables_may_share_rows_by_chance(make, ward):
    simulated, _ = make
    few = ["sex", "relapsed", "age"]
    coarse = [
        simulated(400, seed)[few].assign(age=lambda t: 18 + 20 * (t["age"] // 30))
        for seed in (5, 6)
    ]
    found = prepare(coarse[0], coarse[1], ward, draws=20)
    assert found.holdout.rows == 400


def test_the_centre_is_compared_only_where_both_tables_have_it(train, holdout, ward):
    found = prepare(train.drop(columns="hospital"), holdout, ward, draws=20)
    assert found.train.rows == len(train)


def test_a_constant_column_is_noted_and_does_no_harm(train, holdout, ward):
    flat = [table.head(150).assign(sex="F") for table in (train, holdout)]
    found = validate(flat[0], flat[0].sample(frac=1, random_state=0), ward, flat[1], draws=20)
    assert "constant in the real table: sex" in found["univariate_distance"].note
    assert "left out as constant or too rare: sex" in found["log_hr_error"].note
    assert found["log_hr_error"].computed


def test_an_error_holds_no_value_of_a_patient(train, ward):
    odd = train.astype({"marker": object})
    odd.loc[3, "marker"] = "secret-8731"
    assert "secret" not in refused(train, odd, ward)


def test_settings_that_cannot_be_used_are_refused(train, ward, reference):
    for settings in ({"metrics": "all"}, {"draws": 5}, {"seed": -1}, {"seed": 0.5}):
        with pytest.raises(ArgumentRefused):
            validate(train, train, ward, **settings)
    with pytest.raises(ArgumentRefused, match="No data dictionary"):
        validate(train, train)
    with pytest.raises(ArgumentRefused, match="already holds"):
        validate(reference, train, ward)


def test_columns_are_read_in_the_dictionarys_order_with_gaps_kept(train, ward):
    columns = read_columns(train, ward, ward.modelled)
    assert columns.rows == len(train)
    assert columns.levels["sex"] == ("F", "M")
    np.testing.assert_array_equal(np.isnan(columns.numeric["iron"]), train["iron"].isna())
    assert set(np.unique(columns.coded["relapsed"])) == {-1, 0, 1}
    assert columns.risk_levels == ("young", "old")
    assert "s1-0" not in repr(columns)


def test_a_synthetic_table_with_pseudonyms_beside_real_rows_without_is_refused_as_swapped(
    train, holdout, ward
):
    real = train.drop(columns="patient_id")
    with pytest.raises(DataMismatch, match=r"(?s)patient_id.*Swap the two tables"):
        validate(real, train, ward, holdout, draws=20)
    validate(train, train, ward, holdout, draws=20)


def test_swapped_tables_are_suspected_where_synthetic_rows_differ_from_real_ones(
    make, train, holdout, ward
):
    simulated, permuted = make
    synthetic = permuted(simulated(500, seed=5), seed=5)
    assert suspicions(validate(train, synthetic, ward, holdout, draws=20)) == ()
    swapped = suspicions(validate(synthetic, train, ward, holdout, draws=20))
    assert len(swapped) == 1
    assert "swapped" in swapped[0]


def test_without_held_out_patients_nothing_is_suspected(train, ward, make):
    assert suspicions(validate(train, make[0](300, seed=6), ward, draws=20)) == ()
