"""Keys stay at the site; pseudonyms and shifts keep what they promise."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import pickle
import stat
import sys
import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab import randomness
from synthema_lab.deidentify import SiteKey, pseudonyms, rotate
from synthema_lab.deidentify.dates import completed_years, days_since, read_dates, shifted
from synthema_lab.deidentify.keys import keyed
from synthema_lab.deidentify.pseudonyms import shifts
from synthema_lab.errors import ArgumentRefused, DataMismatch, LabError

KEY = SiteKey(bytes(range(32)))
NAMES = st.lists(st.text(min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_a_pseudonym_is_the_same_for_one_patient_and_no_other(names):
    given_twice = pseudonyms(names + names, KEY, "survival")
    assert given_twice[: len(names)].tolist() == given_twice[len(names) :].tolist()
    distinct = {unicodedata.normalize("NFC", name).strip() for name in names}
    assert given_twice.nunique() == len(distinct)
    assert given_twice.str.fullmatch("[A-Z2-7]{16}").all()


@settings(max_examples=40, deadline=None)
@given(NAMES)
def test_two_studies_and_two_keys_share_no_pseudonym(names):
    other = SiteKey(bytes(range(1, 33)))
    here = set(pseudonyms(names, KEY, "survival"))
    assert not here & set(pseudonyms(names, KEY, "anaemia"))
    assert not here & set(pseudonyms(names, other, "survival"))
    assert not here & set(names)


def test_a_pseudonym_is_the_published_function_of_key_and_identifier():
    def framed(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(8, "big") + part for part in parts)

    study_key = hmac.new(
        bytes(range(32)),
        framed(b"synthema-lab de-identification 1", b"pseudonym", b"survival"),
        hashlib.sha256,
    ).digest()
    made = hmac.new(study_key, framed(b"H-1"), hashlib.sha256).digest()
    assert pseudonyms(["H-1"], KEY, "survival")[0] == base64.b32encode(made).decode()[:16]


def test_parts_of_a_message_cannot_be_shifted_into_one_another():
    assert keyed(b"k" * 32, "ab", "c") != keyed(b"k" * 32, "a", "bc")


def test_ten_thousand_patients_get_ten_thousand_pseudonyms():
    assert pseudonyms([f"H{n}" for n in range(10_000)], KEY, "survival").nunique() == 10_000


def test_a_collision_is_an_error_and_never_passed_on(monkeypatch):
    module = sys.modules["synthema_lab.deidentify.pseudonyms"]
    monkeypatch.setattr(module, "keyed", lambda *parts: bytes(32))
    with pytest.raises(DataMismatch, match="same pseudonym"):
        pseudonyms(["A", "B"], KEY, "survival")


@settings(max_examples=40, deadline=None)
@given(NAMES, st.integers(1, 400))
def test_a_shift_is_one_number_for_a_patient_never_zero_and_within_its_limit(names, largest):
    moved = shifts(names + names, KEY, "survival", largest)
    assert np.array_equal(moved[: len(names)], moved[len(names) :])
    assert (np.abs(moved) <= largest).all()
    assert (moved != 0).all()


def test_shifts_are_spread_over_all_days():
    # 20,000 draws on 20 values: chi-squared with 19 degrees of freedom, 0.1% quantile 43.8.
    moved = shifts([f"H{n}" for n in range(20_000)], KEY, "survival", 10)
    counts = np.bincount(moved + 10, minlength=21)[np.arange(21) != 10]
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dates(), min_size=2, max_size=2), st.integers(1, 180))
def test_intervals_between_the_dates_of_a_patient_are_kept(days, largest):
    texts = pd.Series([day.isoformat() for day in days if 1700 < day.year < 2200])
    dates, unreadable = read_dates(texts)
    assert not unreadable.any()
    moved, _ = read_dates(shifted(dates, shifts(["H1"] * len(texts), KEY, "s", largest)))
    if len(texts) == 2:
        assert moved[1] - moved[0] == dates[1] - dates[0]
    assert (moved != dates).all()


def test_two_studies_shift_the_same_patient_differently():
    names = [f"H{n}" for n in range(50)]
    assert (shifts(names, KEY, "a", 180) != shifts(names, KEY, "b", 180)).any()


def test_days_count_from_the_index_and_a_death_on_the_day_can_count_as_one():
    index, _ = read_dates(pd.Series(["2020-02-28", "2020-02-28", "2020-02-28"]))
    later, _ = read_dates(pd.Series(["2020-03-01", "2020-02-28", "2020-02-27"]))
    assert days_since(later, index).tolist() == [2, 0, -1]
    assert days_since(later, index, at_least=1).tolist() == [2, 1, -1]


def test_age_is_in_completed_years():
    birth, _ = read_dates(pd.Series(["2000-02-29", "2000-03-01", None]))
    index, _ = read_dates(pd.Series(["2018-02-28", "2018-03-01", "2018-03-01"]))
    assert completed_years(birth, index).tolist() == [17, 18, pd.NA]


def test_a_key_file_is_readable_by_its_owner_alone_and_never_overwritten(tmp_path):
    path = tmp_path / "deep" / "site.key"
    key, place, made = SiteKey.at_site(path)
    assert made
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
    assert SiteKey.at_site(path)[0].id == key.id
    with pytest.raises(ArgumentRefused, match="exists"):
        SiteKey.make(path)
    assert [each.name for each in path.parent.iterdir()] == ["site.key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    path = tmp_path / "site.key"
    SiteKey.make(path)
    path.chmod(mode)
    with pytest.raises(ArgumentRefused, match="others"):
        SiteKey.load(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"secret": "abc"}', "\x00", "not json"])
def test_a_file_that_is_no_key_is_refused_without_showing_what_it_holds(tmp_path, text):
    path = tmp_path / "site.key"
    path.write_text(text + "Zqx")
    path.chmod(0o600)
    with pytest.raises(ArgumentRefused) as caught:
        SiteKey.load(path)
    assert "Zqx" not in str(caught.value)


def test_a_missing_key_is_refused(tmp_path):
    with pytest.raises(ArgumentRefused, match="does not exist"):
        SiteKey.load(tmp_path / "none.key")


def test_a_key_comes_from_the_operating_system_and_shows_nothing_of_itself():
    secret = bytes(range(100, 132))
    with randomness.swapped(lambda n: secret[:n]):
        key = SiteKey.temporary()
    for told in (repr(key), str(key), f"{key!r}", repr(vars(type(key)).get("id"))):
        assert secret.hex() not in told
        assert repr(secret) not in told
    with pytest.raises(ArgumentRefused):
        pickle.dumps(key)
    assert key.id == SiteKey(secret).id != KEY.id


def test_a_rotation_maps_old_to_new_and_its_audit_names_nobody():
    new = SiteKey(bytes(32))
    turned = rotate(["H1", "H2", "H2", None], KEY, new, "survival")
    assert len(turned.mapping) == 2
    assert set(turned.mapping["old"]) == set(pseudonyms(["H1", "H2"], KEY, "survival"))
    assert set(turned.mapping["new"]) == set(pseudonyms(["H1", "H2"], new, "survival"))
    told = str(turned.audit) + repr(turned)
    for value in ["H1", "H2", *turned.mapping["old"], *turned.mapping["new"]]:
        assert value not in told


def test_rotating_to_the_same_key_is_refused():
    with pytest.raises(ArgumentRefused):
        rotate(["H1"], KEY, KEY, "survival")


@pytest.mark.parametrize("length", [9, 53])
def test_a_pseudonym_too_short_or_too_long_is_refused(length):
    with pytest.raises(LabError):
        pseudonyms(["H1"], KEY, "survival", length)
