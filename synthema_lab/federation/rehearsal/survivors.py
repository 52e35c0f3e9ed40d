"""Can the coordinator have more opened than the one sum?

It chooses what each hospital is shown. So it shows different hospitals
different survivors, asks twice, or calls hospitals dropped that are there.
"""

from __future__ import annotations

from ...secure_aggregation.errors import (
    MessageMalformed,
    MessageOutOfTurn,
    RoundEnded,
    SiteUnknown,
    SurvivorsDisagree,
    TooFewSurvivors,
)
from ...secure_aggregation.frames import Kind, write
from ...secure_aggregation.messages import Frames, Survivors
from .attack import COORDINATOR, HOSPITAL, Attack, attack
from .scene import Scene


@attack(
    "both kinds of share",
    COORDINATOR,
    hope="a hospital's own mask and its pair masks, and with both its vector",
    tried="once all have signed that everybody survived, it asks the same hospitals to sign that "
    "hospital-a dropped",
    by=MessageOutOfTurn,
)
def both_kinds(scene: Scene) -> None:
    scene.play("mask")
    everybody = scene.frame(Kind.SURVIVORS, Survivors((0, 1, 2, 3, 4)))
    without = scene.frame(Kind.SURVIVORS, Survivors((1, 2, 3, 4)))
    for name in scene.names[1:]:
        scene.sites[name].receive(everybody)
        scene.ask(scene.sites[name], without)


@attack(
    "one share of each kind in the answers",
    COORDINATOR,
    hope="both kinds of share of a hospital, from what different hospitals open",
    tried="it lets a round run in which hospital-d drops, and looks through all opened shares",
)
def kinds_in_the_answers(scene: Scene) -> None:
    scene.play(silent={"hospital-d": "share"})
    opened = [scene.said("unmask", name) for name in scene.answers["unmask"]]
    seeds = {site for shares in opened for site in shares.seed_shares}
    masks = {site for shares in opened for site in shares.key_shares}
    scene.find(
        seeds & masks or masks != {3},
        "Of every survivor only shares of its own mask were opened, of the dropped hospital only "
        "shares of its pair masks.",
    )


@attack(
    "a second request to open shares",
    COORDINATOR,
    hope="more shares than one sum needs",
    tried="it sends the signed quorum a second time, and another after it",
    by=RoundEnded,
)
def second_request(scene: Scene) -> None:
    scene.play("agree")
    scene.answer()
    for name, site in scene.sites.items():
        scene.ask(site, scene.messages[name])
        scene.ask(site, scene.frame(Kind.SURVIVORS, Survivors((1, 2, 3, 4))))


@attack(
    "different survivors to different hospitals",
    COORDINATOR,
    hope="shares of one kind from some, of the other kind from the rest",
    tried="it tells four of seven hospitals that all survived and three that only five did, and "
    "shows them all signatures, then only those that fit, then one signature twice",
    by=(SurvivorsDisagree, TooFewSurvivors, SiteUnknown),
    sites=7,
)
def different_survivors(scene: Scene) -> None:
    scene.play("mask")
    shown = {name: tuple(range(7)) if at < 4 else (2, 3, 4, 5, 6) for at, name in _at(scene)}
    agreed = {
        name: scene.sites[name].receive(scene.frame(Kind.SURVIVORS, Survivors(numbers)))
        for name, numbers in shown.items()
    }
    for name, numbers in shown.items():
        same = tuple(agreed[other] for other in scene.names if shown[other] == numbers)
        for quorum in (tuple(agreed.values()), same, (*same, same[0]), (agreed[name],) * 5):
            scene.ask(scene.twin(name), scene.frame(Kind.QUORUM, Frames(quorum)))


@attack(
    "all but one declared dropped",
    COORDINATOR,
    hope="a sum of one hospital",
    tried="it tells every hospital that it alone survived, or it and one other",
    by=TooFewSurvivors,
)
def all_but_one(scene: Scene) -> None:
    scene.play("mask")
    for at, name in _at(scene):
        for survivors in ((at,), tuple(sorted({0, at}))):
            scene.ask(scene.twin(name), scene.frame(Kind.SURVIVORS, Survivors(survivors)))


@attack(
    "fewer survivors than the threshold",
    COORDINATOR,
    hope="a sum over a group small enough to guess from",
    tried="it names three survivors of five where four are needed, and closes the stage with three",
    by=TooFewSurvivors,
)
def below_threshold(scene: Scene) -> None:
    scene.play("mask")
    scene.ask(scene.sites["hospital-a"], scene.frame(Kind.SURVIVORS, Survivors((0, 1, 2))))
    for name in ("hospital-b", "hospital-c", "hospital-d"):
        scene.coordinator.receive(scene.sites[name].receive(scene.messages[name]))
    scene.attempt(scene.coordinator.close)


@attack(
    "repeated, unknown or absent survivors",
    COORDINATOR,
    hope="that a set which is none slips through",
    tried="it names a hospital twice, one out of order, one outside the roster, and one that gave "
    "out no shares",
    by=(MessageMalformed, SiteUnknown),
)
def no_set_at_all(scene: Scene) -> None:
    scene.play("mask", silent={"hospital-e": "advertise"})
    for numbers in ((0, 1, 1, 2, 3), (1, 0, 2, 3), (0, 1, 2, 700), (0, 1, 2, 4)):
        parts = [number.to_bytes(2, "big") for number in (len(numbers), *numbers)]
        message = write(Kind.SURVIVORS, scene.settings, parts)
        scene.ask(scene.twin("hospital-a"), message)


@attack(
    "a hospital that sent its vector is called dropped",
    COORDINATOR,
    hope="the pair masks of a vector that it already holds",
    tried="it tells hospital-a, whose masked vector has arrived, that only the others survived",
    by=SurvivorsDisagree,
)
def called_dropped(scene: Scene) -> None:
    scene.play("mask")
    message = scene.frame(Kind.SURVIVORS, Survivors((1, 2, 3, 4)))
    scene.ask(scene.sites["hospital-a"], message)


@attack(
    "a vector that came too late is counted in",
    HOSPITAL,
    hope="to have a say after the survivors were named",
    tried="hospital-c, which the coordinator has given up, sends its masked vector afterwards",
    by=(MessageOutOfTurn, SiteUnknown),
)
def late_vector(scene: Scene) -> None:
    scene.play("share")
    answers = dict(scene.answer())
    late = answers.pop("hospital-c")
    scene.collect(answers)
    scene.hand(late)
    scene.must_end_rightly([name for name in scene.names if name != "hospital-c"])


@attack(
    "a quorum filled up with a hospital that dropped",
    COORDINATOR,
    hope="a quorum without enough honest hospitals",
    tried="an accomplice that dropped signs the survivors, and its signature replaces a survivor's",
    by=SiteUnknown,
    sites=7,
)
def filled_up(scene: Scene) -> None:
    scene.play("agree", silent={"hospital-f": "share", "hospital-g": "share"})
    agreed = list(scene.answers["agree"].values())
    accomplice = scene.signed("hospital-g", Kind.AGREED, scene.said("agree", "hospital-a"))
    quorum = scene.frame(Kind.QUORUM, Frames((*agreed[:4], accomplice)))
    scene.ask(scene.sites["hospital-a"], quorum)


def _at(scene: Scene) -> list[tuple[int, str]]:
    return list(enumerate(scene.names))


ATTACKS: tuple[Attack, ...] = (
    both_kinds,
    kinds_in_the_answers,
    second_request,
    different_survivors,
    all_but_one,
    below_threshold,
    no_set_at_all,
    called_dropped,
    filled_up,
    late_vector,
)
