"""Which number does a message to be sent bear, and when is its file cleared away?

A number and the message's digest are noted before the letter is written, so
that after a crash the same message can be sent again under its number and
another one cannot. The files of letters that the other side has acknowledged
are removed.
"""

from __future__ import annotations

import hashlib

from .errors import FolderUnusable, MessageDiffers, ReceiverBehind
from .letter import Letter, place_of
from .register import Register
from .seals import SealBroken, Seals
from .shelf import Shelf

BACKLOG = 256
"""Messages that may lie unread at a receiver, for each topic."""


class Outbox:
    """What one party sends.

    Parameters
    ----------
    name : str
    shelf : Shelf
    seals : Seals
    register : Register
    """

    def __init__(self, name: str, shelf: Shelf, seals: Seals, register: Register) -> None:
        self._name, self._shelf, self._seals, self._register = name, shelf, seals, register
        self._written: set[tuple[str, str]] = set()

    def unread(self, topic: str, receiver: str) -> int:
        """How many messages the receiver is not known to have acknowledged."""
        line = self._register.line(topic, receiver)
        return line.sent - line.cleared

    def numbered(self, topic: str, receiver: str, message: bytes, number: int | None) -> int:
        """The number that a message bears.

        Raises
        ------
        MessageDiffers
            If the number asked for is another message's, or too far on.
        ReceiverBehind
        """
        line = self._register.line(topic, receiver)
        if number is None:
            number = line.sent + (0 if self._was_torn(topic, receiver) else 1)
        elif not 1 <= number <= line.sent + 1:
            raise MessageDiffers(
                f"Number {number} was to be sent to {receiver} after number {line.sent}.",
                "The next number, or one that was sent before with the same message.",
                f"Use number={line.sent + 1}, or leave it out.",
            )
        elif line.digests.get(str(number), _digest(message)) != _digest(message):
            raise MessageDiffers(
                f"Another message was sent to {receiver} under number {number}.",
                "The same message, or a new number.",
                "Restore the state that the first message was made from, or leave number out.",
            )
        if number - line.cleared > BACKLOG:
            raise ReceiverBehind(
                f"{number - 1 - line.cleared} messages to {receiver} have not been taken.",
                f"At most {BACKLOG}.",
                f"Wait until {receiver} is running again.",
            )
        return number

    def sealed(self, topic: str, receiver: str, number: int, message: bytes) -> bytes | None:
        """The sealed letter; None if the receiver has acknowledged that number."""
        line = self._register.line(topic, receiver)
        if 0 < number <= line.cleared:
            return None
        letter = Letter(self._name, receiver, topic, number, line.heard, message)
        return self._seals.seal(receiver, letter.written())

    def note(self, topic: str, receiver: str, number: int, message: bytes) -> None:
        """Note that a message is about to be written; the register is not saved yet."""
        line = self._register.line(topic, receiver)
        self._written.discard((topic, receiver))
        line.sent, line.told = max(line.sent, number), line.heard
        if number > line.cleared:
            line.digests[str(number)] = _digest(message)

    def write(self, topic: str, receiver: str, number: int, sealed: bytes) -> None:
        """Write a letter to its place."""
        self._shelf.write(place_of(self._name, receiver, topic, number), sealed)
        self._written.add((topic, receiver))

    def write_receipt(self, topic: str, receiver: str) -> None:
        """Tell the other side what was heard, where no letter does."""
        sealed = self.sealed(topic, receiver, 0, b"")
        self._shelf.write(place_of(self._name, receiver, topic, 0), sealed)

    def hear(self, topic: str, receiver: str, heard: int) -> None:
        """Clear away what the other side has acknowledged.

        Raises
        ------
        SealBroken
            If it acknowledges more than was sent.
        """
        line = self._register.line(topic, receiver)
        if heard > line.sent:
            raise SealBroken("It acknowledges what was never sent from this state folder.")
        for number in range(line.cleared + 1, heard + 1):
            try:
                self._shelf.remove(place_of(self._name, receiver, topic, number))
            except FolderUnusable:
                return  # for now: the next letter tells it again
            line.digests.pop(str(number), None)
            line.cleared = number

    def _was_torn(self, topic: str, receiver: str) -> bool:
        """Whether the last number was noted by a process that ended before it was written."""
        line = self._register.line(topic, receiver)
        if (topic, receiver) in self._written or line.sent == line.cleared:
            return False
        return self._shelf.size(place_of(self._name, receiver, topic, line.sent)) is None


def _digest(message: bytes) -> str:
    return hashlib.sha256(message).hexdigest()
