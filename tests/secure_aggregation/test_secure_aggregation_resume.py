"""Either side may crash at any stage; the round goes on, or ends without opening anything."""

from __future__ import annotations

import numpy as np
import pytest

from synthema_lab.secure_aggregation import Coordinator, Identity, Roster, RoundSettings, Site
from synthema_lab.secure_aggregation.errors import RoundEnded, RoundReplayed, SnapshotRefused

STAGES = ("advertise", "share", "mask", "agree", "unmask")
SITES = ("east", "north", "south", "west")
LENGTH = 7


class Hospital:
    """A site with a disk: it stores its state before an answer leaves."""

    def __init__(self, settings, identity):
        self.settings, self.identity, self.used = settings, identity, set()
        self.site = Site(settings, identity, self.used)

    def crash(self):
        """The process is gone; only what was stored comes back."""
        self.site = Site.restore(self.disk, self.settings, self.identity, self.used)

    def begin(self, vector):
        self.site.contribute(vector)
        answer = self.site.begin()
        self.disk = self.site.save()
        return answer

    def receive(self, message):
        answer = self.site.receive(message)
        self.disk = self.site.save()
        return answer


@pytest.fixture
def parties():
    people = [Identity.new(name) for name in SITES]
    roster = Roster.of(person.member() for person in people)
    settings = RoundSettings(roster, "r1", LENGTH, 1000, 1, bytes(32), bytes(32))
    return settings, {person.name: Hospital(settings, person) for person in people}


def vectors():
    return {name: np.arange(LENGTH) * (at + 1) for at, name in enumerate(SITES)}


def play(settings, hospitals, before_message=None, after_stage=None, silent=()):
    """A whole round with a hook before each message to a site and after each stage."""
    coordinator = Coordinator(settings)
    for name, hospital in hospitals.items():
        coordinator.receive(hospital.begin(vectors()[name]))
    for stage in STAGES[1:]:
        messages = coordinator.close()
        if after_stage:
            coordinator = after_stage(stage, coordinator)
            assert coordinator.sent == messages
        for name, message in messages.items():
            if (name, stage) in silent:
                continue
            if before_message:
                before_message(stage, name, hospitals[name], message)
            coordinator.receive(hospitals[name].receive(message))
    coordinator.close()
    return coordinator.opened


@pytest.mark.parametrize("stage", STAGES[1:])
@pytest.mark.parametrize("who", SITES)
def test_a_site_that_crashes_before_it_answers_goes_on_where_it_was(parties, stage, who):
    settings, hospitals = parties

    def crash(at, name, hospital, message):
        if (at, name) == (stage, who):
            hospital.crash()

    opened = play(settings, hospitals, crash)
    assert opened.total.tolist() == sum(vectors().values()).tolist()


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_site_that_crashes_after_it_stored_its_answer_gives_the_same_answer(parties, stage):
    settings, hospitals = parties

    def crash(at, name, hospital, message):
        if (at, name) == (stage, "north"):
            lost = hospital.receive(message)  # stored, and lost on the way
            hospital.crash()
            assert hospital.site.receive(message) == lost
            hospital.receive = lambda again: vars(hospital).pop("receive") and lost

    opened = play(settings, hospitals, crash)
    assert opened.total.tolist() == sum(vectors().values()).tolist()


@pytest.mark.parametrize("stage", STAGES[1:])
def test_an_older_snapshot_answers_no_stage_a_second_time(parties, stage):
    settings, hospitals = parties

    def roll_back(at, name, hospital, message):
        if (at, name) == (stage, "south"):
            backup = hospital.disk
            hospital.receive(message)
            restored = Site.restore(backup, settings, hospital.identity, hospital.used)
            with pytest.raises(RoundReplayed):
                restored.receive(message)
            with pytest.raises(RoundEnded):
                restored.receive(message)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(settings, hospitals, roll_back)


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_coordinator_that_crashes_after_closing_a_stage_goes_on(parties, stage):
    settings, hospitals = parties

    def crash(at, coordinator):
        return Coordinator.restore(coordinator.save(), settings) if at == stage else coordinator

    opened = play(settings, hospitals, after_stage=crash, silent={("west", "agree")})
    assert opened.total.tolist() == sum(vectors().values()).tolist()


def test_a_coordinator_that_crashes_between_any_two_messages_goes_on(parties):
    settings, hospitals = parties
    coordinator = Coordinator(settings)

    def crashed():
        return Coordinator.restore(coordinator.save(), settings)

    for name, hospital in hospitals.items():
        coordinator.receive(hospital.begin(vectors()[name]))
        coordinator = crashed()
    for stage in STAGES[1:]:
        for name, message in coordinator.close().items():
            if (name, stage) == ("west", "mask"):
                continue  # drops after it gave out shares
            coordinator.receive(hospitals[name].receive(message))
            coordinator = crashed()
    coordinator.close()
    kept = [vectors()[name] for name in SITES if name != "west"]
    assert coordinator.opened.total.tolist() == sum(kept).tolist()
    assert coordinator.opened.survivors == ("east", "north", "south")
    with pytest.raises(RoundEnded):
        coordinator.save()


def test_a_site_s_snapshot_opens_for_that_site_and_round_only_and_unaltered(parties):
    settings, hospitals = parties
    east, north = hospitals["east"], hospitals["north"]
    east.begin(vectors()["east"])
    other = RoundSettings(settings.roster, "r2", LENGTH, 1000, 1, bytes(32), bytes(32))
    damaged = [east.disk[:at] + bytes([east.disk[at] ^ 1]) + east.disk[at + 1 :]
               for at in (0, 9, 25, len(east.disk) - 1)]  # fmt: skip
    for snapshot, agreed, who in [
        (east.disk, settings, north.identity),
        (east.disk, other, east.identity),
        (b"", settings, east.identity),
        (east.disk[:30], settings, east.identity),
        *((one, settings, east.identity) for one in damaged),
    ]:
        with pytest.raises(SnapshotRefused):
            Site.restore(snapshot, agreed, who, set())


def test_a_snapshot_hides_the_vector_and_the_keys(parties):
    settings, hospitals = parties
    hospital = hospitals["east"]
    hospital.begin(np.full(LENGTH, 777))
    secret = hospital.site._state
    for hidden in (secret.vector.tobytes(), secret.seed, secret.seed.hex().encode(),
                   secret.mask.private.hex().encode()):  # fmt: skip
        assert hidden not in hospital.disk
    again = Site.restore(hospital.disk, settings, hospital.identity, hospital.used)
    shown = repr(again) + repr(again._state)
    assert "vector=" not in shown
    assert "777, 777" not in shown  # 777 alone may stand in a public key by chance
    assert secret.seed.hex() not in repr(again._state)


def test_a_coordinators_snapshot_of_another_round_or_altered_is_refused(parties):
    settings, hospitals = parties
    coordinator = Coordinator(settings)
    coordinator.receive(hospitals["east"].begin(vectors()["east"]))
    snapshot = coordinator.save()
    other = RoundSettings(settings.roster, "r2", LENGTH, 1000, 1, bytes(32), bytes(32))
    for wrong, agreed in [(snapshot, other), (b"", settings), (snapshot[:-1], settings),
                          (snapshot[:60] + b"x" + snapshot[61:], settings)]:  # fmt: skip
        with pytest.raises(SnapshotRefused):
            Coordinator.restore(wrong, agreed)
