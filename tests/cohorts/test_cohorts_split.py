"""Sites, holdouts, and patients who occur twice."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.cohorts import check_sites, load_cohort, split_holdout, split_sites
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused, DataMismatch

DICTIONARY = DataDictionary.from_dict(
    {
        "name": "small", "title": "Small", "version": "1", "source": "s", "licence": "l",
        "patient": "id", "centre": "ward",
        "variables": {
            "id": {"label": "Pseudonym", "type": "identifier"},
            "ward": {"label": "Ward", "type": "category", "categories": ["1", "2", "3"]},
            "x": {"label": "x", "type": "number", "missing": True},
        },
    }
)  # fmt: skip
NO_ROLES = DataDictionary.from_dict(
    {"name": "n", "title": "n", "version": "1", "source": "s", "licence": "l",
     "variables": {"x": {"label": "x", "type": "number"}}}
)  # fmt: skip


def patients(ids, wards=None):
    wards = wards or [1 + at % 3 for at in range(len(ids))]
    return pd.DataFrame({"id": ids, "ward": wards, "x": np.arange(len(ids), dtype=float)})


def test_each_centre_is_a_site_in_the_order_of_its_codes():
    sites = split_sites(patients(list("abcd"), [3, 1, 3, 1]), DICTIONARY)
    assert {name: table["id"].tolist() for name, table in sites.items()} == {
        "1": ["b", "d"], "3": ["a", "c"],
    }  # fmt: skip


def test_centres_can_be_grouped_into_named_sites():
    groups = {"2": "south", "1": "north", "3": "north"}
    sites = split_sites(patients(list("abc"), [1, 2, 3]), DICTIONARY, groups=groups)
    assert {name: table["id"].tolist() for name, table in sites.items()} == {
        "south": ["b"], "north": ["a", "c"],
    }  # fmt: skip


def test_a_patient_without_a_site_is_refused_by_row():
    with pytest.raises(DataMismatch, match="1 rows have a ward that is missing or in no site: 2"):
        split_sites(patients(list("ab"), [1, None]), DICTIONARY)
    with pytest.raises(DataMismatch, match="in no site: 2"):
        split_sites(patients(list("ab"), [1, 2]), DICTIONARY, groups={"1": "north"})
    with pytest.raises(DataMismatch, match="in no site: 1") as refused:
        split_sites(patients(list("ab"), ["SECRET", 2]), DICTIONARY)
    assert "SECRET" not in str(refused.value)


def test_groups_name_only_known_centres():
    with pytest.raises(ArgumentRefused, match="not a code of ward"):
        split_sites(patients(["a"]), DICTIONARY, groups={"9": "north"})


def test_a_cohort_without_centre_is_divided_at_random_only():
    table = pd.DataFrame({"x": np.arange(100.0)})
    with pytest.raises(ArgumentRefused, match="no centre"):
        split_sites(table, NO_ROLES)
    assert [len(part) for part in split_sites(table, NO_ROLES, shares=[5, 3, 2]).values()] == [
        50, 30, 20,
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=6), st.integers(6, 60), st.integers(0, 2**32)
)
def test_random_sites_hold_everyone_once_and_follow_the_seed(shares, rows, seed):
    table = pd.DataFrame({"x": np.arange(rows, dtype=float)})
    sites = split_sites(table, NO_ROLES, shares=shares, seed=seed)
    again = split_sites(table, NO_ROLES, shares=shares, seed=seed)
    assert sorted(pd.concat(sites.values())["x"]) == table["x"].tolist()
    for name in sites:
        pd.testing.assert_frame_equal(sites[name], again[name])


@pytest.mark.parametrize("shares", [[], [0, 1], [-1, 2], [float("nan")], [float("inf"), 1]])
def test_shares_that_cannot_be_are_refused(shares):
    with pytest.raises(ArgumentRefused):
        split_sites(patients(list("abc")), DICTIONARY, shares=shares)


def test_more_sites_than_patients_and_two_ways_at_once_are_refused():
    with pytest.raises(DataMismatch):
        split_sites(patients(["a"]), DICTIONARY, shares=[1, 1])
    with pytest.raises(ArgumentRefused):
        split_sites(patients(["a"]), DICTIONARY, groups={"1": "n"}, shares=[1])


def test_the_holdout_follows_the_keyed_hash_of_the_pseudonym():
    ids = [f"p{number}" for number in range(200)]
    train, holdout = split_holdout(patients(ids), DICTIONARY, fraction=0.25, key=b"secret")

    def position(pseudonym):
        return int(hmac.new(b"secret", pseudonym.encode(), hashlib.sha256).hexdigest(), 16) / 2**256

    assert holdout["id"].tolist() == [name for name in ids if position(name) < 0.25]
    assert train["id"].tolist() == [name for name in ids if position(name) >= 0.25]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 500), unique=True, min_size=1, max_size=60),
    st.floats(0.01, 0.99),
    st.binary(min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
def test_nobodys_side_depends_on_who_else_is_there(numbers, fraction, key, random):
    everyone = patients([str(number) for number in numbers])
    _, holdout = split_holdout(everyone, DICTIONARY, fraction, key)
    some = random.sample(numbers, random.randint(1, len(numbers)))
    # As numbers, and beside fewer patients, the side is the same.
    _, held_of_some = split_holdout(patients(some), DICTIONARY, fraction, key)
    assert {str(number) for number in held_of_some["id"]} == set(holdout["id"]) & set(
        map(str, some)
    )


def test_the_holdout_of_leuksurv_has_about_the_share_asked_for_at_each_site():
    cohort = load_cohort("leuksurv")
    train, holdout = split_holdout(cohort.patients, cohort.dictionary)
    assert len(train) + len(holdout) == 1043
    # Key and pseudonyms are fixed, so this does not vary; 4.4 sd of a binomial either way.
    assert abs(len(holdout) - 0.3 * 1043) < 65
    of_sites = [split_holdout(site, cohort.dictionary)[1] for site in cohort.sites().values()]
    assert sorted(pd.concat(of_sites)["patient_id"]) == sorted(holdout["patient_id"])
    assert holdout.dtypes.equals(cohort.patients.dtypes)


def test_another_key_gives_another_holdout():
    cohort = load_cohort("leuksurv")
    one = split_holdout(cohort.patients, cohort.dictionary, key=b"one")[1]
    two = split_holdout(cohort.patients, cohort.dictionary, key=b"two")[1]
    assert set(one["patient_id"]) != set(two["patient_id"])


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), "0.3", None, True])
def test_a_fraction_that_cannot_be_is_refused(fraction):
    with pytest.raises(ArgumentRefused, match="fraction"):
        split_holdout(patients(["a"]), DICTIONARY, fraction)


@pytest.mark.parametrize("key", [b"", "text", None, 5])
def test_a_key_that_cannot_be_is_refused(key):
    with pytest.raises(ArgumentRefused, match="key"):
        split_holdout(patients(["a"]), DICTIONARY, key=key)


def test_patients_without_pseudonym_cannot_be_set_aside():
    with pytest.raises(ArgumentRefused, match="no pseudonym"):
        split_holdout(pd.DataFrame({"x": [1.0]}), NO_ROLES)
    with pytest.raises(DataMismatch, match="1 rows have no id: 2"):
        split_holdout(patients(["SECRET", None]), DICTIONARY)


def test_a_patient_at_two_sites_is_an_error_with_rows_and_without_pseudonym():
    tables = {
        "north": patients(["SECRET1", "b", "SECRET2"]),
        "south": patients(["SECRET2", "d", "SECRET1"]),
        "west": patients(["d", "f"]),
    }
    findings = check_sites(tables, DICTIONARY)
    assert not findings.ok
    assert [(finding.rule, finding.rows, finding.count) for finding in findings.errors] == [
        ("patient_at_two_sites", (1, 3), 2),
        ("patient_at_two_sites", (2,), 1),
    ]
    told = str(findings) + findings._repr_html_() + findings.table().to_string()
    assert "SECRET" not in told
    assert "2 rows of north have a pseudonym that also occurs at south" in told


def test_sites_without_shared_patients_are_fine_however_pseudonyms_are_typed():
    assert check_sites({"a": patients([1, 2]), "b": patients(["3", None])}, DICTIONARY).ok
    assert not check_sites({"a": patients([1, 2]), "b": patients(["2", None])}, DICTIONARY).ok
    assert check_sites({"a": patients([None]), "b": patients([None])}, DICTIONARY).ok


def test_a_site_without_pseudonyms_is_a_warning():
    findings = check_sites({"a": patients([1]), "b": pd.DataFrame({"x": [1.0]})}, DICTIONARY)
    assert findings.ok
    assert [finding.rule for finding in findings.warnings] == ["no_pseudonym"]


def test_rows_of_one_patient_stay_on_one_side():
    visits = patients(["a", "a", "b", "c", "c", "c", "d", "a", "e", "f", "b", "g"])
    train, holdout = split_holdout(visits, DICTIONARY, fraction=0.5)
    assert len(train)
    assert len(holdout)
    assert not set(train["id"]) & set(holdout["id"])
