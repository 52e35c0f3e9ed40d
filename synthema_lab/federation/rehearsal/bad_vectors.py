"""Can a hospital put in something that is no vector within its clip?"""

from __future__ import annotations

import numpy as np

from ... import randomness
from ...secure_aggregation import Site, encode
from ...secure_aggregation.errors import (
    MessageMalformed,
    SumOutOfRange,
    ValueBeyondClip,
    ValueNotFinite,
    VectorRefused,
)
from ...secure_aggregation.frames import Kind
from ...secure_aggregation.messages import Masked
from .attack import HOSPITAL, Attack, attack
from .scene import Scene


@attack(
    "NaN or infinity",
    HOSPITAL,
    hope="a sum that is unusable for everybody",
    tried="it gives a vector with NaN, with either infinity, and with a zero below zero",
    by=ValueNotFinite,
    sites=3,
    vectors=[np.zeros(4)] * 3,
    clip=8.0,
    scale=2**20,
)
def not_finite(scene: Scene) -> None:
    for value in (np.nan, np.inf, -np.inf):
        scene.attempt(lambda value=value: _new_site(scene).contribute(np.array([0, 1, value, 0])))
    zero, negative = (encode(np.full(4, value), scene.settings) for value in (0.0, -0.0))
    scene.find(not np.array_equal(zero, negative), "A negative zero is not the zero it stands for.")


@attack(
    "a value just beyond the clip",
    HOSPITAL,
    hope="more weight than the others have",
    tried="it gives the next number above the clip, or below its negative; nothing is cut off in "
    "silence",
    by=ValueBeyondClip,
    sites=3,
    vectors=[np.zeros(4)] * 3,
    clip=8.0,
    scale=2**20,
)
def beyond(scene: Scene) -> None:
    for value in (np.nextafter(8.0, 9.0), -np.nextafter(8.0, 9.0), 1e300):
        scene.attempt(lambda value=value: _new_site(scene).contribute(np.full(4, value)))


@attack(
    "the wrong length or kind of number",
    HOSPITAL,
    hope="counts that land in another hospital's cells",
    tried="it gives vectors that are shorter, longer, two-dimensional, masked, or not whole",
    by=VectorRefused,
    sites=3,
)
def wrong_length(scene: Scene) -> None:
    masked = np.ma.masked_array([1, 2, 3, 4], mask=[0, 1, 0, 0])
    for vector in (np.zeros(3, int), np.zeros(5, int), np.zeros((4, 1), int), np.zeros(4), masked):
        scene.attempt(lambda vector=vector: _new_site(scene).contribute(vector))


@attack(
    "values whose sum wraps",
    HOSPITAL,
    hope="a sum that wraps around to a believable number",
    tried="it adds a quarter and half of the modulus to its masked vector, behind the check",
    by=SumOutOfRange,
    sites=3,
)
def wraps(scene: Scene) -> None:
    for power in (30, 31):
        _instead(scene, f"power-{power}", lambda sent, power=power: sent + np.uint32(2**power))


@attack(
    "a vector under other masks",
    HOSPITAL,
    hope="to spoil the sum unnoticed",
    tried="it sends random numbers in place of its masked vector",
    by=SumOutOfRange,
    sites=3,
    vectors=[np.full(64, 3**at) for at in range(3)],
    length=64,
)
def other_masks(scene: Scene) -> None:
    def drawn(sent: np.ndarray) -> np.ndarray:
        return np.frombuffer(randomness.random_bytes(sent.nbytes), dtype=sent.dtype)

    _instead(scene, "drawn", drawn)


@attack(
    "a masked vector of the wrong size",
    HOSPITAL,
    hope="a coordinator that reads past the end, or is filled up",
    tried="it signs a masked vector that is shorter, and one a million values long",
    by=MessageMalformed,
    sites=3,
)
def oversize(scene: Scene) -> None:
    scene.play("share")
    scene.answer()
    honest = scene.said("mask", "hospital-b")
    for vector in (bytes(honest.vector)[:-4], bytes(4_000_000)):
        body = Masked(honest.sharers_digest, vector)
        scene.hand(scene.signed("hospital-b", Kind.MASKED, body))
    scene.collect()
    scene.must_end_rightly()


def _new_site(scene: Scene) -> Site:
    return Site(scene.settings, scene.people["hospital-b"], set())


def _instead(scene: Scene, round_id: str, changed) -> None:
    """Hospital-b signs something else than its masked vector; the sum must not open."""
    other = scene.again(round_id=round_id).play("share")
    answers = dict(other.answer())
    honest = other.said("mask", "hospital-b")
    sent = np.frombuffer(honest.vector, dtype=other.settings.dtype)
    body = Masked(honest.sharers_digest, changed(sent).tobytes())
    answers["hospital-b"] = other.signed("hospital-b", Kind.MASKED, body)
    other.collect(answers)
    scene.attempt(other.play, "A wrong sum was opened.")


ATTACKS: tuple[Attack, ...] = (not_finite, beyond, wrong_length, wraps, other_masks, oversize)
