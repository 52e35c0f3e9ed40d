"""What does a round cost when every party is a process of its own?

`Parties` starts one process a site and one for the coordinator, joined by Unix
sockets, and runs rounds on them: the secure sum, or the plain sum over the same
sockets. The sites hold their vectors before the coordinator starts the clock,
and the clock stops when the sum is open. Whatever was opened is compared with
the sum of the vectors: a round that is wrong is no measurement.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait

import numpy as np

from synthema_lab.secure_aggregation import (
    Coordinator,
    Identity,
    Roster,
    RoundSettings,
    Site,
    default_scale,
)

from .resident import watched

CLIP = 8.0
_GO = b"go"
_SILENT = b""


@dataclass(frozen=True)
class Order:
    """One round to run; without settings, the plain sum of `length` values.

    Every round has vectors of its own: sites open one vector for one set of sites
    only. `dropped` names the site that falls silent when it has given out shares.
    """

    number: int
    length: int
    settings: RoundSettings | None = None
    dropped: str | None = None


@dataclass(frozen=True)
class Cost:
    """What one round cost.

    Attributes
    ----------
    seconds : float
        From the moment that all sites hold their vector to the opened sum.
    processor : float
        Processor seconds of all parties in that time.
    sent : int
        Bytes that a site sent, at most.
    memory : int
        Bytes that a site came to hold above what it held with its vector, at most.
    """

    seconds: float
    processor: float
    sent: int
    memory: int


class Wire:
    """Messages with their length in front, over a connected stream socket."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.sent = 0

    def send(self, message: bytes | memoryview) -> None:
        """Send a message whole."""
        length = memoryview(message).nbytes
        self.stream.sendall(length.to_bytes(8, "big"))
        self.stream.sendall(message)
        self.sent += 8 + length

    def receive(self) -> memoryview:
        """The next message, in memory of its own."""
        length = int.from_bytes(self._whole(8), "big")
        return self._whole(length)

    def fileno(self) -> int:
        """Lets `multiprocessing.connection.wait` see which wire has something."""
        return self.stream.fileno()

    def _whole(self, length: int) -> memoryview:
        received = memoryview(np.empty(length, dtype=np.uint8))
        place = 0
        while place < length:
            count = self.stream.recv_into(received[place:], 0, socket.MSG_WAITALL)
            if not count:
                raise EOFError("The other party is gone.")
            place += count
        return received


class Parties:
    """A process for each site and one for the coordinator, to be used in a ``with`` block.

    Parameters
    ----------
    sites : int
    """

    def __init__(self, sites: int) -> None:
        self.identities = tuple(Identity.new(f"site-{number:04d}") for number in range(sites))
        self.roster = Roster.of(identity.member() for identity in self.identities)
        self._rounds = 0
        self._processes, self._controls = [], []

    def __enter__(self) -> Parties:
        spawning = multiprocessing.get_context("spawn")
        pairs = [socket.socketpair() for _ in self.identities]
        starts = [
            (_site, (near, identity))
            for identity, (near, _) in zip(self.identities, pairs, strict=True)
        ]
        starts.append((_coordinator, ([far for _, far in pairs],)))
        for run, arguments in starts:
            control, theirs = spawning.Pipe()
            process = spawning.Process(target=run, args=(theirs, *arguments), daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._controls.append(control)
        for stream in (stream for pair in pairs for stream in pair):
            stream.close()
        return self

    def __exit__(self, *_: object) -> None:
        for control in self._controls:
            control.close()  # the party's next recv() ends it
        for process in self._processes:
            process.join(timeout=10)
            process.kill()

    def plain(self, length: int) -> Cost:
        """One plain sum, by the same processes over the same sockets."""
        self._rounds += 1
        return self._run(Order(self._rounds, length))

    def secure(self, length: int, dropped: int | None = None) -> Cost:
        """One secure sum; the site of that number drops after it gave out its shares."""
        self._rounds += 1
        settings = RoundSettings(
            self.roster,
            f"bench/{self._rounds}",
            length,
            CLIP,
            default_scale(len(self.roster), CLIP),
            bytes(32),
            bytes(32),
        )
        name = None if dropped is None else self.roster.names[dropped]
        return self._run(Order(self._rounds, length, settings, name))

    def _run(self, order: Order) -> Cost:
        for control in self._controls:
            control.send(order)
        *at_sites, (cost, total) = [control.recv() for control in self._controls]
        present = [one.name for one in self.identities if one.name != order.dropped]
        # The plain sum is added in double precision: its error is far below a step of 2**20.
        scale = 2**20 if order.settings is None else order.settings.scale
        require_sum(total, order.number, present, scale)
        return replace(
            cost,
            processor=cost.processor + sum(one.processor for one in at_sites),
            sent=max(one.sent for one in at_sites),
            memory=max(one.memory for one in at_sites),
        )


def vector_of(name: str, number: int, length: int) -> np.ndarray:
    """The vector that a site holds in a round of that number: float32, between -1 and 1."""
    generator = np.random.default_rng([number, *name.encode()])
    return 2 * generator.random(length, dtype=np.float32) - 1


def require_sum(total: np.ndarray, number: int, names: Sequence[str], scale: int) -> None:
    """Refuse a total that is not the sum of these sites' vectors, within n / (2 scale)."""
    exact = sum(vector_of(name, number, total.size).astype(np.float64) for name in names)
    if not np.abs(total - exact).max() <= len(names) / (2 * scale):
        raise ArithmeticError("The opened sum is not the sum of the vectors.")


def _site(control: Connection, stream: socket.socket, identity: Identity) -> None:
    """A site's process: one round after another until the control pipe closes."""
    used: set[str] = set()
    wire = Wire(stream)
    while (order := _next(control)) is not None:
        vector = vector_of(identity.name, order.number, order.length)
        peak = watched()
        wire.send(_GO)
        wire.receive()
        wire.sent = 0
        started = time.process_time()
        if order.settings is None:
            wire.send(memoryview(vector).cast("B"))
        else:
            site = Site(order.settings, identity, used)
            _take_part(wire, site, vector, silent=order.dropped == identity.name)
        control.send(Cost(0.0, time.process_time() - started, wire.sent, peak()))


def _take_part(wire: Wire, site: Site, vector: np.ndarray, silent: bool) -> None:
    site.contribute(vector)
    wire.send(site.begin())
    while site.stage != "ended":
        message = wire.receive()
        if silent and site.stage == "delivery":
            wire.send(_SILENT)
            return
        wire.send(site.receive(message))


def _coordinator(control: Connection, streams: Sequence[socket.socket]) -> None:
    """The coordinator's process: one round after another until the control pipe closes."""
    wires = [Wire(stream) for stream in streams]
    while (order := _next(control)) is not None:
        for wire in wires:
            wire.receive()
        began, started = time.perf_counter(), time.process_time()
        for wire in wires:
            wire.send(_GO)
        if order.settings is None:
            total = np.zeros(order.length)
            for wire in _ready(wires):
                total += np.frombuffer(wire.receive(), dtype=np.float32)
        else:
            total = _opened(wires, Coordinator(order.settings))
        seconds, processor = time.perf_counter() - began, time.process_time() - started
        control.send((Cost(seconds, processor, 0, 0), total))


def _opened(wires: Sequence[Wire], coordinator: Coordinator) -> np.ndarray:
    """The coordinator's part of a round, until the sum is open."""
    by_name = {coordinator.receive(wire.receive()): wire for wire in _ready(wires)}
    while messages := coordinator.close():
        for name, message in messages.items():
            by_name[name].send(message)
        for wire in _ready([by_name[name] for name in messages]):
            message = wire.receive()
            if message.nbytes:
                coordinator.receive(message)
    return coordinator.opened.total


def _ready(wires: Sequence[Wire]) -> Iterator[Wire]:
    """Each wire once, as soon as there is something to receive."""
    left = list(wires)
    while left:
        for wire in wait(left):
            left.remove(wire)
            yield wire


def _next(control: Connection) -> Order | None:
    try:
        return control.recv()
    except EOFError:
        return None
