"""Is the next letter there, and is it what it should be?

Looks at the one place where the next letter of a sender must lie. What lies
there and cannot be believed is left alone and told as a `Trouble`.
"""

from __future__ import annotations

from collections.abc import Callable

from .clock import Clock
from .contract import Delivery, Trouble
from .errors import FolderUnusable
from .letter import MARGIN, Letter, LetterMalformed, place_of
from .register import Register
from .seals import SealBroken, Seals
from .shelf import Shelf

_REST = 0.25
"""Seconds for which a file that cannot be believed is not read again."""


class Inbox:
    """What one party receives.

    Parameters
    ----------
    name : str
    shelf : Shelf
    seals : Seals
    register : Register
    largest : int
        Bytes of a message at most.
    hear : callable
        Told topic, party and number that the party has acknowledged; see `Outbox.hear`.
    clock : Clock
    """

    def __init__(
        self,
        name: str,
        shelf: Shelf,
        seals: Seals,
        register: Register,
        largest: int,
        hear: Callable[[str, str, int], None],
        clock: Clock,
    ) -> None:
        self._name, self._shelf, self._seals, self._register = name, shelf, seals, register
        self._largest, self._hear, self._clock = largest, hear, clock
        self._rested: dict[tuple[str, str], float] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self.troubles: dict[tuple[str, str], Trouble] = {}

    def awaited(self, topic: str, sender: str) -> int:
        """The number of the letter that comes next."""
        heard = self._register.line(topic, sender).heard
        return max(heard, self._taken.get((topic, sender), 0)) + 1

    def next(self, topic: str, sender: str) -> Delivery | None:
        """The letter that comes next, if it is there and is what it should be."""
        number, key = self.awaited(topic, sender), (topic, sender)
        place = place_of(sender, self._name, topic, number)
        if key in self.troubles and self._clock.monotonic() < self._rested[key]:
            return None
        self.troubles.pop(key, None)
        try:
            letter = self._letter(place, sender, topic, number)
            if letter is None:
                return None
            self._hear(topic, sender, letter.heard)
        except (SealBroken, FolderUnusable) as error:
            foreign = isinstance(error, SealBroken) and error.foreign
            reason = error.reason if isinstance(error, SealBroken) else error.happened
            self.troubles[key] = Trouble(place, reason, foreign)
            self._rested[key] = self._clock.monotonic() + _REST
            return None
        self._taken[key] = number
        return Delivery(sender, topic, number, letter.message)

    def read_receipt(self, topic: str, party: str) -> None:
        """Hear what the other side says it has acknowledged, where no letter told it."""
        place = place_of(party, self._name, topic, 0)
        try:
            letter = self._letter(place, party, topic, 0)
            if letter is not None:
                self._hear(topic, party, letter.heard)
        except (SealBroken, FolderUnusable):
            return  # an unreadable receipt is the same as none yet

    def _letter(self, place: str, sender: str, topic: str, number: int) -> Letter | None:
        size = self._shelf.size(place)
        if size is None:
            return None
        if size > self._largest + MARGIN + self._seals.overhead:
            raise SealBroken(f"It is larger than {self._largest:,} bytes.")
        sealed = self._shelf.read(place)
        if sealed is None:
            return None
        try:
            letter = Letter.read(self._seals.opened(sender, sealed))
        except LetterMalformed as error:
            raise SealBroken(str(error)) from None
        stated = (letter.sender, letter.receiver, letter.topic, letter.number)
        if stated != (sender, self._name, topic, number):
            raise SealBroken("It was sealed for another place.", foreign=True)
        return letter
