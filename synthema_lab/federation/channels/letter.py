"""What is written beside a message, inside its seal?

From whom, to whom, on which topic and as which number, so that a sealed file
that is copied to another place is noticed; and up to which number the writer
has heard the other side, so that the other side can clear those files away.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

_MAGIC = b"SLCL"
_VERSION = 1
_HEADER = struct.Struct(">4sBQQHHHQ")
MARGIN = 1024
"""Bytes of a letter beside its message, at most."""


class LetterMalformed(ValueError):
    """The bytes are not a letter of this version."""


@dataclass(frozen=True)
class Letter:
    """A message with its address.

    Parameters
    ----------
    sender, receiver, topic : str
    number : int
        From 1; 0 for a receipt, which bears no message.
    heard : int
        Messages of the receiver to the sender up to this number were acknowledged.
    message : bytes

    Examples
    --------
    >>> letter = Letter("north", "lab", "study-7", 3, 2, b"...")
    >>> Letter.read(letter.written()) == letter
    True
    """

    sender: str
    receiver: str
    topic: str
    number: int
    heard: int
    message: bytes = field(default=b"", repr=False)

    def written(self) -> bytes:
        """The letter as bytes."""
        names = [text.encode("ascii") for text in (self.sender, self.receiver, self.topic)]
        header = _HEADER.pack(
            _MAGIC, _VERSION, self.number, self.heard, *map(len, names), len(self.message)
        )
        return b"".join([header, *names, self.message])

    @classmethod
    def read(cls, content: bytes) -> Letter:
        """The letter in `content`.

        Raises
        ------
        LetterMalformed
        """
        try:
            magic, version, number, heard, *lengths, size = _HEADER.unpack_from(content)
            names, place = [], _HEADER.size
            for length in lengths:
                names.append(content[place : place + length].decode("ascii"))
                place += length
        except (struct.error, UnicodeDecodeError):
            magic = None
        if magic != _MAGIC or version != _VERSION or place + size != len(content):
            raise LetterMalformed("It is half-written, or a letter of another version.")
        return cls(*names, number, heard, content[place:])


def folder_of(sender: str, receiver: str, topic: str) -> str:
    """Where the letters of a sender to a receiver on a topic lie; the topic cannot be read."""
    return f"{sender}/{receiver}/{hashlib.sha256(topic.encode()).hexdigest()[:32]}"


def place_of(sender: str, receiver: str, topic: str, number: int) -> str:
    """Where the letter with that number lies; the receipt is number 0."""
    return f"{folder_of(sender, receiver, topic)}/{number:08d}.sealed"
