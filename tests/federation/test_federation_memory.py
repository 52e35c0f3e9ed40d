"""Sites sum their vectors and counts in one process over the whole protocol."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from synthema_lab.errors import ArgumentRefused
from synthema_lab.federation import (
    MemoryChannel,
    SecureTotal,
    Transcript,
    secure_sum,
    secure_total,
)
from synthema_lab.secure_aggregation import Identity, Roster, RoundSettings
from synthema_lab.secure_aggregation.errors import (
    NoiseBeyondBound,
    RoundAborted,
    RoundReplayed,
    SettingsRefused,
    TooFewSites,
    TooFewSurvivors,
    ValueBeyondClip,
    ValueNotFinite,
    VectorRefused,
)

NAMES = ("basel", "bern", "milan", "padua", "turin")


def channel(sites=5, kind=MemoryChannel, length=3, **named):
    identities = [Identity.new(name) for name in NAMES[:sites]]
    roster = Roster.of(identity.member() for identity in identities)
    agreed = RoundSettings(roster, "r1", length, 100, 1, bytes(32), bytes(32))
    return kind(agreed, identities, **named)


def counts(sites=5, length=3):
    return {name: np.full(length, 10**place % 99) for place, name in enumerate(NAMES[:sites])}


# The channel


def test_a_round_runs_from_keys_to_sum():
    opened = channel().run(counts())
    assert opened.total.tolist() == [sum(int(v[0]) for v in counts().values())] * 3
    assert opened.survivors == NAMES


@pytest.mark.parametrize("stage", ["silent", "advertise", "share", "mask", "agree", "unmask"])
def test_a_site_may_fall_silent_after_any_stage(stage):
    opened = channel(dropouts={"milan": stage}).run(counts())
    counted = stage in ("mask", "agree", "unmask")
    assert ("milan" in opened.survivors) == counted
    expected = sum(int(v[0]) for name, v in counts().items() if counted or name != "milan")
    assert opened.total.tolist() == [expected] * 3


@pytest.mark.parametrize("stage", ["silent", "advertise", "share", "mask", "agree"])
def test_three_sites_bear_no_dropout(stage):
    with pytest.raises(TooFewSurvivors):
        channel(3, dropouts={"milan": stage}).run(counts(3))


@pytest.mark.parametrize("dropouts", [{"rome": "share"}, {"milan": "later"}])
def test_a_dropout_that_cannot_be_played_is_refused(dropouts):
    with pytest.raises(ArgumentRefused):
        channel(dropouts=dropouts)


def test_a_site_without_a_vector_is_refused():
    with pytest.raises(ArgumentRefused):
        channel(5).run(counts(4))


def test_nothing_is_sent_when_one_vector_is_refused():
    wire = channel(keep_messages=True)
    with pytest.raises(ValueBeyondClip):
        wire.run(counts() | {"turin": np.array([1, 2, 101])})
    assert wire.transcript.coordinator_bytes == 0
    assert wire.transcript.uploads == ()


def test_a_round_id_is_refused_the_second_time():
    used = {name: set() for name in NAMES}
    channel(used_rounds=used).run(counts())
    rounds = {name: {mark for mark in marks if " " not in mark} for name, marks in used.items()}
    assert rounds == {name: {"r1"} for name in NAMES}
    with pytest.raises(RoundReplayed):
        channel(used_rounds=used).run(counts())


def test_the_transcript_counts_every_byte_and_keeps_messages_only_when_asked():
    kept, plain = channel(keep_messages=True), channel()
    kept.run(counts())
    plain.run(counts())
    assert kept.transcript.rounds == 1
    assert len(kept.transcript.uploads) == 25
    for name in NAMES:
        sent = sum(len(message) for _, site, message in kept.transcript.uploads if site == name)
        assert kept.transcript.sent[name] == sent > 0
        assert kept.transcript.received[name] > 0
    assert kept.transcript.coordinator_bytes == sum(kept.transcript.sent.values())
    assert plain.transcript.uploads == ()
    assert plain.transcript.sent == kept.transcript.sent


def test_transcripts_add_up_and_print_well():
    both = Transcript(1, {"a": 1}, {"a": 2}) + Transcript(2, {"a": 10, "<b>": 3}, {"a": 20})
    assert (both.rounds, both.sent, both.received["a"]) == (3, {"a": 11, "<b>": 3}, 22)
    assert str(both) == "3 rounds, 2 sites: 11 bytes sent and 22 received by a site at most"
    assert "&lt;b&gt;" in both._repr_html_()
    assert "<b>" not in both._repr_html_()


class Hostile(MemoryChannel):
    """Alters one bit of the message with a given number."""

    target = bit = 0

    def carry(self, sender, receiver, message):
        self.target -= 1
        if self.target:
            return message
        altered = bytearray(message)
        altered[(self.bit // 8) % len(message)] ^= 1 << self.bit % 8
        return bytes(altered)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 27), st.integers(0, 10_000))
def test_a_bit_flipped_on_the_wire_stops_the_round(target, bit):
    wire = channel(3, Hostile)
    wire.target, wire.bit = target, bit
    with pytest.raises(RoundAborted):
        wire.run(counts(3))


def test_the_hostile_wire_of_these_tests_carries_27_messages():
    wire = channel(3, Hostile)
    wire.target = 28
    wire.run(counts(3))
    assert wire.target == 1


# secure_sum


@settings(max_examples=25, deadline=None)
@given(
    st.integers(3, 6).flatmap(
        lambda sites: arrays.arrays(
            np.float64, (sites, 4), elements=st.floats(-8, 8, allow_subnormal=False)
        )
    ),
    st.sampled_from([2**4, 2**20, 2**40]),
)
def test_the_sum_is_within_half_a_step_for_each_site(vectors, scale):
    opened = secure_sum(list(vectors), clip=8.0, scale=scale)
    bound = Fraction(len(vectors), 2 * scale)
    for place, value in enumerate(opened):
        exact = sum(Fraction(float(vector[place])) for vector in vectors)
        assert abs(Fraction(float(value)) - exact) <= bound


def test_the_scale_chosen_is_fine_enough_for_seven_digits():
    vectors = np.random.default_rng(0).uniform(-8, 8, (5, 1000))
    opened = secure_sum(list(vectors))
    assert opened.dtype == np.float64
    assert np.abs(opened - vectors.sum(axis=0)).max() < 1e-7


def test_lists_and_whole_numbers_are_read_as_real_numbers():
    assert secure_sum([[1, 2], [3, 4], (5.5, -6.0)]).tolist() == [9.5, 0.0]


@pytest.mark.parametrize("sites", [0, 1, 2])
def test_fewer_than_three_vectors_are_refused(sites):
    with pytest.raises(TooFewSites):
        secure_sum([np.zeros(3)] * sites)


@pytest.mark.parametrize(
    ("odd", "error"),
    [
        (np.array([1.0, np.nan]), ValueNotFinite),
        (np.array([np.inf, 1.0]), ValueNotFinite),
        (np.array([8.5, 1.0]), ValueBeyondClip),
        (np.array([-8.5, 1.0]), ValueBeyondClip),
        (np.zeros(3), VectorRefused),
        (np.zeros((1, 2)), VectorRefused),
        (np.float64(1.0), VectorRefused),
        (np.array([True, False]), VectorRefused),
        (np.array(["1", "2"]), VectorRefused),
        (np.array([1j, 2j]), VectorRefused),
        ([1.0, None], VectorRefused),
        ([[1.0], [2.0, 3.0]], VectorRefused),
        (np.ma.masked_array([1.0, 2.0], mask=[0, 1]), VectorRefused),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_a_vector_that_cannot_be_summed_is_refused(odd, error):
    with pytest.raises(error):
        secure_sum([np.zeros(2), np.zeros(2), odd])


def test_empty_vectors_are_refused():
    with pytest.raises(VectorRefused):
        secure_sum([np.zeros(0)] * 3)


@pytest.mark.parametrize(
    "named",
    [
        {"clip": 0.0},
        {"clip": np.nan},
        {"clip": 1e300},
        {"scale": 1},
        {"scale": 1000},
        {"threshold": 2},
    ],
    ids=repr,
)
def test_settings_that_cannot_be_used_are_refused(named):
    with pytest.raises(SettingsRefused):
        secure_sum([np.zeros(2)] * 3, **named)


# secure_total


def test_counts_are_summed_exactly_in_a_new_round_each_time():
    total = secure_total(sites=4, bound=10**6)
    tables = np.random.default_rng(0).integers(-(10**6), 10**6, (3, 4, 50))
    for table in tables:
        opened = total(list(table))
        assert opened.dtype == np.int64
        assert np.array_equal(opened, table.sum(axis=0))
    assert total.transcript.rounds == 3
    assert set(total.transcript.sent) == set(total.sites)
    for lines in total._used_rounds.values():
        assert len([line for line in lines if " " not in line]) == 3


def test_vectors_may_change_length_from_round_to_round():
    total = secure_total(sites=NAMES, bound=10)
    assert total.sites == NAMES
    for length in (1, 7, 100):
        assert total([np.ones(length, dtype=int)] * 5).tolist() == [5] * length


def test_a_secure_total_equals_plain_addition_for_large_counts():
    vectors = [np.array([2**31, -(2**31)])] * 3
    assert secure_total(3)(vectors).tolist() == [3 * 2**31, -3 * 2**31]
    largest = 2**60
    assert secure_total(3, bound=largest)([np.array([largest])] * 3).tolist() == [3 * largest]


def test_noise_given_apart_is_added_and_bounded():
    total = secure_total(3, bound=5, noise_bound=20)
    noise = [np.array([7, -7]), np.array([8, -8]), np.array([1, 1])]
    assert total([np.array([5, -5])] * 3, noise).tolist() == [31, -29]
    with pytest.raises(NoiseBeyondBound):
        total([np.array([5, -5])] * 3, [np.array([21, 0])] * 3)


@pytest.mark.parametrize(
    ("vectors", "error"),
    [
        ([np.array([1])] * 2, VectorRefused),
        ([np.array([1])] * 4, VectorRefused),
        ([np.array([1.0])] * 3, VectorRefused),
        ([np.array([1]), np.array([1]), np.array([1, 2])], VectorRefused),
        ([np.array([1]), np.array([1]), np.array([11])], ValueBeyondClip),
    ],
)
def test_counts_that_cannot_be_summed_are_refused_and_the_next_round_works(vectors, error):
    total = secure_total(3, bound=10)
    with pytest.raises(error):
        total(vectors)
    assert total.transcript.coordinator_bytes == 0
    assert total([np.array([1])] * 3).tolist() == [3]


def test_a_secure_total_checks_its_bound_and_sites_before_the_first_round():
    with pytest.raises(TooFewSites):
        secure_total(2)
    with pytest.raises(SettingsRefused):
        secure_total(3, bound=2**62)
    with pytest.raises(SettingsRefused):
        secure_total(3, bound=2.5)
    with pytest.raises(ArgumentRefused):
        secure_total(["a", "b", "b"])


def test_short_counts_travel_in_half_the_bytes():
    short, long = secure_total(3, bound=1000), secure_total(3, bound=2**40)
    for total in (short, long):
        total([np.ones(10_000, dtype=int)] * 3)
    assert 40_000 < max(short.transcript.sent.values()) < 42_000
    assert 80_000 < max(long.transcript.sent.values()) < 82_000


def test_counts_do_not_show_in_what_the_coordinator_saw():
    """Chi-square on the bytes of long uploads; false-alarm rate 12e-6 (keys are not seeded)."""
    total = SecureTotal(NAMES, bound=3, keep_messages=True)
    total([np.zeros(30_000, dtype=int)] * 5)
    total([np.full(30_000, 3)] * 5)
    uploads = [message for _, _, message in total.transcript.uploads if len(message) > 100_000]
    assert len(uploads) == 10
    for message in uploads:
        seen = np.bincount(np.frombuffer(message, dtype=np.uint8), minlength=256)
        assert stats.chisquare(seen).pvalue > 1e-6


def test_a_secure_total_prints_its_cost():
    total = secure_total(3, bound=10)
    total([np.array([1])] * 3)
    assert "1 round, 3 sites" in repr(total)
