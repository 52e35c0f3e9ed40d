"""LeukSurv as a cohort, and how cohorts are asked for."""

from __future__ import annotations

import builtins
import hashlib
import sys

import pandas as pd
import pytest

from synthema_lab.cohorts import Cohort, available_cohorts, load_cohort
from synthema_lab.cohorts.leuksurv import SITES
from synthema_lab.errors import ArgumentRefused, DataMismatch, ExtraMissing


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("leuksurv")


def test_leuksurv_has_the_published_size_and_no_missing_value(cohort):
    assert isinstance(cohort, Cohort)
    assert cohort.patients.shape == (1043, 9)
    assert not cohort.patients.isna().any().any()
    assert (cohort.events, int(cohort.patients["os_days"].max())) == (879, 4977)
    assert cohort.patients["sex"].value_counts().to_dict() == {"M": 547, "F": 496}
    assert cohort.patients["patient_id"].is_unique
    assert cohort.patients["age_group"].value_counts(sort=False).to_dict() == {
        "<=40": 167, "41-60": 259, "61-70": 235, ">70": 382,
    }  # fmt: skip


def test_leuksurv_is_conformed_to_its_dictionary(cohort):
    pd.testing.assert_frame_equal(cohort.dictionary.conform(cohort.patients), cohort.patients)
    assert list(cohort.patients.columns) == list(cohort.dictionary.variables)


def test_no_coordinate_of_a_home_is_loaded(cohort):
    assert not [name for name in cohort.patients if "coord" in name]


def test_the_four_sites_hold_every_patient_once(cohort):
    sites = cohort.sites()
    assert {name: len(patients) for name, patients in sites.items()} == {
        "north_west": 244, "north_east": 221, "south_west": 157, "south_east": 421,
    }  # fmt: skip
    everyone = pd.concat(sites.values())["patient_id"]
    assert sorted(everyone) == sorted(cohort.patients["patient_id"])
    for name, patients in sites.items():
        assert set(patients["district"]) <= set(SITES[name])
        assert patients.index.tolist() == list(range(len(patients)))
        assert patients.dtypes.equals(cohort.patients.dtypes)


def test_the_sites_name_each_district_once(cohort):
    districts = [district for group in SITES.values() for district in group]
    assert sorted(districts, key=int) == list(cohort.dictionary.variables.district.categories)


def test_a_cohort_shows_counts_and_never_rows(cohort):
    for shown in (repr(cohort), str(cohort), cohort._repr_html_()):
        for fact in ("1043", "879", "south_east 421", "GPL-3.0", "97(460)"):
            assert fact in shown
        assert "LS-" not in shown


def test_a_title_is_escaped_in_html(cohort):
    odd = Cohort("<b>", cohort.patients, cohort.dictionary, "s", "<i>l</i>", "c & d")
    assert "<b>&lt;b&gt;" not in odd._repr_html_()
    assert "&lt;i&gt;l" in odd._repr_html_()
    assert "(&lt;b&gt;)" in odd._repr_html_()
    assert len(odd.sites()) == 24


def test_an_unknown_cohort_is_refused_with_the_nearest_name_and_the_list():
    with pytest.raises(ArgumentRefused) as refused:
        load_cohort("leuksurf")
    assert "Did you mean leuksurv?" in str(refused.value)
    for name in available_cohorts()["name"]:
        assert name in refused.value.expected


@pytest.mark.parametrize("name", ["", None, 3, "../../etc/passwd", "os"])
def test_what_is_no_cohort_name_is_refused(name):
    with pytest.raises(ArgumentRefused):
        load_cohort(name)


def test_without_survset_the_extra_is_named(monkeypatch):
    real_import = builtins.__import__

    def no_survset(name, *arguments, **options):
        if name.startswith("SurvSet"):
            raise ImportError(name)
        return real_import(name, *arguments, **options)

    for module in [name for name in sys.modules if name.startswith("SurvSet")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", no_survset)
    with pytest.raises(ExtraMissing, match=r"synthema-lab\[data\]") as refused:
        load_cohort("leuksurv")
    assert refused.value.exit_code == 7


def test_another_version_of_the_data_is_refused(monkeypatch):
    import SurvSet.data

    def fewer(self, name):
        return {"df": pd.DataFrame({"pid": [1]})}

    monkeypatch.setattr(SurvSet.data.SurvLoader, "load_dataset", fewer)
    with pytest.raises(DataMismatch, match="another version"):
        load_cohort("leuksurv")


def test_two_loads_give_the_same_table():
    digests = {
        hashlib.sha256(load_cohort("leuksurv").patients.to_csv().encode()).hexdigest()
        for _ in range(2)
    }
    assert len(digests) == 1
