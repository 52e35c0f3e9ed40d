"""In a series of rounds the next one's keys ride along, and each round stays its own."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from synthema_lab.secure_aggregation import Identity, SteadyCoordinator, SteadySite
from synthema_lab.secure_aggregation.errors import (
    MessageMalformed,
    RoundEnded,
    RoundReplayed,
    SnapshotRefused,
    TooFewSurvivors,
)
from synthema_lab.secure_aggregation.frames import Kind, write
from synthema_lab.secure_aggregation.messages import Delivery
from synthema_lab.secure_aggregation.riding import bundle, unbundle

ROUNDS = 4


def model_of(number):
    return hashlib.sha256(b"model %d" % number).digest()


class Series:
    """Five sites over several rounds; `exchanges` counts messages to the sites by round."""

    def __init__(self, people, settings_of, clock=None):
        self.made = {
            number: settings_of(
                people, round_id=f"round-{number}", model_digest=None, clip=64.0, scale=2**16
            )
            for number in range(ROUNDS)
        }
        self.people = {person.name: person for person in people}
        self.lines = {name: set() for name in self.people}
        self.sites = {
            name: SteadySite(self.made.get, person, self.lines[name], clock)
            for name, person in self.people.items()
        }
        self.coordinator = SteadyCoordinator(self.made.get)
        self.exchanges = dict.fromkeys(range(ROUNDS), 0)
        self.totals = {}

    def begin(self, number=0, names=None):
        for name in names or self.sites:
            self.coordinator.receive(self.sites[name].begin(number))
        self.exchanges[number] += 1

    def tell(self, name, message, number):
        site = self.sites[name]
        if site.stage == "delivery":
            value = float(list(self.people).index(name) + 10 * number)
            site.contribute(np.full(6, value), model=model_of(number))
        return site.receive(message)

    def step(self, silent=(), altered=None, crash=False):
        """Close a stage and let the sites answer."""
        number, stage = self.coordinator.number, self.coordinator.stage
        if stage == "share":
            self.coordinator.name_model(model_of(number))
        messages = self.coordinator.close()
        if not messages:
            self.totals[number] = self.coordinator.opened
            return
        self.exchanges[number] += 1
        for name, message in messages.items():
            if name not in silent:
                answer = self.tell(name, message, number)
                if crash:
                    self.restart(name)
                self.coordinator.receive(altered(name, answer) if altered else answer)
        if crash:
            self.coordinator = SteadyCoordinator.restore(self.coordinator.save(), self.made.get)

    def restart(self, name):
        kept = self.sites[name].save()
        self.sites[name] = SteadySite(self.made.get, self.people[name], self.lines[name])
        self.sites[name].restore(kept)

    def run_round(self, **how):
        number = self.coordinator.number
        while number not in self.totals:
            self.step(**how)
        return self.totals[number]


@pytest.fixture
def series(identities_of, settings_of):
    return Series(identities_of(5), settings_of)


def expected(number, places):
    return [float(sum(place + 10 * number for place in places))] * 6


def test_every_round_after_the_first_takes_three_exchanges(series):
    series.begin()
    for number in range(ROUNDS):
        assert series.run_round().total.tolist() == expected(number, range(5))
    assert series.exchanges == {0: 5, 1: 3, 2: 3, 3: 3}
    assert series.coordinator.stage == "ended"
    assert {site.stage for site in series.sites.values()} == {"ended"}
    with pytest.raises(RoundEnded):
        series.coordinator.close()
    with pytest.raises(RoundEnded):
        series.sites["site-0"].receive(bundle(b"more"))


def test_no_key_serves_two_rounds(series):
    series.begin()
    for _ in range(ROUNDS):
        series.run_round()
    for lines in series.lines.values():
        assert {line for line in lines if " " not in line} == {f"round-{n}" for n in range(ROUNDS)}


def test_a_site_that_drops_misses_the_next_round_too_and_comes_back_with_a_new_beginning(series):
    series.begin()
    series.step()  # shares
    series.step(silent=["site-4"])  # vectors
    assert series.run_round().total.tolist() == expected(0, range(4))
    assert series.run_round().total.tolist() == expected(1, range(4))
    series.coordinator.begin(3)
    series.begin(3)
    assert series.run_round().total.tolist() == expected(3, range(5))
    assert (series.exchanges[1], series.exchanges[3]) == (3, 5)


def test_a_riding_message_that_was_altered_does_not_touch_the_round_that_carries_it(series):
    def spoilt(name, answer):
        present, riding = unbundle(answer)
        if name == "site-2" and riding:
            riding = riding[:-1] + bytes([riding[-1] ^ 1])
        return bundle(present, riding)

    series.begin()
    series.step()
    series.step(altered=spoilt)
    assert list(series.coordinator.refused) == ["site-2"]
    assert "site-2" in series.coordinator.refused["site-2"]
    assert series.run_round().total.tolist() == expected(0, range(5))
    assert series.run_round().total.tolist() == expected(1, (0, 1, 3, 4))


def test_where_too_few_keys_ride_along_the_series_begins_again_one_number_on(series):
    def robbed(name, answer):
        return bundle(unbundle(answer)[0])

    series.begin()
    series.step()
    series.step(altered=robbed)
    series.run_round()
    assert (series.coordinator.number, series.coordinator.stage) == (2, "advertise")
    with pytest.raises(RoundReplayed):
        series.sites["site-0"].begin(1)
    series.begin(2)
    assert series.run_round().total.tolist() == expected(2, range(5))
    assert series.exchanges[2] == 5


def test_where_too_few_shares_ride_along_the_round_is_given_up_by_its_number(series):
    def robbed(name, answer):
        return bundle(unbundle(answer)[0])

    series.begin()
    for _ in range(2):
        series.step()
    series.step(altered=robbed)
    series.run_round()
    series.coordinator.name_model(model_of(1))
    with pytest.raises(TooFewSurvivors):
        series.coordinator.close()
    for number in (0, 1, ROUNDS):
        with pytest.raises(RoundReplayed):
            series.coordinator.begin(number)
    series.coordinator.begin(2)
    series.begin(2)
    assert series.run_round().total.tolist() == expected(2, range(5))


def test_a_riding_list_of_keys_that_was_altered_leaves_the_site_in_the_present_round(series):
    series.begin()
    for _ in range(2):
        series.step()
    messages = series.coordinator.close()
    present, riding = unbundle(messages["site-1"])
    site = series.sites["site-1"]
    answer, ride = unbundle(site.receive(bundle(present, riding[:-1] + bytes([riding[-1] ^ 1]))))
    assert answer
    assert not ride
    assert "signature" in site.refused
    assert site.stage == "quorum"
    assert site._next is None
    assert site.save()


def test_both_sides_outlive_a_crash_after_every_message(series):
    series.begin()
    for number in range(2):
        while number not in series.totals:
            series.step(crash=True)
        assert series.totals[number].total.tolist() == expected(number, range(5))


@pytest.mark.parametrize("exchange", range(4))
def test_a_site_that_lost_its_answer_in_a_crash_gives_the_same_bytes_again(series, exchange):
    """Saved after it answered, before the answer arrived; the coordinator sends once more."""
    series.begin()
    for _ in range(exchange):
        series.step()
    if series.coordinator.stage == "share":
        series.coordinator.name_model(model_of(0))
    messages = series.coordinator.close()
    for name, message in messages.items():
        answer = series.tell(name, message, 0)
        series.restart(name)
        assert series.sites[name].receive(message) == answer
        series.coordinator.receive(answer)
    assert series.run_round().total.tolist() == expected(0, range(5))
    assert series.run_round().total.tolist() == expected(1, range(5))


def test_a_riding_message_of_any_kind_never_costs_the_present_answer(series):
    """A delivery rides with the quorum: the site has no vector for it yet."""
    series.begin()
    for _ in range(3):
        series.step()
    messages = series.coordinator.close()
    early = write(
        Kind.DELIVERY, series.made[1], Delivery(bytes(32), dict.fromkeys(range(5), ()), {}).parts()
    )
    site = series.sites["site-0"]
    answer, ride = unbundle(site.receive(bundle(unbundle(messages["site-0"])[0], early)))
    assert answer
    assert not ride
    assert "vector" in site.refused
    assert site.stage == "ended"
    assert unbundle(site.begin(2))[0]


def test_a_next_round_without_the_site_does_not_touch_the_present_one(
    series, identities_of, settings_of
):
    series.made[1] = settings_of(identities_of(3), round_id="round-1", model_digest=None)
    series.begin()
    series.step()
    series.coordinator.name_model(model_of(0))
    message = series.coordinator.close()["site-0"]
    answer, ride = unbundle(series.tell("site-0", message, 0))
    assert answer
    assert not ride
    assert "not enrolled" in series.sites["site-0"].refused


def test_beginning_an_old_round_by_mistake_leaves_the_present_one(series):
    series.begin()
    site = series.sites["site-0"]
    with pytest.raises(RoundReplayed):
        site.begin(0)
    with pytest.raises(RoundEnded):
        site.begin(ROUNDS)
    assert (site.number, site.stage) == (0, "keys")
    assert series.run_round().total.tolist() == expected(0, range(5))


def test_an_identity_that_expires_within_a_series_takes_no_part_from_then_on(settings_of):
    """The clock is asked at every round."""
    people = [Identity.new(f"site-{at}", expires=100) for at in range(3)]
    times = iter([50, 50, 99, 100])
    series = Series(people, settings_of, clock=lambda: 50)
    series.sites["site-0"] = SteadySite(
        series.made.get, people[0], series.lines["site-0"], lambda: next(times)
    )
    series.begin()
    assert series.run_round().total.tolist() == expected(0, range(3))
    series.coordinator.name_model(model_of(1))
    message = series.coordinator.close()["site-0"]
    assert unbundle(series.tell("site-0", message, 1))[0]
    assert "expired" in series.sites["site-0"].refused


@pytest.mark.parametrize("snapshot", [b"", b"12345678", bytes(40), b"\xff" * 40, "text", None])
def test_a_snapshot_of_something_else_is_refused(series, snapshot):
    with pytest.raises(SnapshotRefused):
        series.sites["site-0"].restore(snapshot)
    with pytest.raises(SnapshotRefused):
        SteadyCoordinator.restore(snapshot, series.made.get)


def test_a_snapshot_of_a_round_beyond_the_series_is_refused(series):
    series.begin()
    for party in (series.sites["site-0"], series.coordinator):
        kept = party.save()
        rounds = unbundle(kept)[0] if party is not series.coordinator else kept
        beyond = ROUNDS.to_bytes(8, "big") + rounds[8:]
        with pytest.raises(SnapshotRefused):
            series.sites["site-0"].restore(bundle(beyond))
        with pytest.raises(SnapshotRefused):
            SteadyCoordinator.restore(beyond, series.made.get)


def test_a_site_that_is_in_no_round_keeps_that_over_a_crash_and_the_coordinator_is_always_in_one(
    series,
):
    nothing = bytes(8) + bundle(b"")
    series.sites["site-0"].restore(bundle(nothing))
    with pytest.raises(RoundEnded, match="begin"):
        series.sites["site-0"].receive(bundle(b"x"))
    with pytest.raises(SnapshotRefused):
        SteadyCoordinator.restore(nothing, series.made.get)


@pytest.mark.parametrize(
    "message",
    [b"", bytes(15), bytes(17), b"\xff" * 16, "text", None, memoryview(bytes(32))[::2],
     memoryview(np.zeros((), np.uint8)), memoryview(np.zeros((4, 5)))],
)  # fmt: skip
def test_a_bundle_of_another_length_is_refused(message):
    with pytest.raises(MessageMalformed):
        unbundle(message)


def test_messages_of_two_rounds_are_never_taken_for_each_other(series):
    series.begin()
    series.step()
    number, messages = series.coordinator.number, None
    series.coordinator.name_model(model_of(number))
    messages = series.coordinator.close()
    answers = {name: series.tell(name, one, number) for name, one in messages.items()}
    present, riding = unbundle(answers["site-0"])
    with pytest.raises(Exception, match="other settings"):
        series.coordinator.receive(bundle(riding, present))
