"""Settings bind everything, and refuse what the sum could not bear."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from synthema_lab.errors import ArgumentRefused, LabError
from synthema_lab.secure_aggregation import Identity, Member, Roster, default_threshold
from synthema_lab.secure_aggregation.errors import (
    IdentityExpired,
    RosterRefused,
    SettingsRefused,
    TooFewSites,
)


@pytest.mark.parametrize(
    ("sites", "threshold"), [(3, 3), (4, 3), (5, 4), (6, 5), (9, 7), (10, 7), (100, 67)]
)
def test_the_threshold_is_the_smallest_number_above_two_thirds(sites, threshold):
    assert default_threshold(sites) == threshold
    assert 3 * threshold > 2 * sites >= 3 * (threshold - 1)


@pytest.mark.parametrize("sites", [0, 1, 2])
def test_fewer_than_three_sites_are_refused(identities_of, settings_of, sites):
    with pytest.raises(TooFewSites):
        settings_of(identities_of(sites))


@pytest.mark.parametrize("threshold", [0, 2, 3, 6, -1])
def test_a_threshold_of_two_thirds_or_less_or_of_more_than_all_is_refused(
    identities_of, settings_of, threshold
):
    with pytest.raises(SettingsRefused):
        settings_of(identities_of(5), threshold=threshold)


def test_the_modulus_has_32_bits_exactly_where_every_sum_stays_below_two_to_the_31(
    identities_of, settings_of
):
    people = identities_of(4)
    largest = (2**31 - 1 - 7) // 4

    def bits(clip, noise):
        return settings_of(people, clip=clip, scale=1, noise_bound=noise).modulus_bits

    assert 4 * largest + 7 == 2**31 - 1 - (2**31 - 1 - 7) % 4
    slack = 2**31 - 1 - 4 * largest
    assert bits(largest, slack) == 32
    assert bits(largest, slack + 1) == 64
    assert bits(largest + 2, 0) == 64


def test_a_sum_that_could_wrap_64_bits_is_refused(identities_of, settings_of):
    people = identities_of(4)
    assert settings_of(people, clip=2**61 - 2**9, scale=1).modulus_bits == 64
    with pytest.raises(SettingsRefused):
        settings_of(people, clip=2**61, scale=1)


def test_fixed_point_sums_stay_exact_in_double_precision(identities_of, settings_of):
    people = identities_of(4)
    settings_of(people, clip=2.0**30, scale=2**20)
    with pytest.raises(SettingsRefused):
        settings_of(people, clip=2.0**31, scale=2**20)


@pytest.mark.parametrize(
    "changed",
    [
        {"clip": float("nan")},
        {"clip": float("inf")},
        {"clip": 0.0},
        {"clip": -1.0},
        {"clip": "8"},
        {"clip": None},
        {"clip": 10**400},
        {"clip": 2.5, "scale": 1},
        {"clip": 2.0**-21},
        {"scale": 0},
        {"scale": 3},
        {"scale": -2},
        {"scale": 2**53},
        {"scale": 2.0},
        {"scale": True},
        {"length": 0},
        {"length": 2**28 + 1},
        {"length": 2.0},
        {"noise_bound": -1},
        {"noise_bound": 2**63},
        {"round_id": ""},
        {"round_id": "a b"},
        {"round_id": "ü"},
        {"round_id": "a" * 129},
        {"round_id": 7},
        {"model_digest": b"short"},
        {"study_digest": "0" * 32},
    ],
    ids=repr,
)
def test_a_field_out_of_its_range_is_refused(identities_of, settings_of, changed):
    with pytest.raises(SettingsRefused) as refused:
        settings_of(identities_of(3), **changed)
    assert isinstance(refused.value, ArgumentRefused)
    assert refused.value.exit_code == 2


def test_every_field_changes_the_digest(identities_of, settings_of):
    people = identities_of(102)
    settings = settings_of(people, clip=2.0)
    changes = {
        "roster": Roster.of(person.member() for person in people[:101]),
        "round_id": "round-2",
        "length": 7,
        "clip": 4.0,
        "scale": 2**19,
        "threshold": 70,
        "noise_bound": 1,
        "neighbours": 48,
        "model_digest": bytes(32),
        "study_digest": bytes(32),
    }
    assert set(changes) == {field.name for field in dataclasses.fields(settings)}
    digests = [settings.digest]
    for name, value in changes.items():
        changed = {name: value}
        if name == "roster":
            changed["threshold"] = settings.threshold
        digests.append(dataclasses.replace(settings, **changed).digest)
    assert len(set(digests)) == len(digests)
    assert dataclasses.replace(settings).digest == settings.digest
    unnamed = dataclasses.replace(settings, model_digest=None)
    assert unnamed.digest not in digests


def test_numbers_from_numpy_give_the_same_digest(identities_of, settings_of):
    people = identities_of(3)
    plain = settings_of(people, length=6, clip=8.0)
    assert settings_of(people, length=np.int64(6), clip=np.float32(8)).digest == plain.digest


def test_a_roster_is_the_same_whatever_the_order_of_enrolment(identities_of):
    members = [person.member() for person in identities_of(4)]
    assert Roster.of(members) == Roster.of(members[::-1])
    assert Roster.of(members).canonical() == Roster.of(members[::-1]).canonical()


def test_a_name_or_a_key_twice_is_refused():
    first, second = Identity.new("a").member(), Identity.new("b").member()
    for members in (
        [first, first],
        [first, Member("a", second.key)],
        [first, Member("c", first.key)],
    ):
        with pytest.raises(RosterRefused):
            Roster.of(members)
    with pytest.raises(RosterRefused):
        Roster((second, first))


@pytest.mark.parametrize("name", ["", "a b", "a/b", "-a", "a\n", "ü", "a" * 65, 3])
def test_a_name_that_could_be_mistaken_is_refused(name):
    with pytest.raises(RosterRefused):
        Member(name, bytes(32))


@pytest.mark.parametrize("expires", [-1, 2**63, 1.5, True])
def test_an_expiry_that_is_no_time_is_refused(expires):
    with pytest.raises(RosterRefused):
        Member("a", bytes(32), expires)


def test_an_expired_identity_is_refused_and_so_is_an_unknown_time():
    roster = Roster.of([Identity.new("a", expires=100).member(), Identity.new("b").member()])
    roster.require_valid(99)
    for now in (100, 101, None):
        with pytest.raises(IdentityExpired, match="a"):
            roster.require_valid(now)


def test_a_private_key_is_not_printed():
    identity = Identity.new("a")
    assert repr(identity.private_key) not in repr(identity)
    assert identity.private_key.hex() not in repr(identity)


def test_all_refusals_are_errors_of_the_lab_with_three_parts():
    from synthema_lab.secure_aggregation import errors

    for name, kind in vars(errors).items():
        if isinstance(kind, type) and kind.__module__ == errors.__name__:
            assert issubclass(kind, LabError), name
            assert kind("a", "b", "c").exit_code in (2, 5)
