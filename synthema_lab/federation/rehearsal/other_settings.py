"""Can a round run with other settings than the study names?

A small modulus, a scale of its own for every hospital, another model for one
of them: each would show a single vector in the sum. All settings are under
every signature and in every key.
"""

from __future__ import annotations

import hashlib

import numpy as np

from ...secure_aggregation import Identity, Roster, RoundSettings, Site
from ...secure_aggregation.errors import (
    MessageMalformed,
    RoundMismatch,
    SettingsRefused,
    TooFewSites,
)
from ...secure_aggregation.frames import Kind, write
from ...secure_aggregation.messages import Frames
from .attack import COORDINATOR, Attack, attack
from .scene import Scene

_OTHERS = (
    {"length": 5},
    {"clip": 10**6 + 1},
    {"scale": 2},
    {"scale": 2**20, "clip": 8.0},
    {"threshold": 5},
    {"noise_bound": 1},
    {"study_digest": hashlib.sha256(b"another study").digest()},
)


@attack(
    "another modulus, scale, clip, length, threshold or study",
    COORDINATOR,
    hope="a sum in which every hospital has digits of its own, or a smaller quorum",
    tried="it asks for a round in which one of these is not what the hospital approved",
    by=RoundMismatch,
)
def others(scene: Scene) -> None:
    scene.answer()
    sent = tuple(scene.answers["advertise"].values())
    for changed in _OTHERS:
        asked = RoundSettings(**(scene.agreed | changed))
        message = write(Kind.KEYS, asked, Frames(sent).parts())
        scene.ask(scene.twin("hospital-a"), message)


@attack(
    "different models to different hospitals",
    COORDINATOR,
    hope="updates of zero from all but one, whose update is then the sum",
    tried="it gives hospital-a one model and all others another, named in the settings, then named "
    "with the vectors",
    by=RoundMismatch,
)
def other_models(scene: Scene) -> None:
    other = RoundSettings(**(scene.agreed | {"model_digest": hashlib.sha256(b"dead").digest()}))
    odd = Site(other, scene.people["hospital-a"], set())
    odd.contribute(np.zeros(4, dtype=int))
    scene.hand(odd.begin())
    scene.play("advertise")
    scene.ask(odd, scene.messages["hospital-a"])
    models = [hashlib.sha256(name).digest() for name in (b"dead", b"live", b"live", b"live")]
    later = Scene(models=models, vectors=[np.ones(4, int)] * 4, model_digest=None).play("share")
    for message in later.answer(leave_out=["hospital-a"]).values():
        later.hand(message)
    scene.tries += later.tries


@attack(
    "a modulus of the coordinator's choosing",
    COORDINATOR,
    hope="masks of one bit, through which the other bits of a value show",
    tried="it writes the modulus 2 in front of the list of keys, where no message has a place for "
    "it; then it asks for so much room for noise that the modulus would change",
    by=(MessageMalformed, RoundMismatch),
)
def modulus(scene: Scene) -> None:
    scene.answer()
    sent = Frames(tuple(scene.answers["advertise"].values())).parts()
    roomy = RoundSettings(**(scene.agreed | {"noise_bound": 2**40}))
    if roomy.modulus_bits == scene.settings.modulus_bits:
        scene.find(learnt=True, said="The modulus did not follow from the settings.")
    named = write(Kind.KEYS, scene.settings, [(2).to_bytes(8, "big"), *sent])
    for message in (named, write(Kind.KEYS, roomy, sent)):
        scene.ask(scene.twin("hospital-a"), message)


@attack(
    "fewer than three hospitals",
    COORDINATOR,
    hope="a sum of two, in which each sees the other",
    tried="it opens a round of two, and a round of one",
    by=TooFewSites,
    sites=3,
)
def too_few(scene: Scene) -> None:
    for sites in (2, 1):
        people = [Identity.new(name) for name in scene.names[:sites]]
        roster = Roster.of(person.member() for person in people)
        scene.attempt(lambda roster=roster: RoundSettings(**(scene.agreed | {"roster": roster})))


@attack(
    "a threshold of two thirds or less",
    COORDINATOR,
    hope="two halves that each sign that the other has dropped",
    tried="it opens a round of six hospitals with threshold three, and with four",
    by=SettingsRefused,
    sites=6,
)
def low_threshold(scene: Scene) -> None:
    for threshold in (1, 3, 4):
        scene.attempt(lambda t=threshold: RoundSettings(**(scene.agreed | {"threshold": t})))


@attack(
    "settings under which a sum can wrap",
    COORDINATOR,
    hope="sums that come out wrong where values are large",
    tried="it opens a round whose largest sum passes what is exact, and one with a scale that is "
    "no power of two",
    by=SettingsRefused,
)
def can_wrap(scene: Scene) -> None:
    for changed in ({"clip": 2**62}, {"scale": 2**50, "clip": 8.0}, {"scale": 1000, "clip": 8.0}):
        scene.attempt(lambda changed=changed: RoundSettings(**(scene.agreed | changed)))


ATTACKS: tuple[Attack, ...] = (others, modulus, other_models, too_few, low_threshold, can_wrap)
