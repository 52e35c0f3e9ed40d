"""What does the coordinator see, and what can it make of it?

Nothing is refused here: the coordinator follows the protocol, keeps every
message and computes. Each test of uniformity raises a false alarm once in a
million times; a rehearsal makes fewer than forty of them.
"""

from __future__ import annotations

import itertools

import numpy as np

from ...secure_aggregation import keys, shamir
from .attack import COORDINATOR, HOSPITAL, Attack, attack
from .curious import Curious, is_uniform
from .scene import Scene

_LENGTH = 10_000
_CLIP = 1000


@attack(
    "masked vectors of nothing and of the maximum",
    COORDINATOR,
    hope="a difference between a hospital without patients and one with as many as possible",
    tried="hospitals send all zeros, then the largest value everywhere; the bytes of every masked "
    "vector are counted and compared with chance (chi-square)",
    vectors=[np.zeros(_LENGTH, dtype=int)] * 4,
    length=_LENGTH,
    clip=_CLIP,
)
def extremes(scene: Scene) -> None:
    scene.play()
    largest = Scene(
        vectors=[np.full(_LENGTH, _CLIP)] * 4,
        people=list(scene.people.values()),
        used=scene.used,
        **(scene.agreed | {"round_id": "round-2"}),
    ).play()
    seen = [Curious(scene).uploads, Curious(largest).uploads]
    alike = all(is_uniform(upload) for uploads in seen for upload in uploads.values())
    scene.find(not alike, "Every masked vector looks like chance; zeros and maximum look alike.")


@attack(
    "partial sums after the shares were opened",
    COORDINATOR,
    hope="the vector of one hospital, or of two or three of four",
    tried="it takes off every mask that the opened shares give, and adds up hospitals in every "
    "combination",
    vectors=[np.full(_LENGTH, at + 1) for at in range(4)],
    length=_LENGTH,
    clip=_CLIP,
)
def partial_sums(scene: Scene) -> None:
    curious = Curious(scene.play())
    parts = [part for size in (1, 2, 3) for part in itertools.combinations(scene.names, size)]
    uniform = all(is_uniform(curious.partial(part)) for part in parts)
    whole = curious.partial(scene.names).view("<i4")
    if not np.array_equal(whole, scene.total):
        scene.find(learnt=True, said="The curious coordinator computes otherwise than the round.")
    scene.find(
        not uniform,
        "All 14 partial sums look like chance; only the sum over all four is a number.",
    )


@attack(
    "a masked vector that came too late",
    COORDINATOR,
    hope="the vector of a hospital whose pair masks were opened because it seemed dropped",
    tried="it keeps the late vector and takes off all pair masks",
    vectors=[np.full(_LENGTH, at + 1) for at in range(5)],
    length=_LENGTH,
    clip=_CLIP,
)
def late(scene: Scene) -> None:
    scene.play("share")
    answers = dict(scene.answer())
    kept = answers.pop("hospital-c")
    scene.collect(answers)
    scene.play()
    scene.answers["mask"]["hospital-c"] = kept
    left = Curious(scene).bared("hospital-c")
    scene.find(not is_uniform(left), "It stays under its own mask and looks like chance.")


@attack(
    "the same vector in two rounds",
    COORDINATOR,
    hope="masks that repeat, and so the difference of two vectors",
    tried="it subtracts what a hospital sent in one round from what it sent in the next",
    vectors=[np.full(_LENGTH, 7)] * 3,
    length=_LENGTH,
    clip=_CLIP,
)
def two_rounds(scene: Scene) -> None:
    later = scene.again(round_id="round-2").play()
    first, second = Curious(scene.play()).uploads, Curious(later).uploads
    alike = all(is_uniform(first[name] - second[name]) for name in scene.names)
    scene.find(not alike, "The differences look like chance: every round has masks of its own.")


@attack(
    "shares of fewer hospitals than the threshold",
    HOSPITAL,
    hope="the secrets of hospital-a from the shares that colluders hold",
    tried="three of five hospitals, one fewer than the threshold, pool their shares of hospital-a",
)
def pooled_shares(scene: Scene) -> None:
    scene.play()
    holders = scene.names[2:]
    shares = {scene.number(n): scene.said("unmask", n).seed_shares[0] for n in holders}
    weights = shamir.weights_at_zero(tuple(shares))
    value = sum(weights[at] * shamir.element(share) for at, share in shares.items())
    guess = (value % shamir.PRIME % 2**256).to_bytes(32, "big")
    committed = scene.said("advertise", "hospital-a").seed_commitment
    found = keys.seed_commitment(scene.settings, 0, guess) == committed
    scene.find(found, "What they rebuild is not the secret that hospital-a committed to.")


ATTACKS: tuple[Attack, ...] = (extremes, partial_sums, late, two_rounds, pooled_shares)
