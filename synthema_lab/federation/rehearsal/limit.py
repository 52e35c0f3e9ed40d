"""What is a limit, and did it show itself?

A limit is something that the secure sum does not stop. It is played as an
attack is, and what came of it is computed. One that does not show itself any
more is stale: then the text about it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limit:
    """Something that is not stopped.

    Parameters
    ----------
    name, cheat, tried : str
        As for an attack.
    instead : str
        What helps against it, outside the sum.
    play : callable
        Plays it; gives what came of it, or None if it did not show itself.
    """

    name: str
    cheat: str
    tried: str
    instead: str
    play: Callable[[], str | None] = field(repr=False)


@dataclass(frozen=True)
class Shown:
    """A limit, and what came of it when it was played."""

    limit: Limit
    came: str | None

    @property
    def happened(self) -> bool:
        """Whether the limit showed itself."""
        return self.came is not None


def limit(name: str, cheat: str, tried: str, instead: str) -> Callable[[Callable], Limit]:
    """Make a `Limit` of the function that plays it."""
    return lambda play: Limit(name, cheat, tried, instead, play)
