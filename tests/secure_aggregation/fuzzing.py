"""Which malformed messages are thrown at both sides, and what may come of one?

A round is played once with fixed randomness and stopped before every message.
A case picks a stopped party and alters a message for it: raw bytes, edited,
cut, spliced with another message, with a lying header, or with an altered body
in a frame that is rightly signed by a site that does not keep to the protocol.
`thrown` delivers it and holds what must hold.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from synthema_lab import randomness
from synthema_lab.errors import ArgumentRefused
from synthema_lab.secure_aggregation import Coordinator, Identity, Roster, RoundSettings, Site
from synthema_lab.secure_aggregation import messages as bodies
from synthema_lab.secure_aggregation.errors import RoundAborted, RoundEnded, SnapshotRefused
from synthema_lab.secure_aggregation.frames import (
    COORDINATOR,
    HEADER_BYTES,
    SIGNATURE_BYTES,
    Kind,
    read,
    write,
)
from synthema_lab.secure_aggregation.riding import bundle, unbundle
from synthema_lab.secure_aggregation.site_state import SiteState

SITES = ("east", "north", "south", "west")
DROPPED = "south"  # after it gave out shares
# Values whose digits, as numbers or as encoded steps, stand in no message by chance.
TELLTALE = (4711.625, -2718.28125, 31415.5, -16180.25)
SCALE = 2**20
HIDDEN = [str(abs(v)) for v in TELLTALE] + [str(round(abs(v) * SCALE)) for v in TELLTALE]


@dataclass(frozen=True)
class Stop:
    """A party stopped before a message: its snapshot, and a right message for it."""

    party: str
    stage: str
    snapshot: bytes
    used: frozenset[str]
    message: bytes


class Stage:
    """The stopped parties of one round, and every message that was sent in it."""

    def __init__(self) -> None:
        draws = itertools.count()

        def stream(n: int) -> bytes:
            return hashlib.shake_256(b"a stage for bad messages %d" % next(draws)).digest(n)

        with randomness.swapped(stream):
            self._play()

    def _play(self) -> None:
        people = [Identity.new(name) for name in SITES]
        roster = Roster.of(person.member() for person in people)
        self.people = {person.name: person for person in people}
        self.settings = RoundSettings(
            roster, "fuzzed", len(TELLTALE), 2.0**16, SCALE, bytes(32), bytes(32)
        )
        used = {name: set() for name in SITES}
        sites = {n: Site(self.settings, self.people[n], used[n]) for n in SITES}
        coordinator = Coordinator(self.settings)
        self.stops, self.messages = [], []

        def stop(party: str, stage: str, machine: Site | Coordinator, message: bytes) -> None:
            marks = frozenset(used.get(party, ()))
            self.stops.append(Stop(party, stage, machine.save(), marks, message))
            self.messages.append(message)

        for name, site in sites.items():
            site.contribute(np.roll(TELLTALE, len(name)))
        answers = {name: site.begin() for name, site in sites.items()}
        while True:
            for answer in answers.values():
                stop("coordinator", coordinator.stage, coordinator, answer)
                coordinator.receive(answer)
            sent = coordinator.close()
            if not sent:
                break
            answers = {}
            for name, message in sent.items():
                if name == DROPPED and coordinator.stage == "mask":
                    continue
                stop(name, sites[name].stage, sites[name], message)
                answers[name] = sites[name].receive(message)
        self.total = coordinator.opened.total

    def machine(self, stop: Stop) -> Site | Coordinator:
        """The party as it was stopped."""
        if stop.party == "coordinator":
            return Coordinator.restore(stop.snapshot, self.settings)
        person = self.people[stop.party]
        return Site.restore(stop.snapshot, self.settings, person, set(stop.used))


# Alterations


def edited(draw, message: bytes) -> bytes:
    """Up to four bytes changed."""
    altered = bytearray(message)
    for _ in range(draw(st.integers(1, 4)) if altered else 0):
        altered[draw(st.integers(0, len(altered) - 1))] ^= draw(st.integers(1, 255))
    return bytes(altered)


def cut(draw, message: bytes) -> bytes:
    return message[: draw(st.integers(0, max(0, len(message) - 1)))]


def extended(draw, message: bytes) -> bytes:
    return message + draw(st.binary(min_size=1, max_size=80))


def counted(draw, message: bytes) -> bytes:
    """A two-byte number, such as a count or a site, replaced by an extreme or small one."""
    place = draw(st.integers(0, max(0, len(message) - 2)))
    number = draw(st.sampled_from([0, 1, 2, 3, 4, 5, 255, 256, 0x7FFF, 0xFFFE, 0xFFFF]))
    return message[:place] + number.to_bytes(2, "big") + message[place + 2 :]


def spliced(draw, message: bytes, other: bytes) -> bytes:
    return cut(draw, message) + other[draw(st.integers(0, len(other))) :]


ALTERATIONS = (edited, cut, extended, counted)


def body_of(message: bytes) -> bytes:
    signed = message[5] % 2 == 1
    return message[HEADER_BYTES : -SIGNATURE_BYTES if signed else None]


def with_header(draw, message: bytes) -> bytes:
    """One or more fields of the header replaced; the rest of the message as it was."""
    magic, version, kind, sender, digest, length = struct.unpack(
        ">4sBBH32sI", message[:HEADER_BYTES]
    )
    header = struct.pack(
        ">4sBBH32sI",
        draw(st.sampled_from([magic, magic, magic, b"SLSB", b"\0\0\0\0"])),
        draw(st.sampled_from([version, version, version, 0, 2, 255])),
        draw(st.sampled_from([kind, kind, *range(11), 255])),
        draw(st.sampled_from([sender, sender, 0, 1, 2, 3, 4, 999, COORDINATOR])),
        draw(st.sampled_from([digest, digest, digest, bytes(32)])),
        draw(st.sampled_from([length, length, 0, 1, length + 1, 2**31, 2**32 - 1])),
    )
    return header + message[HEADER_BYTES:]


def framed(stage: Stage, kind: int, sender: int, body: bytes) -> bytes:
    """A canonical frame around any body, signed if it is a site's."""
    person = stage.people[SITES[sender]] if kind % 2 else None
    return write(Kind(kind), stage.settings, [body], sender if kind % 2 else COORDINATOR, person)


def relisted(draw, stage: Stage, stop: Stop) -> bytes:
    """The signed messages that are passed on: left out, doubled, in disorder, altered."""
    kind = stop.message[5]
    size = bodies.ADVERT_FRAME_BYTES if kind == Kind.KEYS else bodies.AGREED_FRAME_BYTES
    listed = list(bodies.Frames.read(memoryview(body_of(stop.message)), size).frames)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(listed) - 1)) if listed else 0
        act = draw(st.sampled_from(["drop", "double", "swap", "forge", "again"]))
        if act == "drop":
            del listed[place : place + 1]
        elif act == "double" and listed:
            listed.insert(place, listed[place])
        elif act == "swap" and listed:
            listed[0], listed[place] = listed[place], listed[0]
        elif act == "again":
            listed.append(draw(st.sampled_from(stage.messages))[:size].ljust(size, b"\0"))
        elif listed:
            frame = listed[place]
            sender = int.from_bytes(frame[6:8], "big") % len(SITES)
            body = edited(draw, body_of(frame))
            copied = draw(st.sampled_from([body, body_of(listed[0]), bytes(len(body))]))
            body = body[: draw(st.sampled_from([0, 32]))] + copied
            body = body[: len(copied)]
            listed[place] = framed(stage, frame[5] if frame[5] in (1, 7) else 1, sender, body)
            listed[place] = listed[place][:size].ljust(size, b"\0")
    body = b"".join(map(bytes, bodies.Frames(tuple(listed)).parts()))
    return framed(stage, kind, 0, body)


NO_BYTES = (
    None,
    "text",
    7,
    ["SLSA"],
    memoryview(bytes(200))[::2],
    memoryview(bytes(400)).cast("I"),
    memoryview(bytes(44 * 44)).cast("B", (44, 44)),
    np.zeros(60),
)
HOWS = ("raw", "bytes", "splice", "other", "header", "body", "body", "body", "list", "no bytes")


@st.composite
def cases(draw, stage: Stage):
    """A stopped party and a message for it, most of them wrong."""
    stop = draw(st.sampled_from(stage.stops))
    how = draw(st.sampled_from(HOWS))
    message, other = stop.message, draw(st.sampled_from(stage.messages))
    if how == "raw":
        message = draw(st.binary(max_size=200))
    elif how == "bytes":
        message = draw(st.sampled_from(ALTERATIONS))(draw, message)
    elif how == "splice":
        message = spliced(draw, message, other)
    elif how == "other":
        message = other
    elif how == "header":
        message = with_header(draw, message)
    elif how == "no bytes":
        message = NO_BYTES[draw(st.integers(0, len(NO_BYTES) - 1))]
    elif how == "list" and message[5] in (Kind.KEYS, Kind.QUORUM):
        message = relisted(draw, stage, stop)
    else:
        body = body_of(message)
        if draw(st.booleans()):
            body = spliced(draw, body, body_of(other))
        body = draw(st.sampled_from(ALTERATIONS))(draw, body)
        message = framed(stage, message[5], draw(st.integers(0, len(SITES) - 1)), body)
    return stop, message


# What must hold


def texts(error: BaseException | None) -> str:
    """All that an error shows, with the errors behind it."""
    shown = ""
    while error is not None:
        shown += f"{error} {error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    return shown


def thrown(stage: Stage, stop: Stop, message) -> str:
    """Deliver a message; gives "refused as NAME" or "accepted".

    Raises
    ------
    AssertionError
        If the party fails otherwise, changes although it refuses, or tells a value.
    """
    machine = stage.machine(stop)
    before = machine.save() if stop.party == "coordinator" else b""
    try:
        answer = machine.receive(message)
    except (RoundAborted, ArgumentRefused) as error:
        shown = texts(error)
        assert not [digits for digits in HIDDEN if digits in shown], "a value in an error"
        if stop.party == "coordinator":
            assert machine.save() == before, "the coordinator changed although it refused"
        else:
            assert machine.stage == "ended"
            assert machine._state == SiteState(), "a site kept secrets of a round it left"
            try:
                machine.receive(stop.message)
            except RoundEnded:
                pass
            else:
                raise AssertionError("a site went on after it had refused") from None
        return f"refused as {type(error).__name__}"
    except Exception as error:  # whatever else comes out is what is looked for
        raise AssertionError(f"{type(error).__name__} came out of receive()") from error
    if stop.party == "coordinator":
        assert answer in SITES
    else:
        read(answer, stage.settings, Kind(message[5] + 1))
        for value in np.rint(np.array(TELLTALE) * SCALE).astype("<i8"):
            assert value.tobytes() not in answer, "a value in a message"
    return "accepted"


class _Bundle(tuple):
    """What a bundle holds, with its byte form."""

    def parts(self):
        return [bundle(*self)]


_FEW = [Identity(f"few-{at}", bytes([at + 1]) * 32).member() for at in range(3)]
OF_FEW = RoundSettings(
    Roster.of(_FEW), "f", len(TELLTALE), 2.0**16, SCALE, bytes(32), bytes(32), noise_bound=2**40
)

PARSERS = {
    "Advert": (bodies.Advert.read, Kind.ADVERT),
    "Adverts": (lambda body: bodies.Frames.read(body, bodies.ADVERT_FRAME_BYTES), Kind.KEYS),
    "Boxes": (bodies.Boxes.read, Kind.SHARES),
    "Delivery": (bodies.Delivery.read, Kind.DELIVERY),
    "Masked": (lambda body: bodies.Masked.read(body, OF_FEW), Kind.MASKED),
    "Survivors": (lambda body: bodies.Survivors.read(body, OF_FEW), Kind.SURVIVORS),
    "Agreed": (bodies.Agreed.read, Kind.AGREED),
    "Agreements": (lambda body: bodies.Frames.read(body, bodies.AGREED_FRAME_BYTES), Kind.QUORUM),
    "Unmasking": (bodies.Unmasking.read, Kind.UNMASKING),
    "Bundle": (lambda body: _Bundle(unbundle(body)), Kind.SURVIVORS),
}


@st.composite
def parsed(draw, stage: Stage):
    """A parser and a body for it."""
    name = draw(st.sampled_from(sorted(PARSERS)))
    if draw(st.integers(0, 4)) == 0:
        return name, draw(st.binary(max_size=300))
    right = [body_of(m) for m in stage.messages if m[5] == PARSERS[name][1]]
    if name == "Bundle":
        right = [bundle(body, right[0]) for body in right] + [bundle(right[0])]
    body = draw(st.sampled_from(right))
    if draw(st.booleans()):
        body = spliced(draw, body, draw(st.sampled_from(right)))
    return name, draw(st.sampled_from(ALTERATIONS))(draw, body)


def parsed_or_refused(name: str, body: bytes) -> str:
    """A parser refuses by name, or what it read has these bytes as its one form."""
    try:
        found = PARSERS[name][0](memoryview(body))
    except RoundAborted as error:
        return f"refused as {type(error).__name__}"
    assert b"".join(map(bytes, found.parts())) == body, "two byte forms of one message"
    return "accepted"


@st.composite
def snapshots(draw, stage: Stage):
    """A stopped party and an altered snapshot of it."""
    stop = draw(st.sampled_from(stage.stops))
    if draw(st.integers(0, 4)) == 0:
        return stop, draw(st.binary(max_size=200))
    return stop, draw(st.sampled_from(ALTERATIONS))(draw, stop.snapshot)


def restored_or_refused(stage: Stage, stop: Stop, snapshot: bytes) -> str:
    """A snapshot is refused unless it is unaltered."""
    altered = Stop(stop.party, stop.stage, snapshot, stop.used, stop.message)
    try:
        stage.machine(altered)
    except SnapshotRefused:
        assert snapshot != stop.snapshot
        return "refused as SnapshotRefused"
    assert snapshot == stop.snapshot, "an altered snapshot was taken"
    return "accepted"
