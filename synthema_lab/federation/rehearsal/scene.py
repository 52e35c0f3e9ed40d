"""How does a cheat act in a round, and what is noted of it?

Whatever a cheat tries in a `Scene`, the answer is noted as a `Try`: a refusal,
or what was learnt. The verdict over all tries is `attack`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from ...errors import LabError
from ...secure_aggregation import Site
from ...secure_aggregation.errors import RoundEnded
from .played import Played


@dataclass(frozen=True)
class Try:
    """One thing that a cheat tried.

    Parameters
    ----------
    error : LabError or None
        With which it was refused; None if it was not refused.
    learnt : bool
        Whether the cheat got what it wanted.
    said : str
        What came out, where nothing was refused.
    """

    error: LabError | None
    learnt: bool
    said: str = ""


class Scene(Played):
    """A round in which somebody cheats; see `Played` for its parameters.

    Attributes
    ----------
    tries : list of Try
        What was tried so far.

    Examples
    --------
    >>> scene = Scene(3).play()
    >>> scene.hand(scene.answers["mask"]["hospital-a"])
    >>> type(scene.tries[0].error).__name__
    'RoundEnded'
    """

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)
        self.tries: list[Try] = []

    def attempt(self, tried: Callable[[], object], said: str = "It was answered.") -> None:
        """Try something that has to be refused."""
        try:
            tried()
        except LabError as error:
            self.tries.append(Try(error, learnt=False))
        else:
            self.tries.append(Try(None, learnt=True, said=said))

    def ask(self, site: Site, message: bytes) -> None:
        """Send a hospital what it has to refuse; refused, it must be through with the round."""
        self.attempt(lambda: site.receive(message))
        if self.tries[-1].error is None:
            return
        try:
            site.receive(message)
        except RoundEnded:
            return
        except LabError as error:
            self.tries.append(Try(error, learnt=True, said="It refused but went on."))
            return
        self.tries.append(Try(None, learnt=True, said="It refused once and answered then."))

    def hand(self, message: bytes) -> None:
        """Send the coordinator what it has to refuse."""
        self.attempt(lambda: self.coordinator.receive(message))

    def find(self, learnt: bool, said: str) -> None:
        """Note whether a cheat that looked and computed found what it wanted."""
        self.tries.append(Try(None, bool(learnt), said))

    def must_end_rightly(self, names: Collection[str] | None = None) -> None:
        """Play on: the round must still end with the sum over `names` (all by default)."""
        self.play()
        names = self.names if names is None else names
        expected = sum(self.vectors[name] for name in names)
        if not np.array_equal(self.total, expected):
            self.find(learnt=True, said="A wrong sum was opened.")
