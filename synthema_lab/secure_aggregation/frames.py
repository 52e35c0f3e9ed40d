"""How does a message show who sent it, for which round, and that no bit was altered?

A frame is a header of 44 bytes, a body, and for a site's message an Ed25519
signature of 64 bytes over the header and the digest of the body: SHA-256, and
for a body beyond a mebibyte SHA-256 over the digests of its mebibytes, which
are computed on all cores. The header holds magic, version, kind, sender, the
digest of the round's settings and the exact length of the body. There is one
byte form for every message; anything else is refused. The coordinator's frames
are not signed: whatever in them matters is signed by sites, sealed for a site,
or compared in the agreement.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from .cores import spread
from .errors import (
    MessageMalformed,
    MessageOutOfTurn,
    RoundMismatch,
    SignatureRefused,
    SiteUnknown,
)
from .roster import Identity
from .settings import RoundSettings

MAGIC = b"SLSA"
VERSION = 1
COORDINATOR = 0xFFFF
SIGNATURE_BYTES = 64
_HEADER = struct.Struct(">4sBBH32sI")
HEADER_BYTES = _HEADER.size
_LEAF_BYTES = 1 << 20
_SIGNED = b"synthema-lab secure aggregation 1 signature\x00"

Buffer = bytes | bytearray | memoryview


class Kind(IntEnum):
    """Kinds of message in the order of a round; odd ones come from sites.

    The last travels inside others: a site's word on what it covered its vector under.
    """

    ADVERT = 1
    KEYS = 2
    SHARES = 3
    DELIVERY = 4
    MASKED = 5
    SURVIVORS = 6
    AGREED = 7
    QUORUM = 8
    UNMASKING = 9
    COVERED = 11


@dataclass(frozen=True)
class Frame:
    """An opened message: the sender's number and the body."""

    sender: int
    body: memoryview


def write(
    kind: Kind,
    settings: RoundSettings,
    parts: Sequence[Buffer],
    sender: int = COORDINATOR,
    identity: Identity | None = None,
) -> bytes:
    """Write a frame, signed if `identity` is given.

    Parameters
    ----------
    kind : Kind
    settings : RoundSettings
    parts : sequence of bytes-like
        The body, in pieces.
    sender : int
        The site's number; `COORDINATOR` for the coordinator.
    identity : Identity, optional
        Signs a site's message.
    """
    length = sum(memoryview(part).nbytes for part in parts)
    header = _HEADER.pack(MAGIC, VERSION, kind, sender, settings.digest, length)
    if identity is None:
        return b"".join([header, *parts])
    body = b"".join(parts)
    return b"".join([header, body, identity.sign(_SIGNED + header + body_digest(body))])


def body_digest(body: Buffer) -> bytes:
    """What is signed of a body; which of the two forms it has follows from its signed length.

    Examples
    --------
    >>> body_digest(b"") == hashlib.sha256(b"").digest()
    True
    """
    body = memoryview(body)
    if body.nbytes <= _LEAF_BYTES:
        return hashlib.sha256(body).digest()
    leaves = [body[at : at + _LEAF_BYTES] for at in range(0, body.nbytes, _LEAF_BYTES)]
    digests = spread(lambda leaf: hashlib.sha256(leaf).digest(), leaves)
    return hashlib.sha256(b"".join(digests)).digest()


class Envelope:
    """A site's message whose body is written in place, so that it is not held twice.

    Parameters
    ----------
    body_bytes : int
        Length of the body.
    """

    def __init__(self, body_bytes: int) -> None:
        self._message = io.BytesIO(bytes(HEADER_BYTES + body_bytes + SIGNATURE_BYTES))

    def body(self) -> memoryview:
        """Where the body is written; to be let go before `sealed` is called."""
        return self._message.getbuffer()[HEADER_BYTES:-SIGNATURE_BYTES]

    def sealed(self, kind: Kind, settings: RoundSettings, sender: int, identity: Identity) -> bytes:
        """The signed frame around the body."""
        body = self.body()
        header = _HEADER.pack(MAGIC, VERSION, kind, sender, settings.digest, body.nbytes)
        signature = identity.sign(_SIGNED + header + body_digest(body))
        del body
        whole = self._message.getbuffer()
        whole[:HEADER_BYTES], whole[-SIGNATURE_BYTES:] = header, signature
        del whole  # while a view is held, getvalue() makes a copy
        return self._message.getvalue()


def read(message: Buffer, settings: RoundSettings, kind: Kind) -> Frame:
    """Check a frame and open it.

    Parameters
    ----------
    message : bytes-like
    settings : RoundSettings
        What this party agreed to; the frame must carry its digest.
    kind : Kind
        The kind expected now; odd kinds must be signed by their sender.

    Raises
    ------
    MessageMalformed, RoundMismatch, MessageOutOfTurn, SiteUnknown, SignatureRefused
    """
    if not isinstance(message, (bytes, bytearray, memoryview)):
        raise malformed("It is not bytes.")
    view = memoryview(message)
    if view.format != "B" or view.ndim != 1 or not view.c_contiguous:
        raise malformed("It is not bytes.")
    if view.nbytes < HEADER_BYTES:
        raise malformed("It is shorter than a header.")
    header = bytes(view[:HEADER_BYTES])
    magic, version, found, sender, digest, length = _HEADER.unpack(header)
    if magic != MAGIC or version != VERSION:
        raise malformed("It has another magic or version.")
    if digest != settings.digest:
        raise RoundMismatch(
            "A message belongs to a round with other settings.",
            f"The settings agreed for {settings.round_id}: roster, length, scale, clip, "
            "threshold, model and study.",
            "Compare the study and the model at both ends, and start a new round.",
        )
    if found != kind:
        raise MessageOutOfTurn(
            f"A message of kind {found} arrived.",
            f"Kind {int(kind)} ({kind.name.lower()}).",
            "Deliver each message once and in order; start a new round if one was lost.",
        )
    from_site = kind % 2 == 1
    trailer = SIGNATURE_BYTES if from_site else 0
    if view.nbytes != HEADER_BYTES + length + trailer:
        raise malformed("Its length is not the one its header states.")
    body = view[HEADER_BYTES : HEADER_BYTES + length]
    if from_site:
        if sender >= settings.sites:
            raise SiteUnknown(
                "A message names a sender outside the roster.",
                f"A site number below {settings.sites}.",
                "Start a new round with the roster that holds the site.",
            )
        statement = _SIGNED + header + body_digest(body)
        member = settings.roster.members[sender]
        if not member.verifies(bytes(view[HEADER_BYTES + length :]), statement):
            raise SignatureRefused(
                f"A signature of {member.name} does not verify.",
                "A signature under the identity key pinned in the roster.",
                f"Check the channel to {member.name}, and start a new round.",
            )
    elif sender != COORDINATOR:
        raise malformed("It does not come from the coordinator.")
    return Frame(sender, body)


def malformed(reason: str) -> MessageMalformed:
    """The error for a message that is not in canonical form."""
    return MessageMalformed(
        f"A message cannot be read. {reason}",
        "The canonical form of its kind, complete and unaltered.",
        "Check that both ends run the same version, and start a new round.",
    )
