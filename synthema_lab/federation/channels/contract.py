"""What may a researcher and a site rely on when they exchange messages?

A channel carries whole byte messages between named parties. Every channel
promises the same, and the same tests run against each:

- A message arrives whole, from the party whose name it bears, and nobody else
  can read or alter it on the way.
- For a pair of parties and a topic, messages are numbered from 1 and arrive
  once and in that order, also when either party is restarted. A delivery that
  was not acknowledged is delivered again after a restart.
- Topics do not wait for each other.
- What was acknowledged is cleared away, so that a channel does not grow with
  the rounds that went over it.
- Nothing hangs without end and nothing of somebody else's making is raised
  where a message is polled for: half-written, corrupt, foreign and misplaced
  files are left alone and listed in `Channel.troubles`.

A topic is a study's id; numbers count the exchanges of its rounds. A party that
can be restarted stores its state, sends under a number that follows from that
state, and acknowledges last; then it can repeat any of this without harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .errors import AddressRefused, MessageTooLarge

LARGEST_MESSAGE = 2**28
"""Bytes of a message at most, where a channel is given no other limit."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")


@dataclass(frozen=True)
class Delivery:
    """A message that arrived.

    Parameters
    ----------
    sender : str
        The owner of the inbox in which it lay, whatever the message says.
    topic : str
    number : int
        Its place among the messages of that sender and topic, from 1.
    message : bytes
    """

    sender: str
    topic: str
    number: int
    message: bytes = field(repr=False)


@dataclass(frozen=True)
class Trouble:
    """Something in the way of a message, and left alone.

    Parameters
    ----------
    place : str
        The file, relative to the folder.
    reason : str
        In one sentence.
    foreign : bool
        Whether it was sealed by another than the owner of the inbox.

    Examples
    --------
    >>> print(Trouble("north/lab/3f/00000002.sealed", "It is half-written or corrupt."))
    north/lab/3f/00000002.sealed: It is half-written or corrupt.
    """

    place: str
    reason: str
    foreign: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Channel(Protocol):
    """One party's end of a channel.

    Attributes
    ----------
    name : str
        This party.
    troubles : tuple of Trouble
        What is in the way now of messages that are waited for.
    """

    name: str

    @property
    def troubles(self) -> tuple[Trouble, ...]: ...

    def send(self, receiver: str, topic: str, message: bytes, number: int | None = None) -> int:
        """Send one message; its number. See `send_all`."""
        ...

    def send_all(
        self, messages: Mapping[str, bytes], topic: str, number: int | None = None
    ) -> dict[str, int]:
        """Send a message to each of several receivers.

        Parameters
        ----------
        messages : mapping of str to bytes
            By receiver.
        topic : str
        number : int, optional
            The next one if not given. Sending the same message again under its
            number does nothing, so that a restarted party can repeat itself.

        Returns
        -------
        dict of str to int
            By receiver, the number that the message bears.

        Raises
        ------
        MessageDiffers, MessageTooLarge, ReceiverBehind, SiteNotJoined, FolderUnusable
        """
        ...

    def poll(self, topic: str, senders: Iterable[str]) -> Delivery | None:
        """The next message of any of the senders, or None; does not wait."""
        ...

    def receive(self, topic: str, sender: str, timeout: float) -> Delivery:
        """Wait for the next message of one sender.

        Raises
        ------
        SiteSilent, MessageUnreadable, SenderNotOwner, MessagesMissing
            When `timeout` seconds have passed.
        """
        ...

    def gather(self, topic: str, senders: Iterable[str], timeout: float) -> dict[str, Delivery]:
        """The next message of each sender; those missing were silent for `timeout` seconds."""
        ...

    def acknowledge(self, *deliveries: Delivery) -> None:
        """Never deliver these, nor earlier ones, again; safe on disk when it returns.

        Acknowledge when what follows from a message is stored or sent: what is
        lost before is then delivered again after a restart.
        """
        ...

    def forget(self, topic: str) -> None:
        """Clear a finished topic away, read or not; it cannot be used again."""
        ...

    def close(self) -> None:
        """Give this end up, so that another process can open it."""
        ...


def require_name(name: object) -> str:
    """`name` if it can name a party.

    Examples
    --------
    >>> require_name("north")
    'north'
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise AddressRefused(
            "A party's name cannot be used.",
            "1 to 64 letters, digits, dots, dashes or underscores.",
            "Use the name under which the site is enrolled.",
        )
    return name


def require_topic(topic: object) -> str:
    """`topic` if it can name a topic."""
    if not isinstance(topic, str) or not _TOPIC.fullmatch(topic):
        raise AddressRefused(
            "A topic cannot be used.",
            "1 to 128 letters, digits and ._:/-, such as the id of a study.",
            "Use the study's id.",
        )
    return topic


def require_message(message: object, largest: int) -> bytes:
    """`message` as bytes, if it is bytes and not too long."""
    if not isinstance(message, (bytes, bytearray, memoryview)):
        raise AddressRefused(
            "What is to be sent is not bytes.", "bytes.", "Encode it before it is sent."
        )
    size = memoryview(message).nbytes
    if size > largest:
        raise MessageTooLarge(
            f"A message of {size:,} bytes was to be sent.",
            f"At most {largest:,} bytes.",
            "Send shorter vectors, or open the channel with largest= at both ends.",
        )
    return bytes(message)
