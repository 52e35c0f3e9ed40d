"""What is an attack, and how did the protocol answer it?

An attack is refused when everything it tried was refused, and by an error that
fits; a refusal by another error means that the attack never got to its point,
and is not counted as one. An attack that only looks and computes is refused
when it found nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ...errors import LabError
from .scene import Scene

COORDINATOR, HOSPITAL, WIRE = "the coordinator", "a hospital", "the wire"
REFUSED, NOTHING, THROUGH, OTHERWISE = (
    "refused",
    "nothing learnt",
    "WENT THROUGH",
    "refused for another reason",
)


@dataclass(frozen=True)
class Attack:
    """One way to cheat.

    Parameters
    ----------
    name : str
    cheat : str
        Who cheats: `COORDINATOR`, `HOSPITAL` or `WIRE`.
    hope : str
        What they hope to get.
    tried : str
        What they do, in one sentence.
    by : tuple of type
        Errors that fit as its refusal; empty where nothing is refused and
        nothing found.
    play : callable
        Plays it in a fresh `Scene`.
    setting : mapping
        Arguments of the scene.
    """

    name: str
    cheat: str
    hope: str
    tried: str
    by: tuple[type[LabError], ...]
    play: Callable[[Scene], None] = field(repr=False)
    setting: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came of an attack.

    Parameters
    ----------
    attack : Attack
    status : str
        "refused", "nothing learnt", "WENT THROUGH" or "refused for another reason".
    tries : int
        How many things were tried.
    errors : tuple of str
        Classes of the refusals, in the order in which they came.
    happened, expected, next_step : str
        The three parts of the first refusal; where nothing was refused,
        `happened` says what came out.
    """

    attack: Attack
    status: str
    tries: int
    errors: tuple[str, ...]
    happened: str
    expected: str = ""
    next_step: str = ""

    @property
    def refused(self) -> bool:
        """Whether the cheat got nothing, for a reason that fits."""
        return self.status in (REFUSED, NOTHING)


def attack(
    name: str,
    cheat: str,
    *,
    hope: str,
    tried: str,
    by: type[LabError] | tuple[type[LabError], ...] = (),
    **setting: object,
) -> Callable[[Callable[[Scene], None]], Attack]:
    """Make an `Attack` of the function that plays it."""
    fitting = by if isinstance(by, tuple) else (by,)
    return lambda play: Attack(name, cheat, hope, tried, fitting, play, setting)


def answer_to(attack: Attack) -> Answer:
    """Play an attack and judge what came of it.

    Raises
    ------
    ValueError
        If the attack tried nothing.
    """
    scene = Scene(**attack.setting)
    try:
        attack.play(scene)
    except LabError:
        # An attack that went through may leave a round that cannot be played to its end.
        if not any(one.learnt for one in scene.tries):
            raise
    tries = scene.tries
    if not tries:
        raise ValueError(f"the attack {attack.name!r} tried nothing")
    errors = tuple(dict.fromkeys(type(one.error).__name__ for one in tries if one.error))
    through = [one for one in tries if one.learnt]
    refusals = [one.error for one in tries if one.error is not None]
    odd = [error for error in refusals if not isinstance(error, attack.by)]
    if through:
        return Answer(attack, THROUGH, len(tries), errors, through[0].said)
    if odd:
        return Answer(attack, OTHERWISE, len(tries), errors, *odd[0].args)
    if refusals:
        return Answer(attack, REFUSED, len(tries), errors, *refusals[0].args)
    if attack.by:
        return Answer(attack, OTHERWISE, len(tries), errors, "Nothing had to be refused.")
    return Answer(attack, NOTHING, len(tries), errors, tries[-1].said)
