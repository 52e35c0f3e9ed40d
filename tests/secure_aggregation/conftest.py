"""A round that a test can stop, look into and tamper with."""

from __future__ import annotations

import copy
import hashlib
import itertools

import numpy as np
import pytest

from synthema_lab import randomness
from synthema_lab.secure_aggregation import Coordinator, Identity, Roster, RoundSettings, Site

STAGES = ("advertise", "share", "mask", "agree", "unmask")


class Played:
    """A round played message by message; `answers` holds every site's messages by stage."""

    def __init__(self, settings, identities):
        self.settings = settings
        self.identities = {identity.name: identity for identity in identities}
        self.sites = {person.name: Site(settings, person, set()) for person in identities}
        self.coordinator = Coordinator(settings)
        self.answers = {stage: {} for stage in STAGES}
        self.messages = {}
        self._stage = 0

    def contribute(self, vectors):
        for site, vector in zip(self.sites.values(), vectors, strict=True):
            site.contribute(vector)
        return self

    def answer(self, leave_out=()):
        """Let the sites answer the last messages; returns their answers."""
        stage = STAGES[self._stage]
        if self._stage == 0:
            self.answers[stage] = {
                name: site.begin() for name, site in self.sites.items() if name not in leave_out
            }
        else:
            self.answers[stage] = {
                name: self.sites[name].receive(message)
                for name, message in self.messages.items()
                if name not in leave_out
            }
        return self.answers[stage]

    def collect(self, answers=None):
        """Hand the answers to the coordinator and close the stage."""
        for message in (answers or self.answers[STAGES[self._stage]]).values():
            self.coordinator.receive(message)
        self.messages = self.coordinator.close()
        self._stage += 1
        return self.messages

    def play(self, until="unmask", dropouts=None):
        """Play up to and with the stage `until`; dropouts: site to its last stage."""
        last = {name: STAGES.index(stage) for name, stage in (dropouts or {}).items()}
        while self._stage <= STAGES.index(until):
            self.answer([name for name, stage in last.items() if stage < self._stage])
            self.collect()
        return self

    def twin(self, name):
        """A copy of a site as it now stands, to try a message on."""
        twin = copy.copy(self.sites[name])
        twin._state = copy.copy(twin._state)
        for name in ("held", "box_secrets", "mask_secrets"):
            setattr(twin._state, name, dict(getattr(twin._state, name)))
        twin._state.vector = None if twin._state.vector is None else twin._state.vector.copy()
        twin._journal = copy.copy(twin._journal)
        twin._journal._lines = set(twin._journal._lines)
        return twin

    @property
    def total(self):
        return self.coordinator.opened.total


def _identities(sites):
    return [Identity.new(f"site-{number}") for number in range(sites)]


def _settings(identities, **changed):
    named = {
        "round_id": "round-1",
        "length": 6,
        "clip": 8.0,
        "scale": 2**20,
        "model_digest": hashlib.sha256(b"model").digest(),
        "study_digest": hashlib.sha256(b"study").digest(),
    }
    roster = Roster.of(identity.member() for identity in identities)
    return RoundSettings(**({"roster": roster} | named | changed))


@pytest.fixture
def identities_of():
    """Fresh identities: ``identities_of(sites)``."""
    return _identities


@pytest.fixture
def settings_of():
    """Settings over identities: ``settings_of(identities, **changed)``."""
    return _settings


@pytest.fixture
def new_round():
    """A round whose sites have contributed: ``new_round(sites, vectors=None, **changed)``."""

    def make(sites, vectors=None, **changed):
        identities = _identities(sites)
        settings = _settings(identities, **changed)
        if vectors is None:
            vectors = [np.full(settings.length, float(site + 1)) for site in range(sites)]
        return Played(settings, identities).contribute(vectors)

    return make


@pytest.fixture
def fixed_randomness():
    """Replace the operating system's randomness by a reproducible stream."""

    draws = itertools.count()

    def stream(n):
        return hashlib.shake_256(b"a fixed stream %d" % next(draws)).digest(n)

    with randomness.swapped(stream):
        yield
