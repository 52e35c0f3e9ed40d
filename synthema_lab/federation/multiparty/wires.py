"""How does one party's MPyC runtime come to connections it can rely on?

MPyC's own start-up listens on every network interface, believes the party
number that the other end states, and unpickles what it receives, so that an
enrolled site could run code at another. Here the parties listen at the agreed
address alone, each connection passes the `Gate`, and messages are plain
numbers (MPyC's portable format); its unpickler is taken away. The messages and
the arithmetic between them are MPyC's.

Everything here runs inside a party process, where MPyC may read `sys.argv` and
keep its global state; nothing is imported from it before.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import sys
import types
from collections.abc import Sequence
from typing import Any

from .gate import Gate

STATISTICAL_SECURITY = 40  # bits: a mask is told from uniform with chance 2**-40 at most
_AGAIN_AFTER = 0.05
_HANDSHAKE = 10.0


def threshold(parties: int) -> int:
    """How many parties may pool what they see and learn nothing: fewer than half.

    Examples
    --------
    >>> [threshold(parties) for parties in (3, 4, 5, 7)]
    [1, 1, 2, 3]
    """
    return (parties - 1) // 2


def started_runtime(number: int, parties: int) -> Any:
    """MPyC's runtime for this process, silent, not yet connected."""
    sys.argv = [
        "party", f"-M{parties}", f"-I{number}", f"-T{threshold(parties)}",
        f"-K{STATISTICAL_SECURITY}", "--no-log", "--no-uvloop", "--mix32-64bit",
    ]  # fmt: skip
    logging.disable(logging.CRITICAL)
    import mpyc.runtime

    mpyc.runtime.pickle = types.SimpleNamespace()  # no message is ever unpickled
    for leaks in ("is_zero_public", "np_is_zero_public"):
        delattr(mpyc.runtime.Runtime, leaks)
    return mpyc.runtime.mpc


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at one address; OSError if that is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def wire(mpc: Any, gate: Gate, called: int | None) -> asyncio.Protocol:
    """One connection: MPyC's message exchange behind the gate."""
    from mpyc.asyncoro import MessageExchanger

    class Wire(MessageExchanger):
        """Admits the other end before it says or hears anything."""

        def __init__(self) -> None:
            super().__init__(mpc, called)
            self.head, self.party = bytearray(), None

        def admit(self, transport: asyncio.Transport, party: int) -> bool:
            if gate.admits(transport, party, from_below=called is None):
                self.party = party
                return True
            transport.abort()
            if called is not None:
                gate.end("certificate", party)
            return False

        def connection_made(self, transport: asyncio.Transport) -> None:
            # Many small messages: without this each may wait 40 ms for an acknowledgement.
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if called is None or self.admit(transport, called):
                super().connection_made(transport)

        def data_received(self, data: bytes) -> None:
            if self.party is None:  # a caller starts with its number, in two bytes
                self.head += data
                stated = int.from_bytes(self.head[:2], "little")
                if len(self.head) < 2 or not self.admit(self.transport, stated):
                    return
                data = bytes(self.head)
            super().data_received(data)

        def connection_lost(self, error: Exception | None) -> None:
            if self.party is not None:
                gate.gone(self.party, error)

    return Wire()


async def connect(
    mpc: Any, gate: Gate, listener: socket.socket, addresses: Sequence[tuple[str, int]]
) -> None:
    """Connect to all parties: those before call us, we call those that come after."""
    loop = asyncio.get_running_loop()
    own = mpc.parties[mpc.pid]
    for party in mpc.parties:
        party.protocol = loop.create_future() if party is own else None
    server = await loop.create_server(
        lambda: wire(mpc, gate, None),
        sock=listener,
        ssl=gate.listening,
        ssl_handshake_timeout=_HANDSHAKE if gate.listening else None,
    )
    for party in range(mpc.pid + 1, len(mpc.parties)):
        await _call(mpc, gate, party, addresses[party])
    await own.protocol
    server.close()


async def _call(mpc: Any, gate: Gate, party: int, address: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            await loop.create_connection(
                lambda: wire(mpc, gate, party),
                *address,
                ssl=gate.connecting,
                server_hostname=gate.expected_name(party),
            )
            return
        except ssl.SSLCertVerificationError:
            gate.end("certificate", party)
        except OSError:
            await asyncio.sleep(_AGAIN_AFTER)  # it does not listen yet
            continue
        await asyncio.get_running_loop().create_future()  # the gate has ended the session


def awaited(mpc: Any) -> list[int]:
    """Parties from which a message is due."""
    return [
        party.pid
        for party in mpc.parties
        if party.pid != mpc.pid
        and any(isinstance(due, asyncio.Future) for due in party.protocol.buffers.values())
    ]


def sent(mpc: Any) -> int:
    """Bytes sent to the other parties so far, TLS not counted."""
    return sum(party.protocol.nbytes_sent for party in mpc.parties if party.pid != mpc.pid)


def exchanged(mpc: Any, message: bytes) -> asyncio.Future:
    """Send the same bytes to all parties; resolves to everyone's, in roster order."""

    @mpc.coroutine
    async def all_to_all():
        await mpc.returnType(asyncio.Future)
        for party in mpc.parties:
            if party.pid != mpc.pid:
                mpc._send_message(party.pid, message)
        return await mpc.gather(
            [
                message if party.pid == mpc.pid else mpc._receive_message(party.pid)
                for party in mpc.parties
            ]
        )

    return all_to_all()
