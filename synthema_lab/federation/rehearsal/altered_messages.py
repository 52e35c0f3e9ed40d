"""Can the wire change, repeat, reorder or lose a message without anybody noticing?"""

from __future__ import annotations

from ...secure_aggregation.errors import (
    MessageMalformed,
    MessageOutOfTurn,
    RoundAborted,
    RoundEnded,
    TooFewSurvivors,
)
from ..memory import STAGES
from .attack import WIRE, Attack, attack
from .scene import Scene

_FLIPS = 8
"""Bits flipped in each message: a rehearsal of what the tests do for every bit."""


@attack(
    "a flipped bit",
    WIRE,
    hope="a sum that is off by what one bit is worth",
    tried="in every message of a round one bit is flipped, eight places in each; the true message "
    "follows",
    by=RoundAborted,
    sites=3,
)
def flipped(scene: Scene) -> None:
    for _ in STAGES:
        for message in scene.answer().values():
            for altered in _flips(message):
                scene.hand(altered)
        for name, message in scene.collect().items():
            for altered in _flips(message):
                # Survivors are not signed: a bit may turn them into another set of the right
                # size. Then the hospital answers, and the coordinator does not go along.
                site = scene.twin(name)
                try:
                    answer = site.receive(altered)
                except RoundAborted as error:
                    scene.attempt(lambda error=error: _raise(error))
                else:
                    scene.hand(answer)
    if scene.total.tolist() != sum(scene.vectors.values()).tolist():
        scene.find(learnt=True, said="A wrong sum was opened.")


@attack(
    "a truncated or padded message",
    WIRE,
    hope="a party that reads past the end",
    tried="every message of a round arrives without its last byte, with a byte more, as its first "
    "half, and empty",
    by=MessageMalformed,
    sites=3,
)
def truncated(scene: Scene) -> None:
    for _ in STAGES:
        for message in scene.answer().values():
            for altered in _cut(message):
                scene.hand(altered)
        for name, message in scene.collect().items():
            for altered in _cut(message):
                scene.ask(scene.twin(name), altered)


@attack(
    "a message twice, or in another stage",
    WIRE,
    hope="a vector that is counted twice",
    tried="every message of a hospital is delivered a second time, and again one stage later",
    by=(MessageOutOfTurn, RoundEnded),
    sites=3,
)
def twice(scene: Scene) -> None:
    for stage in STAGES:
        for message in scene.answer().values():
            scene.coordinator.receive(message)
            scene.hand(message)
        scene.close()
        for message in scene.answers[stage].values():
            scene.hand(message)
    if scene.total.tolist() != sum(scene.vectors.values()).tolist():
        scene.find(learnt=True, said="A wrong sum was opened.")


@attack(
    "a hospital's message sent back as the coordinator's",
    WIRE,
    hope="a hospital that takes an answer for a question",
    tried="every hospital is sent what another hospital answered",
    by=MessageOutOfTurn,
    sites=3,
)
def sent_back(scene: Scene) -> None:
    for _ in STAGES[:-1]:
        sent = scene.answer()
        for name in scene.names:
            for other, message in sent.items():
                if other != name:
                    scene.ask(scene.twin(name), message)
        scene.collect()


@attack(
    "a lost message",
    WIRE,
    hope="a sum over fewer hospitals that passes for the whole",
    tried="one of three hospitals' messages is lost, in each stage in turn",
    by=TooFewSurvivors,
    sites=3,
)
def lost(scene: Scene) -> None:
    for stage in STAGES:
        other = scene.again(round_id=f"lost-{stage}")
        if stage != STAGES[0]:
            other.play(STAGES[STAGES.index(stage) - 1])
        answers = other.answer(leave_out=["hospital-b"])
        scene.attempt(lambda other=other, answers=answers: other.collect(answers))


def _flips(message: bytes) -> list[bytes]:
    """The message with one bit flipped, at places spread over it."""
    found = []
    for turn in range(_FLIPS):
        altered = bytearray(message)
        altered[turn * (len(message) - 1) // (_FLIPS - 1)] ^= 1 << turn
        found.append(bytes(altered))
    return found


def _cut(message: bytes) -> tuple[bytes, ...]:
    return message[:-1], message + b"\x00", message[: len(message) // 2], b""


def _raise(error: RoundAborted) -> None:
    raise error


ATTACKS: tuple[Attack, ...] = (flipped, truncated, twice, sent_back, lost)
