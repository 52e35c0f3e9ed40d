"""Can somebody slip in keys of their own?

Whoever knows the keys that two hospitals agree on knows the masks between
them. So the lists of keys are where a coordinator would begin.
"""

from __future__ import annotations

import dataclasses

from ...secure_aggregation import Identity, Site
from ...secure_aggregation.errors import (
    IdentityExpired,
    KeyRefused,
    MessageMalformed,
    RosterRefused,
    RoundMismatch,
    ShareRefused,
    SignatureRefused,
    SiteUnknown,
    TooFewSurvivors,
)
from ...secure_aggregation.frames import COORDINATOR as COORDINATORS_NUMBER
from ...secure_aggregation.frames import SIGNATURE_BYTES, Kind, write
from ...secure_aggregation.keys import RoundKey
from ...secure_aggregation.messages import Advert, Frames
from .attack import COORDINATOR, HOSPITAL, WIRE, Attack, attack
from .scene import Scene

_PRIME = 2**255 - 19
_LOW_ORDER = (
    bytes(32),
    (1).to_bytes(32, "little"),
    (_PRIME - 1).to_bytes(32, "little"),
    _PRIME.to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
)


@attack(
    "a hospital's keys replaced by the coordinator's",
    COORDINATOR,
    hope="to be the other end of every mask of hospital-a",
    tried="it shows hospital-a a list in which the keys of hospital-c, or of all the others, are "
    "its own",
    by=SignatureRefused,
)
def replaced(scene: Scene) -> None:
    scene.play("advertise")
    honest = list(scene.answers["advertise"].values())
    own = [_advert(scene, at, Identity.new(name)) for at, name in enumerate(scene.names)]
    for listed in ([*honest[:2], own[2], *honest[3:]], [honest[0], *own[1:]]):
        scene.ask(scene.twin("hospital-a"), scene.frame(Kind.KEYS, Frames(tuple(listed))))


@attack(
    "a hospital's own keys replaced by older ones",
    COORDINATOR,
    hope="that others mask towards keys that hospital-a no longer uses",
    tried="it puts an advert that hospital-a signed in another attempt into the list for it",
    by=KeyRefused,
)
def own_keys(scene: Scene) -> None:
    scene.play("advertise")
    older = Site(scene.settings, scene.people["hospital-a"], set()).begin()
    listed = (older, *list(scene.answers["advertise"].values())[1:])
    scene.ask(scene.sites["hospital-a"], scene.frame(Kind.KEYS, Frames(listed)))


@attack(
    "keys of low order",
    HOSPITAL,
    hope="masks that anybody can compute",
    tried="it signs one of five degenerate X25519 points, for its shares or for its masks",
    by=KeyRefused,
    sites=3,
)
def low_order(scene: Scene) -> None:
    for number, low in enumerate(_LOW_ORDER):
        for place in ("box_key", "mask_key"):
            _signs(scene.again(round_id=f"low-{number}-{place}"), {place: low}, scene)


@attack(
    "a copied key",
    HOSPITAL,
    hope="masks that cancel between two hospitals that are one",
    tried="it signs the mask key of hospital-a as its own, then the same key written otherwise, "
    "then one key for both purposes",
    by=KeyRefused,
    sites=3,
)
def copied(scene: Scene) -> None:
    own = RoundKey().public
    _signs(scene.again(round_id="both"), {"box_key": own, "mask_key": own}, scene)
    for written in ("as it is", "otherwise"):
        other = scene.again(round_id=f"copied-{written[:2]}")
        other.answer()
        key = other.said("advertise", "hospital-a").mask_key
        if written == "otherwise":  # X25519 ignores the last bit
            key = key[:-1] + bytes([key[-1] | 0x80])
        _signs(other, {"mask_key": key}, scene, begun=True)


@attack(
    "a stranger takes part",
    WIRE,
    hope="a place among the hospitals, to see what they see",
    tried="somebody outside the roster sends keys under a number of its own, under the "
    "coordinator's number, and in the name of hospital-c; then opens the round itself",
    by=(SiteUnknown, SignatureRefused, RosterRefused),
)
def stranger(scene: Scene) -> None:
    outsider = Identity.new("stranger")
    for number in (5, 500, COORDINATORS_NUMBER, 2):
        scene.hand(_advert(scene, number, outsider))
    scene.attempt(lambda: Site(scene.settings, outsider, set()))
    scene.must_end_rightly()


@attack(
    "a bad or missing signature",
    WIRE,
    hope="to speak for a hospital",
    tried="keys of hospital-a are sent signed by hospital-b, without a signature, and with one of "
    "another message",
    by=(SignatureRefused, MessageMalformed),
)
def bad_signature(scene: Scene) -> None:
    sent = scene.answer()
    first, second = sent["hospital-a"], sent["hospital-b"]
    scene.hand(_advert(scene, 0, scene.people["hospital-b"]))
    scene.hand(first[:-SIGNATURE_BYTES])
    scene.hand(first[:-SIGNATURE_BYTES] + second[-SIGNATURE_BYTES:])
    scene.collect()
    scene.must_end_rightly()


@attack(
    "an expired identity",
    HOSPITAL,
    hope="to go on with a key that should have been replaced",
    tried="a hospital whose pinned key expired a second ago opens a round, and one that gives no "
    "time",
    by=IdentityExpired,
    sites=3,
)
def expired(scene: Scene) -> None:
    people = [Identity.new(name, expires=1_000_000) for name in scene.names]
    roster = type(scene.settings.roster).of(person.member() for person in people)
    settings = type(scene.settings)(**(scene.agreed | {"roster": roster}))
    for now in (1_000_001, None):
        scene.attempt(lambda now=now: Site(settings, people[0], set(), now))


@attack(
    "different lists of keys to different hospitals",
    COORDINATOR,
    hope="hospitals that mask towards different partners without noticing",
    tried="it shows hospital-a a shorter list than the others and passes its shares on; then lists "
    "that are too short, repeat a hospital, or leave out the one they are for",
    by=(RoundMismatch, ShareRefused, SiteUnknown, TooFewSurvivors),
)
def different_lists(scene: Scene) -> None:
    scene.play("advertise")
    sent = tuple(scene.answers["advertise"].values())
    for chosen in ((0, 1), (1, 2, 3, 4), (0, 1, 1, 2, 3), (1, 0, 2, 3, 4)):
        listed = scene.frame(Kind.KEYS, Frames(tuple(sent[at] for at in chosen)))
        scene.ask(scene.twin("hospital-a"), listed)
    odd = scene.sites["hospital-a"].receive(scene.frame(Kind.KEYS, Frames(sent[:4])))
    scene.hand(odd)
    scene.collect(scene.answer(leave_out=["hospital-a"]))
    fair = scene.read(Kind.DELIVERY, scene.messages["hospital-b"])
    boxes = fair.boxes | {0: scene.read(Kind.SHARES, odd).boxes[1]}
    passed_on = dataclasses.replace(fair, graph=fair.graph | {0: ()}, boxes=boxes)
    scene.ask(scene.sites["hospital-b"], scene.frame(Kind.DELIVERY, passed_on))


def _advert(scene: Scene, number: int, signer: Identity) -> bytes:
    """Fresh keys under a number, signed by somebody."""
    keys = Advert(RoundKey().public, RoundKey().public, bytes(32))
    return write(Kind.ADVERT, scene.settings, keys.parts(), number, signer)


def _signs(scene: Scene, chosen: dict[str, bytes], noted: Scene, begun: bool = False) -> None:
    """Hospital-b signs keys it did not draw; the coordinator and hospital-c have to refuse."""
    sent = dict(scene.answers["advertise"] if begun else scene.answer())
    drawn = {"box_key": RoundKey().public, "mask_key": RoundKey().public}
    keys = Advert(**(drawn | chosen), seed_commitment=bytes(32))
    sent["hospital-b"] = scene.signed("hospital-b", Kind.ADVERT, keys)
    for honest in ("hospital-a", "hospital-c"):
        scene.coordinator.receive(sent[honest])
    scene.hand(sent["hospital-b"])
    listed = scene.frame(Kind.KEYS, Frames(tuple(sent.values())))
    scene.ask(scene.sites["hospital-c"], listed)
    noted.tries += scene.tries


ATTACKS: tuple[Attack, ...] = (
    replaced,
    own_keys,
    different_lists,
    low_order,
    copied,
    expired,
    stranger,
    bad_signature,
)
