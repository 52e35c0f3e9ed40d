"""How do the keys and shares of the next round ride on the messages of this one?

A round on its own takes five exchanges. In a series of rounds the site's next
keys ride with its masked vector, and its next shares with its signed agreement,
so that every round after the first takes three: vector, agreement, opening.
The settings of such rounds leave the model to be named with the vectors, since
keys are exchanged before it exists.

The rounds stay apart: each is run by its own `Site` and `Coordinator`, with
keys of its own, and nothing of one is in a message of the other. What fails in
the round that rides does not touch the round that carries it; the series then
begins again with five exchanges.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from .errors import MessageMalformed, SnapshotRefused
from .frames import Buffer, malformed
from .settings import RoundSettings

_LENGTHS = struct.Struct(">QQ")

SettingsOf = Callable[[int], RoundSettings | None]
"""By number of the round, from 0, its settings; None after the last."""


def bundle(present: Buffer, riding: Buffer = b"") -> bytes:
    """Put the message of this round and that of the next, if any, together.

    Examples
    --------
    >>> unbundle(bundle(b"now", b"then"))
    (b'now', b'then')
    """
    lengths = _LENGTHS.pack(memoryview(present).nbytes, memoryview(riding).nbytes)
    return b"".join([lengths, present, riding])


def unbundle(message: Buffer) -> tuple[bytes, bytes]:
    """Take them apart; MessageMalformed if the lengths are not exact."""
    flat = isinstance(message, Buffer) and memoryview(message).c_contiguous
    view = memoryview(message).cast("B") if flat and len(message) else memoryview(b"")
    if view.nbytes < _LENGTHS.size:
        raise malformed("It is not a bundle of two messages.")
    first, second = _LENGTHS.unpack_from(view)
    if view.nbytes != _LENGTHS.size + first + second:
        raise malformed("Its length is not the one its header states.")
    place = _LENGTHS.size + first
    return bytes(view[_LENGTHS.size : place]), bytes(view[place:])


def halves(snapshot: bytes) -> tuple[bytes, bytes]:
    """The two parts of a snapshot; SnapshotRefused if it is not whole."""
    try:
        return unbundle(snapshot)
    except MessageMalformed:
        raise _unusable() from None


def opened_snapshot(
    snapshot: bytes, settings_of: SettingsOf
) -> tuple[int, list[tuple[bytes, RoundSettings | None]]]:
    """The number of the present round; the snapshots of it and of the next, with settings.

    Raises
    ------
    SnapshotRefused
        If it is not whole, or holds a round that the series does not have.
    """
    if not isinstance(snapshot, bytes):
        raise _unusable()
    number = int.from_bytes(snapshot[:8], "big")
    kept = [(one, settings_of(number + place)) for place, one in enumerate(halves(snapshot[8:]))]
    if any(one and settings is None for one, settings in kept):
        raise _unusable()
    return number, kept


def _unusable() -> SnapshotRefused:
    return SnapshotRefused(
        "The saved state of a series of rounds cannot be used.",
        "What save() gave, unaltered, for the same series.",
        "Begin the series again at its next round.",
    )
