"""How is a round played message by message, so that somebody can step in?

`Played` holds real `Site` and `Coordinator` state machines and hands their
messages over one by one. Between two stages a cheat may read messages, write
its own, and keep others back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Self

import numpy as np

from ...secure_aggregation import Coordinator, Identity, Roster, RoundSettings, Site
from ...secure_aggregation.frames import Kind, read, write
from ...secure_aggregation.messages import (
    ADVERT_FRAME_BYTES,
    AGREED_FRAME_BYTES,
    Advert,
    Agreed,
    Body,
    Boxes,
    Delivery,
    Frames,
    Masked,
    Survivors,
    Unmasking,
)
from ..memory import STAGES

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FROM_SITE = (Kind.ADVERT, Kind.SHARES, Kind.MASKED, Kind.AGREED, Kind.UNMASKING)


class Played:
    """One round among hospitals, played message by message.

    Parameters
    ----------
    sites : int
        How many hospitals where neither vectors nor people say so; they are called
        ``hospital-a``, ``hospital-b``, ..., or by numbers where letters do not suffice.
    vectors : sequence of numpy.ndarray, optional
        One a hospital. By default no two sets of hospitals have the same sum,
        so that a wrong sum shows.
    people : sequence of Identity, optional
        Hospitals of an earlier scene, to run another round with them.
    used : mapping of str to set of str, optional
        Their journals, of all rounds before.
    models : sequence of bytes, optional
        The model that each of them names, where the settings name none; the
        coordinator names the first.
    **agreed
        Settings other than the usual ones.

    Examples
    --------
    >>> Played(3).play().total.tolist()
    [13, -13, 26, 65]
    """

    def __init__(
        self,
        sites: int = 5,
        vectors: Sequence[np.ndarray] | None = None,
        people: Sequence[Identity] | None = None,
        used: Mapping[str, set[str]] | None = None,
        models: Sequence[bytes] | None = None,
        **agreed: object,
    ) -> None:
        if people is None:
            sites = sites if vectors is None else len(vectors)
            marks = _LETTERS if sites <= len(_LETTERS) else [f"{at:04d}" for at in range(sites)]
            people = [Identity.new(f"hospital-{mark}") for mark in marks[:sites]]
        self.people = {person.name: person for person in people}
        self.names = tuple(self.people)
        usual = {
            "roster": Roster.of(person.member() for person in people),
            "round_id": "round-1",
            "length": 4,
            "clip": 10**6,
            "scale": 1,
            "model_digest": hashlib.sha256(b"model").digest(),
            "study_digest": hashlib.sha256(b"study").digest(),
        }
        self.agreed = usual | agreed
        self.settings = RoundSettings(**self.agreed)
        self.used = used if used is not None else {name: set() for name in self.names}
        if vectors is None:
            pattern = np.resize([1, -1, 2, 5], self.settings.length)
            vectors = [3**at * pattern for at in range(len(self.names))]
        self.vectors = dict(zip(self.names, vectors, strict=True))
        self.sites, self.coordinator = {}, Coordinator(self.settings)
        named = [None] * len(self.names) if models is None else models
        for (name, person), model in zip(self.people.items(), named, strict=True):
            self.sites[name] = Site(self.settings, person, self.used[name])
            self.sites[name].contribute(self.vectors[name], model=model)
        if models is not None:
            self.coordinator.name_model(models[0])
        self.answers: dict[str, dict[str, bytes]] = {stage: {} for stage in STAGES}
        self.messages: dict[str, bytes] = {}
        self._done = 0

    # The honest round

    def answer(self, leave_out: Collection[str] = ()) -> dict[str, bytes]:
        """Let the hospitals answer the last messages; gives their answers by name."""
        if self._done == 0:
            given = {n: site.begin() for n, site in self.sites.items() if n not in leave_out}
        else:
            given = {
                name: self.sites[name].receive(message)
                for name, message in self.messages.items()
                if name not in leave_out
            }
        self.answers[STAGES[self._done]] = given
        return given

    def collect(self, answers: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
        """Hand answers to the coordinator, close the stage; gives its next messages."""
        for message in (answers or self.answers[STAGES[self._done]]).values():
            self.coordinator.receive(message)
        return self.close()

    def close(self) -> dict[str, bytes]:
        """Let the coordinator close the stage; gives its next messages."""
        self.messages = self.coordinator.close()
        self._done += 1
        return self.messages

    def play(self, until: str = "unmask", silent: Mapping[str, str] | None = None) -> Self:
        """Play honestly up to and with a stage; `silent`: hospital to its last stage."""
        last = {name: STAGES.index(stage) for name, stage in (silent or {}).items()}
        while self._done <= STAGES.index(until):
            self.answer([name for name, stage in last.items() if stage < self._done])
            self.collect()
        return self

    def again(self, **changed: object) -> Self:
        """Another round of the same hospitals, which remember what they have run."""
        vectors = list(self.vectors.values())
        people = list(self.people.values())
        return type(self)(vectors=vectors, people=people, used=self.used, **(self.agreed | changed))

    @property
    def total(self) -> np.ndarray:
        """The opened sum."""
        return self.coordinator.opened.total

    # What a cheat writes and reads

    def number(self, name: str) -> int:
        """A hospital's number in the roster."""
        return self.settings.roster.names.index(name)

    def frame(self, kind: Kind, body: Body) -> bytes:
        """A message in the coordinator's name."""
        return write(kind, self.settings, body.parts())

    def signed(self, name: str, kind: Kind, body: Body) -> bytes:
        """A message that a hospital signs, whatever it says."""
        return write(kind, self.settings, body.parts(), self.number(name), self.people[name])

    def read(self, kind: Kind, message: bytes) -> Body:
        """The body of a message."""
        body = read(message, self.settings, kind).body
        if kind == Kind.MASKED:
            return Masked.read(body, self.settings)
        if kind in (Kind.KEYS, Kind.QUORUM):
            return Frames.read(
                body, ADVERT_FRAME_BYTES if kind == Kind.KEYS else AGREED_FRAME_BYTES
            )
        return {
            Kind.ADVERT: Advert,
            Kind.SHARES: Boxes,
            Kind.DELIVERY: Delivery,
            Kind.SURVIVORS: Survivors,
            Kind.AGREED: Agreed,
            Kind.UNMASKING: Unmasking,
        }[kind].read(body)

    def said(self, stage: str, name: str) -> Body:
        """What a hospital answered in a stage, opened."""
        return self.read(_FROM_SITE[STAGES.index(stage)], self.answers[stage][name])

    def twin(self, name: str) -> Site:
        """A copy of a hospital as it now stands, to try one message on."""
        snapshot, used = self.sites[name].save(), set(self.used[name])
        return Site.restore(snapshot, self.settings, self.people[name], used)
