"""What does each message of a round say, byte for byte?

Bodies are fixed-width fields and counted lists of fixed-width entries, numbers
big-endian, lists in strictly ascending order of site number. Each body has one
byte form: reading refuses spare bytes, repeats and disorder.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from .frames import HEADER_BYTES, SIGNATURE_BYTES, Buffer, Envelope, malformed
from .settings import RoundSettings
from .shamir import SHARE_BYTES, element

DIGEST_BYTES = 32
KEY_BYTES = 32
BOX_BYTES = 12 + 2 * SHARE_BYTES + 16
ADVERT_FRAME_BYTES = HEADER_BYTES + 3 * 32 + SIGNATURE_BYTES
AGREED_FRAME_BYTES = HEADER_BYTES + DIGEST_BYTES + SIGNATURE_BYTES
COVERED_FRAME_BYTES = AGREED_FRAME_BYTES


@dataclass(frozen=True)
class Advert:
    """A site's keys for this round and its commitment to the self-mask seed."""

    box_key: bytes
    mask_key: bytes
    seed_commitment: bytes

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [self.box_key, self.mask_key, self.seed_commitment]

    @classmethod
    def read(cls, body: memoryview) -> Advert:
        """Read a body."""
        fields = _Fields(body)
        advert = cls(fields.take(KEY_BYTES), fields.take(KEY_BYTES), fields.take(DIGEST_BYTES))
        fields.end()
        return advert


@dataclass(frozen=True)
class Frames:
    """Whole frames of several sites, passed on by the coordinator unchanged."""

    frames: tuple[bytes, ...]

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [_number(len(self.frames)), *self.frames]

    @classmethod
    def read(cls, body: memoryview, frame_bytes: int) -> Frames:
        """Read a body whose frames are `frame_bytes` long."""
        fields = _Fields(body)
        frames = tuple(fields.take(frame_bytes) for _ in range(fields.number()))
        fields.end()
        return cls(frames)


@dataclass(frozen=True)
class Boxes:
    """Sealed shares by number of their receiver."""

    keys_digest: bytes
    boxes: Mapping[int, bytes]

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [self.keys_digest, *_listed(self.boxes)]

    @classmethod
    def read(cls, body: memoryview) -> Boxes:
        """Read a body."""
        fields = _Fields(body)
        boxes = cls(fields.take(DIGEST_BYTES), fields.listed(lambda: fields.take(BOX_BYTES)))
        fields.end()
        return boxes


@dataclass(frozen=True)
class Delivery:
    """What a site is given before it covers its vector.

    Who gave out shares, by number, to which neighbours (an empty list where all
    share with all); and the sealed shares for this site, by number of the sender.
    """

    keys_digest: bytes
    graph: Mapping[int, tuple[int, ...]]
    boxes: Mapping[int, bytes]

    def parts(self, graph: bytes = b"") -> list[Buffer]:
        """The body in pieces; `graph` is `graph_bytes`, where many deliveries have the same."""
        return [self.keys_digest, graph or self.graph_bytes(self.graph), *_listed(self.boxes)]

    @staticmethod
    def graph_bytes(graph: Mapping[int, tuple[int, ...]]) -> bytes:
        """The byte form of the graph."""
        return b"".join(_listed({site: numbered(graph[site]) for site in graph}))

    @classmethod
    def read(cls, body: memoryview) -> Delivery:
        """Read a body."""
        fields = _Fields(body)
        keys_digest = fields.take(DIGEST_BYTES)
        graph = fields.listed(fields.numbers)
        delivery = cls(keys_digest, graph, fields.listed(lambda: fields.take(BOX_BYTES)))
        fields.end()
        return delivery


@dataclass(frozen=True)
class Masked:
    """A site's masked vector, with the digest of the sites whose masks are in it.

    Where sites share with neighbours only, that digest once more, signed in a
    frame of its own that is passed on to the neighbours.
    """

    sharers_digest: bytes
    vector: Buffer
    covered: bytes = b""

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [self.sharers_digest, self.covered, self.vector]

    @staticmethod
    def envelope(settings: RoundSettings) -> tuple[Envelope, np.ndarray]:
        """A message to be, and in it the vector, to be encoded and covered in place."""
        ahead = DIGEST_BYTES + covered_bytes(settings)
        envelope = Envelope(ahead + settings.length * settings.dtype.itemsize)
        return envelope, np.frombuffer(envelope.body(), settings.dtype, offset=ahead)

    @staticmethod
    def addressed(envelope: Envelope, sharers_digest: bytes, covered: bytes) -> Envelope:
        """The message with what comes before the vector."""
        ahead = sharers_digest + covered
        envelope.body()[: len(ahead)] = ahead
        return envelope

    @classmethod
    def read(cls, body: memoryview, settings: RoundSettings) -> Masked:
        """Read a body with a vector as the settings say."""
        fields = _Fields(body)
        digest, covered = fields.take(DIGEST_BYTES), fields.take(covered_bytes(settings))
        masked = cls(digest, fields.view(settings.length * settings.dtype.itemsize), covered)
        fields.end()
        return masked


@dataclass(frozen=True)
class Survivors:
    """The sites whose masked vectors arrived.

    Where sites share with neighbours only, each with the frame that it signed
    about what it covered its vector under.
    """

    numbers: tuple[int, ...]
    covered: tuple[bytes, ...] = ()

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [numbered(self.numbers), *self.covered]

    @classmethod
    def read(cls, body: memoryview, settings: RoundSettings) -> Survivors:
        """Read a body."""
        fields = _Fields(body)
        numbers, each = fields.numbers(), covered_bytes(settings)
        survivors = cls(numbers, tuple(fields.take(each) for _ in numbers) if each else ())
        fields.end()
        return survivors


@dataclass(frozen=True)
class Agreed:
    """The digest of what a site agreed to: keys, sharers and survivors."""

    statement: bytes

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [self.statement]

    @classmethod
    def read(cls, body: memoryview) -> Agreed:
        """Read a body."""
        fields = _Fields(body)
        agreed = cls(fields.take(DIGEST_BYTES))
        fields.end()
        return agreed


@dataclass(frozen=True)
class Unmasking:
    """Opened shares: of the self-mask seed of survivors, of the mask key of the dropped."""

    statement: bytes
    seed_shares: Mapping[int, bytes]
    key_shares: Mapping[int, bytes]

    def parts(self) -> list[Buffer]:
        """The body in pieces."""
        return [self.statement, *_listed(self.seed_shares), *_listed(self.key_shares)]

    @classmethod
    def read(cls, body: memoryview) -> Unmasking:
        """Read a body."""
        fields = _Fields(body)
        unmasking = cls(
            fields.take(DIGEST_BYTES), fields.listed(fields.share), fields.listed(fields.share)
        )
        fields.end()
        return unmasking


Body = Advert | Frames | Boxes | Delivery | Masked | Survivors | Agreed | Unmasking


def covered_bytes(settings: RoundSettings) -> int:
    """Length of the frame about what a vector was covered under; 0 where all share with all."""
    return 0 if settings.complete else COVERED_FRAME_BYTES


def numbered(numbers: Iterable[int]) -> bytes:
    """The byte form of a set of site numbers."""
    ordered = sorted(numbers)
    return struct.pack(f">{1 + len(ordered)}H", len(ordered), *ordered)


def _number(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _listed(entries: Mapping[int, bytes]) -> list[bytes]:
    parts = [_number(len(entries))]
    for number in sorted(entries):
        parts += [_number(number), entries[number]]
    return parts


class _Fields:
    """Reads a body from left to right and refuses to read past its end."""

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self._place = 0

    def view(self, length: int) -> memoryview:
        field = self._body[self._place : self._place + length]
        if field.nbytes != length:
            raise malformed("It ends too early.")
        self._place += length
        return field

    def take(self, length: int) -> bytes:
        return bytes(self.view(length))

    def number(self) -> int:
        return int.from_bytes(self.view(2), "big")

    def numbers(self) -> tuple[int, ...]:
        count = self.number()
        numbers = struct.unpack(f">{count}H", self.view(2 * count))
        if list(numbers) != sorted(set(numbers)):
            raise malformed("Site numbers repeat or are out of order.")
        return numbers

    def share(self) -> bytes:
        share = self.take(SHARE_BYTES)
        element(share)
        return share

    def listed(self, entry: Callable[[], bytes | None]) -> dict[int, bytes | None]:
        entries: dict[int, bytes | None] = {}
        previous = -1
        for _ in range(self.number()):
            number = self.number()
            if number <= previous:
                raise malformed("Site numbers repeat or are out of order.")
            entries[number] = entry()
            previous = number
        return entries

    def end(self) -> None:
        if self._place != self._body.nbytes:
            raise malformed("It holds spare bytes.")
