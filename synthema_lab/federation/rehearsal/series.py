"""Can what rides on a round spoil that round, or open the next one?

In a series the keys and shares of the next round travel with the messages of
the present one. A cheat may exchange the two, alter what rides, or name another
model once the keys are there.
"""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from ...secure_aggregation import RoundSettings, SteadyCoordinator, SteadySite
from ...secure_aggregation.errors import RoundMismatch
from ...secure_aggregation.riding import bundle, unbundle
from .attack import COORDINATOR, WIRE, Attack, attack
from .scene import Scene

_MODEL, _OTHER = (hashlib.sha256(name).digest() for name in (b"model", b"dead"))


class _Series:
    """A series of rounds among the hospitals of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.vectors = scene.vectors
        settings = dataclasses.replace(scene.settings, model_digest=None)

        def settings_of(number: int) -> RoundSettings:
            return dataclasses.replace(settings, round_id=f"series-{number}")

        self.coordinator = SteadyCoordinator(settings_of)
        self.sites = {n: SteadySite(settings_of, p, set()) for n, p in scene.people.items()}
        for site in self.sites.values():
            self.coordinator.receive(site.begin())

    def next_messages(self) -> dict[str, bytes]:
        """Close a stage; all honest parties name the same model."""
        if self.coordinator.stage == "share":
            self.coordinator.name_model(_MODEL)
        return self.coordinator.close()

    def answer(self, name: str, message: bytes, model: bytes = _MODEL) -> bytes:
        """What a hospital answers; its vector grows by one with every round."""
        site = self.sites[name]
        if site.stage == "delivery":
            site.contribute(self.vectors[name] + site.number, model=model)
        return site.receive(message)

    def to_the_vectors(self) -> None:
        """Play until the coordinator has collected the vectors of the first round."""
        for _ in range(2):
            for name, message in self.next_messages().items():
                self.coordinator.receive(self.answer(name, message))

    def expected(self, number: int, names: tuple[str, ...]) -> np.ndarray:
        return sum(self.vectors[name] + number for name in names)


@attack(
    "a round and the one that rides on it exchanged",
    COORDINATOR,
    hope="hospitals that answer for one round with the keys of another",
    tried="it exchanges the two messages in every bundle, and sends the riding one twice",
    by=RoundMismatch,
    sites=4,
)
def exchanged(scene: Scene) -> None:
    series = _Series(scene)
    series.to_the_vectors()
    for at, (name, message) in enumerate(series.next_messages().items()):
        present, riding = unbundle(message)
        spoilt = bundle(riding, present if at % 2 else riding)
        scene.attempt(lambda name=name, spoilt=spoilt: series.answer(name, spoilt))


@attack(
    "another model once the keys are there",
    COORDINATOR,
    hope="an update of zero from all but one, in a round whose keys were exchanged before",
    tried="it names one model to hospital-a and another to the rest, when the vectors are due",
    by=RoundMismatch,
    sites=4,
)
def other_model(scene: Scene) -> None:
    series = _Series(scene)
    for name, message in series.next_messages().items():
        series.coordinator.receive(series.answer(name, message))
    for name, message in series.next_messages().items():
        model = _OTHER if name == "hospital-a" else _MODEL
        answer = series.answer(name, message, model)
        if model == _OTHER:
            scene.attempt(lambda answer=answer: series.coordinator.receive(answer))


@attack(
    "spoilt keys that ride along",
    WIRE,
    hope="a present sum that is off, or a next one under wrong keys",
    tried="a bit is flipped in what rides from hospital-a",
    sites=4,
)
def spoilt(scene: Scene) -> None:
    series, totals = _Series(scene), []
    while len(totals) < 2:
        messages = series.next_messages()
        if not messages:
            totals.append(series.coordinator.opened)
        for name, message in messages.items():
            present, riding = unbundle(series.answer(name, message))
            if name == "hospital-a" and riding and not totals:
                riding = riding[:-1] + bytes([riding[-1] ^ 1])
            series.coordinator.receive(bundle(present, riding))
    wrong = sum(
        not np.array_equal(opened.total, series.expected(number, opened.survivors))
        for number, opened in enumerate(totals)
    )
    survivors = [len(opened.survivors) for opened in totals]
    scene.find(
        wrong,
        f"Both sums are right, the present one over {survivors[0]} hospitals and the next over "
        f"{survivors[1]}.",
    )


ATTACKS: tuple[Attack, ...] = (exchanged, other_model, spoilt)
