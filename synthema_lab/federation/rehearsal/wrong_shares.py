"""Can a wrong, foreign or altered share spoil the sum, or open more than it should?"""

from __future__ import annotations

import dataclasses

from ...secure_aggregation.errors import (
    MessageMalformed,
    RoundMismatch,
    ShareRefused,
    SiteUnknown,
)
from ...secure_aggregation.frames import Kind
from .attack import COORDINATOR, HOSPITAL, WIRE, Attack, attack
from .scene import Scene


@attack(
    "a wrong share is opened",
    HOSPITAL,
    hope="a sum that is wrong without anybody noticing",
    tried="it opens a share with one bit changed, of a survivor's mask or of a dropped hospital's",
    by=ShareRefused,
)
def wrong_share(scene: Scene) -> None:
    for kind in ("seed_shares", "key_shares"):
        other = scene.again(round_id=kind)
        other.play("agree", silent={"hospital-d": "share"})
        answers = dict(other.answer())
        honest = other.said("unmask", "hospital-a")
        shares = dict(getattr(honest, kind))
        owner = min(shares)
        shares[owner] = shares[owner][:-1] + bytes([shares[owner][-1] ^ 1])
        lie = dataclasses.replace(honest, **{kind: shares})
        answers["hospital-a"] = other.signed("hospital-a", Kind.UNMASKING, lie)
        scene.attempt(lambda other=other, answers=answers: other.collect(answers))
        if other.coordinator.opened is not None:
            scene.find(learnt=True, said="A sum was opened with it.")


@attack(
    "a share that is no share",
    HOSPITAL,
    hope="a coordinator that computes with whatever it is given",
    tried="it opens a number outside the field, shares of both kinds for one hospital, and shares "
    "of hospitals that it was not asked about",
    by=(ShareRefused, SiteUnknown),
    sites=4,
)
def no_share(scene: Scene) -> None:
    scene.play("agree")
    scene.answer()
    honest = scene.said("unmask", "hospital-a")
    seeds = honest.seed_shares
    for changed in (
        {"seed_shares": seeds | {0: b"\xff" * 33}},
        {"key_shares": {1: bytes(33)}},
        {"seed_shares": seeds | {900: bytes(33)}},
        {"seed_shares": {at: share for at, share in seeds.items() if at != 2}},
    ):
        lie = dataclasses.replace(honest, **changed)
        scene.hand(scene.signed("hospital-a", Kind.UNMASKING, lie))
    scene.collect()
    scene.must_end_rightly()


@attack(
    "a share sealed for or by another hospital",
    COORDINATOR,
    hope="hospitals that hold shares of the wrong secrets, and open them",
    tried="it exchanges two sealed shares, gives hospital-a one sealed for hospital-b, and sends "
    "one back to who sealed it",
    by=(ShareRefused, SiteUnknown),
    sites=4,
)
def foreign_share(scene: Scene) -> None:
    scene.play("share")
    mine, other = (scene.read(Kind.DELIVERY, scene.messages[n]) for n in scene.names[:2])
    sent = scene.said("share", "hospital-a").boxes
    for changed in (
        {2: other.boxes[2]},
        {1: mine.boxes[2], 2: mine.boxes[1]},
        {1: sent[1]},
        {0: sent[1]},
    ):
        delivered = dataclasses.replace(mine, boxes=mine.boxes | changed)
        scene.ask(scene.twin("hospital-a"), scene.frame(Kind.DELIVERY, delivered))


@attack(
    "a replayed sealed share",
    COORDINATOR,
    hope="to have shares of an earlier round opened in this one",
    tried="it delivers a sealed share of an earlier round among this round's, and the earlier "
    "round's whole message",
    by=(ShareRefused, RoundMismatch),
    sites=4,
)
def replayed_share(scene: Scene) -> None:
    scene.play("share")
    later = scene.again(round_id="round-2").play("share")
    old = scene.read(Kind.DELIVERY, scene.messages["hospital-a"])
    new = later.read(Kind.DELIVERY, later.messages["hospital-a"])
    mixed = dataclasses.replace(new, boxes=new.boxes | {2: old.boxes[2]})
    later.ask(later.twin("hospital-a"), later.frame(Kind.DELIVERY, mixed))
    later.ask(later.twin("hospital-a"), scene.messages["hospital-a"])
    scene.tries += later.tries


@attack(
    "a truncated sealed share",
    WIRE,
    hope="a hospital that reads on past the end, or goes on without a share",
    tried="the last byte of a sealed share is cut off; then all shares but one are withheld",
    by=(MessageMalformed, SiteUnknown),
    sites=4,
)
def truncated(scene: Scene) -> None:
    scene.play("share")
    mine = scene.read(Kind.DELIVERY, scene.messages["hospital-a"])
    for boxes in (mine.boxes | {1: mine.boxes[1][:-1]}, {1: mine.boxes[1]}):
        message = scene.frame(Kind.DELIVERY, dataclasses.replace(mine, boxes=boxes))
        scene.ask(scene.twin("hospital-a"), message)


ATTACKS: tuple[Attack, ...] = (foreign_share, replayed_share, wrong_share, no_share, truncated)
