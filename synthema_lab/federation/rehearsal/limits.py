"""What does this protocol not stop, or need from its surroundings?

Together with what every sum tells, see `sums_tell`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ...secure_aggregation import Site
from ...secure_aggregation.errors import ShareRefused, TooFewSurvivors
from ...secure_aggregation.frames import Kind
from ...secure_aggregation.messages import Frames, Survivors
from . import sums_tell
from .curious import Curious
from .limit import Limit, limit
from .scene import Scene


@limit(
    "a hospital that forgets what it has answered",
    "the coordinator",
    "four of five hospitals are put back to last night, journals and all; after they had opened "
    "for everybody, it tells them that hospital-a dropped",
    "a journal that is kept apart from backups and only ever grows. With it the same attack is "
    "refused (RoundReplayed)",
)
def forgets() -> str | None:
    scene = Scene().play("mask")
    others = scene.names[1:]
    backups = {name: (scene.sites[name].save(), set(scene.used[name])) for name in others}
    curious = Curious(scene.play())
    restored = {
        name: Site.restore(state, scene.settings, scene.people[name], journal)
        for name, (state, journal) in backups.items()
    }
    without = scene.frame(Kind.SURVIVORS, Survivors((1, 2, 3, 4)))
    agreed = [site.receive(without) for site in restored.values()]
    quorum = scene.frame(Kind.QUORUM, Frames(tuple(agreed)))
    opened = [
        (name, scene.read(Kind.UNMASKING, site.receive(quorum))) for name, site in restored.items()
    ]
    curious.learn_mask_key("hospital-a", opened)
    if not np.array_equal(curious.bared("hospital-a").view("<i4"), scene.vectors["hospital-a"]):
        return None
    return "Both kinds of share were opened, and with them the vector of hospital-a, exactly."


@limit(
    "whoever reads every message reads the sum",
    "the wire",
    "somebody who listens to all messages does what the coordinator does with them",
    "encryption on the way (TLS), where others than the coordinator must not know the sum",
)
def overheard() -> str | None:
    scene = Scene(3).play()
    if not np.array_equal(Curious(scene).partial(scene.names).view("<i4"), scene.total):
        return None
    return "The sum was computed from the messages alone, and nothing below it."


@limit(
    "one hostile hospital ends a round",
    "a hospital",
    "hospital-a opens one wrong share at the end of a round of five",
    "another round, leaving out hospitals in turn until it ends: the refusal names whose share "
    "was wrong, not who sent it",
)
def ends_a_round() -> str | None:
    scene = Scene().play("agree")
    answers = dict(scene.answer())
    honest = scene.said("unmask", "hospital-a")
    share = honest.seed_shares[1]
    wrong = honest.seed_shares | {1: share[:-1] + bytes([share[-1] ^ 1])}
    lie = dataclasses.replace(honest, seed_shares=wrong)
    answers["hospital-a"] = scene.signed("hospital-a", Kind.UNMASKING, lie)
    try:
        scene.collect(answers)
    except ShareRefused as error:
        return f"No sum was opened, right or wrong. {error.happened}"
    return None


@limit(
    "the coordinator ends a round",
    "the coordinator",
    "it keeps back the messages of two of five hospitals",
    "another coordinator; nothing was opened",
)
def withholds() -> str | None:
    scene = Scene().play("share")
    answers = scene.answer(leave_out=["hospital-d", "hospital-e"])
    try:
        scene.collect(answers)
    except TooFewSurvivors as error:
        return f"No sum was opened. {error.happened}"
    return None


@limit(
    "the sizes of messages",
    "the wire",
    "somebody who reads no message notes how long each is and who sends it",
    "a private network, and rounds at fixed times among all hospitals",
)
def sizes() -> str | None:
    seen = {}
    for length in (1000, 2000):
        scene = Scene(3, length=length).play()
        seen[length] = len(scene.answers["mask"]["hospital-a"])
    values = (seen[2000] - seen[1000]) // 4
    if values != 1000:
        return None
    return (
        f"A masked vector of 1000 values has {seen[1000]:,} bytes and one of 2000 has "
        f"{seen[2000]:,}: 4 bytes a value, whatever the values are. Who took part is seen too."
    )


LIMITS: tuple[Limit, ...] = (*sums_tell.LIMITS, forgets, overheard, ends_a_round, withholds, sizes)
