"""Sites answer questions together by opened sums, and by nothing else."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.federation.statistics import Consortium, Question
from synthema_lab.secure_aggregation.errors import (
    TooFewSites,
    ValueBeyondClip,
    ValueNotFinite,
    VectorRefused,
)

from .tiny_cohort import DICTIONARY, any_sites, consortium, patients, pooled, simulated

SITES = simulated([20, 7, 0])


def size(patients):
    return np.array([len(patients)])


# Sums


def test_whole_numbers_are_summed_exactly_and_listed():
    asked = consortium(SITES)
    assert asked.sum("patients", size).tolist() == [27]
    (opening,) = asked.opened
    assert (opening.purpose, opening.length, opening.noised) == ("patients", 1, False)
    assert opening.error.tolist() == [0]
    assert opening.values.tolist() == [27]
    assert asked.openings().iloc[0].to_dict() == {
        "purpose": "patients",
        "numbers": 1,
        "kind": "whole",
        "error": 0.0,
        "noise_sd": 0.0,
        "epsilon": pytest.approx(np.nan, nan_ok=True),
    }


def test_the_list_of_openings_shows_no_value():
    asked = consortium(SITES)
    asked.sum("patients", size)
    for text in (str(asked.opened), repr(asked.opened[0]), asked.openings().to_string()):
        assert "27" not in text


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=2, max_size=2), min_size=3, max_size=5),
    st.sampled_from([1e-3, 1.0, 7.3, 1e9]),
)
def test_real_sums_are_within_the_listed_error(values, clip):
    sites = {f"site-{at}": SITES["milan"] for at in range(len(values))}
    vectors = iter([np.array(vector) * clip for vector in values])
    asked = consortium(sites)
    opened = asked.sum("anything", lambda patients: next(vectors), clip=np.array([clip, clip]))
    for place, total in enumerate(opened):
        exact = sum(Fraction(float(np.float64(vector[place]) * clip)) for vector in values)
        error = asked.opened[0].error[place]
        assert abs(Fraction(float(total)) - exact) <= Fraction(float(error)) + abs(exact) / 2**52
        assert error <= clip * len(values) * 2**-50


def test_a_question_asked_again_under_its_key_opens_nothing_new():
    asked = consortium(SITES)
    first = asked.rows(["lab"])
    assert asked.rows(["lab"]) == first
    assert len(asked.opened) == 1
    asked.rows(["lab"], "dead == 1")
    assert len(asked.opened) == 2


def test_numbers_of_patients_are_printed_only_where_they_may_be_shown():
    sites = {name: patients([(1, 1, "A", 1, None), (1, 1, "A", 1, 2.0)]) for name in "abc"}
    assert repr(consortium(sites, smallest_cell=4).rows(["lab"])) == (
        "RowsUsed(used=hidden, unused=hidden)"
    )
    assert repr(consortium(sites, smallest_cell=3).rows(["lab"])) == "RowsUsed(used=3, unused=3)"


def test_what_was_opened_cannot_be_changed_through_what_was_returned():
    asked = consortium(SITES)
    asked.sum("patients", size, key="k")[0] = 99
    assert asked.sum("patients", size, key="k").tolist() == [27]


@settings(max_examples=20, deadline=None)
@given(any_sites())
def test_used_and_unused_patients_are_those_of_the_pooled_table(sites):
    rows = consortium(sites).rows(["lab", "arm"], "dead == 1")
    everyone = pooled(sites)
    asked = everyone[(everyone["dead"] == 1).fillna(True).astype(bool)]
    complete = everyone.dropna(subset=["lab", "arm"])
    used = int((complete["dead"] == 1).sum())
    assert (rows.used, rows.unused) == (used, len(asked) - used)


def test_the_local_part_gets_the_complete_patients_with_plain_types():
    seen = []

    def local(patients):
        seen.append(patients)
        return size(patients)

    sites = {name: patients([(1, 1, "B", None, 2.0), (2, None, "A", 1, 1.0)]) for name in "abc"}
    assert consortium(sites).sum("x", local, variables=["dead", "arm"]).tolist() == [3]
    assert list(seen[0].columns) == ["dead", "arm"]
    assert seen[0]["dead"].dtype == np.int64
    assert list(seen[0]["arm"].cat.categories) == ["A", "B", "C"]


def test_a_derived_variable_can_be_asked_where_its_inputs_are():
    from synthema_lab.cohorts import load_cohort

    cohort = load_cohort("leuksurv")
    sites = {name: table.drop(columns="age_group") for name, table in cohort.sites().items()}
    asked = Consortium(sites, cohort.dictionary)
    expected = (cohort.patients["age_group"] == ">70").sum()
    assert asked.rows([], "age_group == '>70'").used == expected


# Refused


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_sites_are_refused(number):
    with pytest.raises(TooFewSites):
        consortium(dict(list(SITES.items())[:number]))


def test_sites_without_names_are_refused():
    with pytest.raises(ArgumentRefused, match="no names"):
        consortium(list(SITES.values()))


@pytest.mark.parametrize("cell", [0, -1, 2.5, True, "5"])
def test_a_smallest_cell_that_means_nothing_is_refused(cell):
    with pytest.raises(ArgumentRefused, match="smallest_cell"):
        consortium(SITES, smallest_cell=cell)


def test_an_unknown_column_names_the_site_and_the_column():
    sites = SITES | {"milan": SITES["milan"].assign(labb=1.0)}
    with pytest.raises(DataMismatch, match=r"At milan: .*labb"):
        consortium(sites)


def test_a_value_of_the_wrong_type_names_site_variable_and_row_and_never_the_value():
    wrong = SITES["bern"].astype({"lab": object})
    wrong.loc[3, "lab"] = "Jean Dupont"
    with pytest.raises(DataMismatch, match=r"At bern: lab .*1 row: 4") as caught:
        consortium(SITES | {"bern": wrong})
    assert "Dupont" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_site_without_a_variable_is_named_when_it_is_asked_for():
    asked = consortium(SITES | {"bern": SITES["bern"].drop(columns="lab")})
    assert asked.rows(["arm"]).used == 27
    for question in ({"variables": ["lab"]}, {"variables": ["arm"], "where": "lab > 0"}):
        with pytest.raises(DataMismatch, match="bern has no variable lab"):
            asked.rows(**question)
    assert len(asked.opened) == 1


def test_an_unknown_variable_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentRefused, match="Did you mean months"):
        consortium(SITES).rows(["month"])


@pytest.mark.parametrize(
    "where", ["", "lab >", "labb > 0", "lab + 1", "arm == 'D'", "__import__('os')", "note.lab > 1"]
)
def test_a_condition_outside_the_rule_language_is_refused(where):
    with pytest.raises(ArgumentRefused, match="condition cannot be used") as caught:
        Question(DICTIONARY, (), where)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("vector", "named", "error"),
    [
        (np.array([0.5]), {}, VectorRefused),
        (np.array([[1]]), {}, VectorRefused),
        (np.array([]), {"clip": 1.0}, VectorRefused),
        ([1], {}, VectorRefused),
        (np.array(["a"]), {"clip": 1.0}, VectorRefused),
        (np.array([np.nan]), {"clip": 1.0}, ValueNotFinite),
        (np.array([np.inf]), {"clip": 1.0}, ValueNotFinite),
        (np.array([1.5]), {"clip": 1.0}, ValueBeyondClip),
        (np.array([11]), {"bound": 10}, ValueBeyondClip),
        (np.array([0.5, 0.5]), {"clip": np.ones(3)}, VectorRefused),
        (np.array([0.5]), {"clip": 0.0}, ArgumentRefused),
        (np.array([0.5]), {"clip": np.inf}, ArgumentRefused),
    ],
)
def test_a_vector_that_does_not_fit_what_was_agreed_is_refused(vector, named, error):
    asked = consortium(SITES)
    with pytest.raises(error):
        asked.sum("anything", lambda patients: vector, **named)
    assert asked.opened == []


def test_vectors_of_unequal_length_are_refused():
    with pytest.raises(DataMismatch, match="differ in length"):
        consortium(SITES).sum("x", lambda patients: np.ones(1 + len(patients) % 3, dtype=int))


def test_a_failing_local_part_names_the_site_and_hides_what_it_met():
    def local(patients):
        raise ValueError(f"could not use {patients['lab'].iloc[0]}")

    with pytest.raises(DataMismatch, match=r"failed at basel \(ValueError\)") as caught:
        consortium(SITES).sum("x", local, variables=["lab"])
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_local_parts_can_travel_to_a_hospital():
    import pickle

    from synthema_lab.federation.statistics.exits import local_exits

    local = partial(
        local_exits, time="months", event="dead", by=None, groups=1, edges=np.array([0.0, 24.0])
    )
    sent = pickle.loads(pickle.dumps(local))
    site = pd.DataFrame({"months": [3.0, 30.0], "dead": [1, 1]})
    assert sent(site).tolist() == local(site).tolist() == [1, 1]


def test_a_round_is_bound_to_all_that_is_public_in_its_question():
    from synthema_lab.federation.statistics.exits import local_exits
    from synthema_lab.federation.statistics.vector import question_digest

    question = Question(DICTIONARY, ("months", "dead"))
    local = partial(local_exits, time="months", event="dead", by=None, groups=1)
    asked = ("x", question, partial(local, edges=np.array([0.0, 24.0])), None)
    digests = {
        question_digest(*asked),
        question_digest("y", *asked[1:]),
        question_digest("x", Question(DICTIONARY, ("months", "dead"), "lab > 0"), *asked[2:]),
        question_digest("x", question, partial(local, edges=np.array([0.0, 23.0])), None),
        question_digest("x", question, size, None),
        question_digest(*asked[:3], 8.0),
    }
    assert len(digests) == 6
    assert question_digest(*asked) in digests
