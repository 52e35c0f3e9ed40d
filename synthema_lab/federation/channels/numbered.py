"""How does each message arrive once and in order?

The n-th letter of a party to another on a topic has one place on the shelf,
``sender/receiver/topic's digest/n``. The reader waits for the place that comes
next, so nothing is listed and no clock is compared. What was acknowledged is
told with the next letter, or in a receipt where none follows, and the writer
then removes its own files. See `contract.Channel` for the methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import waiting
from .clock import Clock
from .contract import (
    LARGEST_MESSAGE,
    Delivery,
    Trouble,
    require_message,
    require_name,
    require_topic,
)
from .errors import ChannelClosed
from .inbox import Inbox
from .letter import folder_of
from .outbox import Outbox
from .register import Register
from .seals import Seals
from .shelf import Shelf, is_interrupted_write

UNTOLD = 8
"""Acknowledged messages after which a receipt is written though no letter follows."""


class NumberedChannel:
    """One party's end of a channel over a shelf.

    Parameters
    ----------
    name : str
        This party.
    shelf : Shelf
    seals : Seals
    register : Register
    clock : Clock, optional
    largest : int
        Bytes of a message at most; the same at both ends.
    slowest : float
        Longest pause between two looks, in seconds.
    """

    def __init__(
        self,
        name: str,
        shelf: Shelf,
        seals: Seals,
        register: Register,
        clock: Clock | None = None,
        largest: int = LARGEST_MESSAGE,
        slowest: float = 0.05,
    ) -> None:
        self.name = require_name(name)
        self._shelf, self._register = shelf, register
        self._clock, self._largest, self._slowest = clock or Clock(), largest, slowest
        self._outbox = Outbox(name, shelf, seals, register)
        self._inbox = Inbox(name, shelf, seals, register, largest, self._outbox.hear, self._clock)
        self._open = True

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __enter__(self) -> NumberedChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is in the way now of messages that are waited for."""
        return tuple(self._inbox.troubles.values())

    def send(self, receiver: str, topic: str, message: bytes, number: int | None = None) -> int:
        """Send one message; see `contract.Channel`."""
        return self.send_all({receiver: message}, topic, number)[receiver]

    def send_all(
        self, messages: Mapping[str, bytes], topic: str, number: int | None = None
    ) -> dict[str, int]:
        """Send a message to each of several receivers; see `contract.Channel`."""
        self._require_open(topic)
        messages = {
            require_name(receiver): require_message(message, self._largest)
            for receiver, message in messages.items()
        }
        numbers, letters = {}, {}
        for receiver, message in messages.items():
            if self._outbox.unread(topic, receiver) >= UNTOLD:
                self._inbox.read_receipt(topic, receiver)
            numbers[receiver] = self._outbox.numbered(topic, receiver, message, number)
            letters[receiver] = self._outbox.sealed(topic, receiver, numbers[receiver], message)
        for receiver, message in messages.items():
            self._outbox.note(topic, receiver, numbers[receiver], message)
        self._register.save()
        for receiver, sealed in letters.items():
            if sealed is not None:
                self._outbox.write(topic, receiver, numbers[receiver], sealed)
        return numbers

    def poll(self, topic: str, senders: Iterable[str]) -> Delivery | None:
        """The next message of any of the senders, or None; see `contract.Channel`."""
        self._require_open(topic)
        deliveries = (self._inbox.next(topic, require_name(sender)) for sender in senders)
        return next((one for one in deliveries if one is not None), None)

    def receive(self, topic: str, sender: str, timeout: float) -> Delivery:
        """Wait for the next message of one sender; see `contract.Channel`."""
        found = self.gather(topic, (sender,), timeout)
        if sender not in found:
            raise waiting.nothing_came(
                self._shelf,
                folder_of(sender, self.name, topic),
                self._inbox.awaited(topic, sender),
                self._inbox.troubles.get((topic, sender)),
                sender,
                timeout,
            )
        return found[sender]

    def gather(self, topic: str, senders: Iterable[str], timeout: float) -> dict[str, Delivery]:
        """The next message of each sender, within a time; see `contract.Channel`."""
        found: dict[str, Delivery] = {}
        missing = list(senders)
        for _ in waiting.looks(self._clock, timeout, self._slowest):
            while delivery := self.poll(topic, missing):
                found[delivery.sender] = delivery
                missing.remove(delivery.sender)
            if not missing:
                break
        return found

    def acknowledge(self, *deliveries: Delivery) -> None:
        """Never deliver these, nor earlier ones, again; see `contract.Channel`."""
        untold = set()
        for delivery in deliveries:
            line = self._register.line(delivery.topic, delivery.sender)
            line.heard = max(line.heard, delivery.number)
            if line.heard - line.told >= UNTOLD:
                line.told = line.heard
                untold.add((delivery.topic, delivery.sender))
        self._register.save()
        for topic, sender in untold:
            self._outbox.write_receipt(topic, sender)

    def forget(self, topic: str) -> None:
        """Clear a finished topic away; see `contract.Channel`."""
        self._require_open(topic)
        for party in self._register.parties(topic):
            self._shelf.remove(folder_of(self.name, party, topic))
            self._inbox.troubles.pop((topic, party), None)
        self._register.close_topic(topic)
        self._register.save()

    def close(self) -> None:
        """Give this end up; see `contract.Channel`."""
        self._open = False
        self._register.release()

    def sweep(self) -> None:
        """Remove what interrupted writes of this party left behind."""
        for path in filter(is_interrupted_write, self._shelf.names(self.name)):
            self._shelf.remove(path)

    def _require_open(self, topic: str) -> None:
        if not self._open or self._register.is_closed(require_topic(topic)):
            raise ChannelClosed(
                f"{topic} was closed at {self.name}.",
                "An open channel, and a topic that is not finished.",
                "Open the channel again, or use a new topic.",
            )
