"""Can something be played twice: a round, a message, a state from a disk?"""

from __future__ import annotations

import numpy as np

from ...secure_aggregation import Coordinator, Roster, Site
from ...secure_aggregation.errors import (
    CohortChanged,
    RoundMismatch,
    RoundReplayed,
    SnapshotRefused,
    VectorRefused,
)
from ...secure_aggregation.frames import Kind
from ...secure_aggregation.messages import Survivors
from ..memory import STAGES
from .attack import COORDINATOR, HOSPITAL, WIRE, Attack, attack
from .scene import Scene


@attack(
    "a replayed round",
    COORDINATOR,
    hope="the same masks over another vector, and so the difference of the two",
    tried="it opens a round with a number that five hospitals have used, among them, and among "
    "four of them",
    by=RoundReplayed,
)
def replayed_round(scene: Scene) -> None:
    scene.play()
    people = list(scene.people.values())
    for some in (people, people[:4]):
        roster = Roster.of(person.member() for person in some)
        vectors = list(scene.vectors.values())[: len(some)]
        again = Scene(
            vectors=vectors, people=some, used=scene.used, **(scene.agreed | {"roster": roster})
        )
        for site in again.sites.values():
            scene.attempt(site.begin)


@attack(
    "the same vectors among other hospitals",
    COORDINATOR,
    hope="two sums that differ by hospital-e, and so its vector",
    tried="in a new round of four it asks for the vectors that five have summed; in another of "
    "five, hospital-e is silent",
    by=CohortChanged,
)
def same_vectors(scene: Scene) -> None:
    scene.play()
    four = list(scene.people.values())[:4]
    fewer = Scene(
        vectors=list(scene.vectors.values())[:4],
        people=four,
        used=scene.used,
        **(scene.agreed | {"roster": Roster.of(p.member() for p in four), "round_id": "four"}),
    ).play("share")
    for name in fewer.names:
        fewer.ask(fewer.sites[name], fewer.messages[name])
    without = scene.again(round_id="without-e").play("mask", silent={"hospital-e": "share"})
    for name in without.messages:
        without.ask(without.sites[name], without.messages[name])
    scene.tries += fewer.tries + without.tries


@attack(
    "messages of an earlier round",
    WIRE,
    hope="that an old vector is counted again",
    tried="every message of an earlier round is sent again in the stage where it belongs",
    by=RoundMismatch,
    sites=3,
)
def old_messages(scene: Scene) -> None:
    scene.play()
    later = scene.again(round_id="round-2")
    for stage in STAGES:
        later.answer()
        for message in scene.answers[stage].values():
            later.hand(message)
        later.collect()
    later.must_end_rightly()
    scene.tries += later.tries


@attack(
    "a hospital restored from last night's backup",
    COORDINATOR,
    hope="a second answer to a stage, another than the first",
    tried="after all have signed and opened, the hospitals are restored from before and asked to "
    "sign that hospital-a dropped",
    by=RoundReplayed,
)
def restored(scene: Scene) -> None:
    scene.play("mask")
    backups = {name: site.save() for name, site in scene.sites.items()}
    scene.play()
    without = scene.frame(Kind.SURVIVORS, Survivors((1, 2, 3, 4)))
    for name in scene.names[1:]:
        person, used = scene.people[name], scene.used[name]
        scene.ask(Site.restore(backups[name], scene.settings, person, used), without)


@attack(
    "a crash and restart at every stage",
    WIRE,
    hope="a party that comes back and answers otherwise, or a sum that is off",
    tried="after every message all hospitals and the coordinator lose their process and come back "
    "from their disks; the last messages are sent again",
    sites=4,
)
def crash(scene: Scene) -> None:
    changed = 0
    for place, _ in enumerate(STAGES):
        scene.answer()
        if place:
            for name, person in scene.people.items():
                saved = scene.sites[name].save()
                if scene.sites[name].stage != "ended":
                    site = Site.restore(saved, scene.settings, person, scene.used[name])
                    again = site.receive(scene.messages[name])
                    changed += again != scene.answers[STAGES[place]][name]
                    scene.sites[name] = site
        scene.coordinator = Coordinator.restore(scene.coordinator.save(), scene.settings)
        scene.collect()
    right = np.array_equal(scene.total, sum(scene.vectors.values()))
    scene.find(
        changed or not right, "Every answer came again with the same bytes; the sum is right."
    )


@attack(
    "a saved state that was altered or belongs to another",
    HOSPITAL,
    hope="to read or change what a hospital has on its disk",
    tried="a bit of a saved state is flipped; it is opened by another hospital, and in another "
    "round",
    by=SnapshotRefused,
    sites=3,
)
def altered_state(scene: Scene) -> None:
    scene.play("share")
    saved = scene.sites["hospital-a"].save()
    altered = saved[:-1] + bytes([saved[-1] ^ 1])
    other = scene.again(round_id="round-2").settings
    for snapshot, settings, name in (
        (altered, scene.settings, "hospital-a"),
        (saved, scene.settings, "hospital-b"),
        (saved, other, "hospital-a"),
        (b"", scene.settings, "hospital-a"),
    ):
        person = scene.people[name]
        scene.attempt(lambda s=snapshot, a=settings, p=person: Site.restore(s, a, p, set()))
    kept = scene.coordinator.save()
    scene.attempt(lambda: Coordinator.restore(kept[:-1] + bytes([kept[-1] ^ 1]), scene.settings))


@attack(
    "two rounds at once",
    WIRE,
    hope="masks of one round that cancel against another's",
    tried="two rounds run side by side and every message is also sent to the other round",
    by=RoundMismatch,
    sites=3,
)
def two_at_once(scene: Scene) -> None:
    other = scene.again(round_id="round-2")
    for place, _ in enumerate(STAGES):
        sent, sent_there = scene.answer(), other.answer()
        for message in sent_there.values():
            scene.hand(message)
        for message in sent.values():
            other.hand(message)
        scene.collect()
        other.collect()
        if place + 1 < len(STAGES):
            scene.ask(scene.twin("hospital-a"), other.messages["hospital-a"])
    scene.must_end_rightly()
    other.must_end_rightly()
    scene.tries += other.tries


@attack(
    "a second vector in one round",
    HOSPITAL,
    hope="to change its mind once it has seen the others' keys",
    tried="it gives another vector after its first",
    by=VectorRefused,
    sites=3,
)
def second_vector(scene: Scene) -> None:
    scene.play("share")
    for site in scene.sites.values():
        scene.attempt(lambda site=site: site.contribute(np.zeros(4, dtype=int)))


ATTACKS: tuple[Attack, ...] = (
    replayed_round,
    same_vectors,
    restored,
    altered_state,
    second_vector,
    old_messages,
    two_at_once,
    crash,
)
