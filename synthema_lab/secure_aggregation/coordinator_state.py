"""How is a coordinator's part of a round kept over a crash?

A snapshot holds what the coordinator has received and sent: signed keys, sealed
shares, the running masked sum, opened shares. Nothing in it tells more than the
coordinator knows anyway. It is not secret and not signed; a checksum finds
damage, and the settings of the round are part of it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .errors import SnapshotRefused
from .frames import Kind, read
from .graph import held_by
from .messages import Advert, Boxes, Unmasking
from .settings import RoundSettings

_MAGIC = b"SLcoord\x01"
_LENGTHS = struct.Struct(">QQ")


@dataclass
class CoordinatorState:
    """All that the coordinator holds between two messages of a round.

    Attributes
    ----------
    stage : str
        "advertise", "share", "mask", "agree", "unmask"; then "ended".
    total : ndarray
        Running sum of masked vectors.
    expected : tuple of int
        Sites that may still answer, with those that have.
    collected : dict of int to object
        What this stage took in from each site.
    adverts : dict of int to Advert
    round_keys : set of bytes
        All public keys of the adverts taken in.
    keys, shared, statement, model : bytes
        Digests of what was sent, and of the model where it is named late.
    graph : dict of int to tuple of int
        By site that gave out shares, to which neighbours; empty tuples where
        all share with all.
    survivors : tuple of int
    sent : dict of str to bytes
        The last messages, by the name of the site.
    """

    stage: str
    total: np.ndarray
    expected: tuple[int, ...]
    collected: dict[int, object] = field(default_factory=dict)
    adverts: dict[int, Advert] = field(default_factory=dict)
    round_keys: set[bytes] = field(default_factory=set)
    keys: bytes = b""
    shared: bytes = b""
    statement: bytes = b""
    model: bytes = b""
    graph: dict[int, tuple[int, ...]] = field(default_factory=dict)
    survivors: tuple[int, ...] = ()
    sent: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def held(self) -> dict[int, set[int]]:
        """By site that gave out shares, whose shares it holds, its own among them.

        Asked for once the graph is known.
        """
        return held_by(self.graph)

    @classmethod
    def new(cls, settings: RoundSettings) -> CoordinatorState:
        """The state before the first message."""
        total = np.zeros(settings.length, dtype=settings.dtype)
        return cls("advertise", total, tuple(range(settings.sites)))


_NUMBERS = ("expected", "survivors")
_DIGESTS = ("keys", "shared", "statement", "model")


def pack_state(state: CoordinatorState, settings: RoundSettings) -> bytes:
    """A snapshot of a coordinator's state."""
    fields: dict[str, object] = {
        "stage": state.stage,
        "collected": {site: _packed(one).hex() for site, one in state.collected.items()},
        "adverts": {site: _packed(one).hex() for site, one in state.adverts.items()},
        "graph": state.graph,
        "sent": {name: message.hex() for name, message in state.sent.items()},
        **{name: list(getattr(state, name)) for name in _NUMBERS},
        **{name: getattr(state, name).hex() for name in _DIGESTS},
    }
    head = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
    summed = memoryview(np.ascontiguousarray(state.total)).cast("B")
    lengths = _LENGTHS.pack(len(head), summed.nbytes)
    content = b"".join([_MAGIC, settings.digest, lengths, head, summed])
    return content + hashlib.sha256(content).digest()


def unpack_state(snapshot: bytes, settings: RoundSettings) -> CoordinatorState:
    """The state in a snapshot.

    Raises
    ------
    SnapshotRefused
        If it belongs to another round, or was altered.
    """
    start = len(_MAGIC) + len(settings.digest)
    whole = (
        isinstance(snapshot, bytes)
        and len(snapshot) >= start + _LENGTHS.size + 32
        and snapshot[:start] == _MAGIC + settings.digest
        and hashlib.sha256(snapshot[:-32]).digest() == snapshot[-32:]
    )
    if not whole:
        raise _unusable(settings)
    head_bytes, _ = _LENGTHS.unpack_from(snapshot, start)
    begin = start + _LENGTHS.size
    try:
        return _read_state(snapshot, settings, begin, begin + head_bytes)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unusable(settings) from None


def _read_state(snapshot: bytes, settings: RoundSettings, begin: int, end: int) -> CoordinatorState:
    fields = json.loads(snapshot[begin:end])
    read_back = _READ_BACK[fields["stage"]]
    collected = {
        int(site): read_back(bytes.fromhex(one), settings)
        for site, one in fields["collected"].items()
    }
    begun = collected.values() if fields["stage"] == "advertise" else ()
    return CoordinatorState(
        stage=fields["stage"],
        total=np.frombuffer(snapshot[end:-32], dtype=settings.dtype).copy(),
        collected=collected,
        round_keys={key for one, _ in begun for key in (one.box_key, one.mask_key)},
        adverts={
            int(site): Advert.read(memoryview(bytes.fromhex(one)))
            for site, one in fields["adverts"].items()
        },
        graph={int(site): tuple(others) for site, others in fields["graph"].items()},
        sent={name: bytes.fromhex(message) for name, message in fields["sent"].items()},
        **{name: tuple(fields[name]) for name in _NUMBERS},
        **{name: bytes.fromhex(fields[name]) for name in _DIGESTS},
    )


def _unusable(settings: RoundSettings) -> SnapshotRefused:
    return SnapshotRefused(
        "The saved state of the coordinator cannot be used.",
        f"A snapshot made in round {settings.round_id}, unaltered.",
        "Start a new round with a new id.",
    )


def _packed(collected: object) -> bytes:
    """What was collected from one site, as bytes."""
    if isinstance(collected, bytes):
        return collected
    if isinstance(collected, tuple):  # an advert with its signed frame, which holds it
        return collected[1]
    return b"".join(map(bytes, collected.parts()))


def _advert_of(message: bytes, settings: RoundSettings) -> tuple[Advert, bytes]:
    return Advert.read(read(message, settings, Kind.ADVERT).body), message


_READ_BACK: dict[str, Callable[[bytes, RoundSettings], object]] = {
    "advertise": _advert_of,
    "share": lambda body, _: Boxes.read(memoryview(body)),
    "mask": lambda body, _: body,
    "agree": lambda body, _: body,
    "unmask": lambda body, _: Unmasking.read(memoryview(body)),
}
