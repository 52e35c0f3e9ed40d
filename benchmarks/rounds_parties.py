"""How does a series of secure rounds run over a channel?

`answer_rounds` is what a site's process does; `Series` is the coordinator's end.
Vectors are made anew for each round from public numbers, so that whatever is
opened can be compared with the sum.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from synthema_lab.federation.channels import Channel, FolderChannel
from synthema_lab.secure_aggregation import (
    Identity,
    Member,
    Roster,
    RoundSettings,
    SteadyCoordinator,
    SteadySite,
)

TOPIC = "benchmark"
MODEL = bytes(32)
PATIENCE = 60.0


def settings_for(members: Iterable[Member], length: int, alone: bool):
    """The settings of each round by number; where rounds stand alone, of the even ones only."""
    roster = Roster.of(members)

    def settings_of(number: int) -> RoundSettings | None:
        if alone and number % 2:
            return None
        return RoundSettings(roster, f"round-{number}", length, 8.0, 2**20, None, MODEL)

    return settings_of


def vector_of(place: int, number: int, length: int) -> np.ndarray:
    """A site's vector of a round, in steps that are encoded exactly."""
    return ((np.arange(length) * (place + 3) + 17 * number) % 4096 - 2048) / 1024


class Answering:
    """A site's part: one answer to each message of the coordinator."""

    def __init__(
        self,
        channel: Channel,
        identity: Identity,
        members: list[Member],
        length: int,
        alone: bool = False,
    ) -> None:
        self._channel, self._length = channel, length
        self._site = SteadySite(settings_for(members, length, alone), identity, set())
        self._place = sorted(member.name for member in members).index(identity.name)
        channel.send("coordinator", TOPIC, self._site.begin())

    def answer(self, timeout: float) -> bool:
        """Answer the next message, if it comes in time; whether the series is still open."""
        delivery = self._channel.receive(TOPIC, "coordinator", timeout)
        self._channel.acknowledge(delivery)
        if not delivery.message:
            return False
        if self._site.stage == "delivery":
            vector = vector_of(self._place, self._site.number, self._length)
            self._site.contribute(vector, model=MODEL)
        self._channel.send("coordinator", TOPIC, self._site.receive(delivery.message))
        if self._site.stage == "ended":
            self._channel.send("coordinator", TOPIC, self._site.begin(self._site.number + 1))
        return True


class Series:
    """The coordinator's end of a series of rounds."""

    def __init__(
        self, channel: Channel, members: list[Member], length: int, alone: bool = False
    ) -> None:
        self._channel, self._names = channel, sorted(member.name for member in members)
        self._length = length
        self._coordinator = SteadyCoordinator(settings_for(members, length, alone))
        self._collect()

    def run_round(self, meanwhile=lambda: None) -> float:
        """Run one round to its checked sum; seconds of the clock on the wall."""
        number, start = self._coordinator.number, time.perf_counter()
        while self._coordinator.number == number:
            if self._coordinator.stage == "share":
                self._coordinator.name_model(MODEL)
            messages = self._coordinator.close()
            if messages:
                self._channel.send_all(messages, TOPIC)
                meanwhile()
                self._collect()
        if self._coordinator.stage == "advertise":
            self._collect()
        seconds = time.perf_counter() - start
        parts = [vector_of(place, number, self._length) for place in range(len(self._names))]
        if not np.array_equal(self._coordinator.opened.total, np.sum(parts, axis=0)):
            raise AssertionError(f"Round {number} opened a wrong sum.")
        return seconds

    def end(self) -> None:
        """Tell the sites that the series is over."""
        self._channel.send_all(dict.fromkeys(self._names, b""), TOPIC)

    def _collect(self) -> None:
        found = self._channel.gather(TOPIC, self._names, PATIENCE)
        if len(found) < len(self._names):
            raise AssertionError(
                f"{set(self._names) - set(found)} silent: {self._channel.troubles}"
            )
        self._channel.acknowledge(*found.values())
        for delivery in found.values():
            self._coordinator.receive(delivery.message)


def answer_rounds(
    home: str,
    identity: Identity,
    members: list[Member],
    coordinator: Member,
    length: int,
    alone: bool = False,
) -> None:
    """A site's process, from its first keys to the end of the series."""
    state = Path(home) / "state" / identity.name
    with FolderChannel(Path(home) / "shared", identity, [coordinator], state) as channel:
        while not (Path(home) / "shared" / "coordinator" / "keys.json").exists():
            time.sleep(0.01)
        site = Answering(channel, identity, members, length, alone)
        while site.answer(PATIENCE):
            continue
