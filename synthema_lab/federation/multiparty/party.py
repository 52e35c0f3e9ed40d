"""What does one site's party process do from its start to its end?

Started as ``python -m synthema_lab.federation.multiparty.party``, it is told
everything on its standard input: who it is, where the others listen, and then
one job after another with this site's vector. It answers on its standard
output. It ends when its caller closes the input or is gone, when a party is
lost, and when it is told to do what it cannot: a session is not mended.

What it says of an error is a reason and the numbers of parties, nothing else,
and nothing but frames ever reaches its output.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Awaitable
from typing import Any

import numpy as np

from ...secure_aggregation import Member
from .gate import Gate
from .pipe import Frame, read_frame, write_frame
from .protocols import PROTOCOLS
from .wires import awaited, connect, exchanged, listening_socket, sent, started_runtime

_LAST_WORDS = 0.2  # seconds


class Over(Exception):
    """The session cannot go on; holds what the caller is told."""

    def __init__(self, reason: str, parties: list[int] | None = None) -> None:
        super().__init__(reason)
        self.told = {"error": reason, "parties": parties or []}


class Party:
    """One site's side of a session.

    Parameters
    ----------
    told : dict
        The first frame of the caller.
    shown : bytes
        Its block: raw TLS key, 32 bytes, and certificate; empty for plain connections.
    jobs : asyncio.Queue
        Of the frames that follow.
    """

    def __init__(self, told: dict[str, Any], shown: bytes, jobs: asyncio.Queue) -> None:
        self.limit, self.jobs = told["limit"], jobs
        self.members = [Member(name, bytes.fromhex(key)) for name, key in told["members"]]
        self.mpc = started_runtime(told["number"], len(self.members))
        self.listen, self.told, self.shown = told["listen"], told, shown
        self.gate: Gate | None = None

    async def run(self, output: Any) -> None:
        """Connect, then answer jobs until the caller is gone."""
        try:
            listener = listening_socket(*self.listen)
        except OSError:
            raise Over("address") from None
        write_frame(output, {"port": listener.getsockname()[1]})
        addresses, _ = await self.jobs.get()
        self.gate = Gate(
            self.told["number"],
            self.members,
            bytes.fromhex(self.told["digest"]),
            (self.shown[:32], self.shown[32:]) if self.shown else None,
            self.told["now"],
            asyncio.get_running_loop(),
        )
        places = [tuple(address) for address in addresses["addresses"]]
        await self._within(connect(self.mpc, self.gate, listener, places), "absent")
        write_frame(output, {"connected": True})
        while True:
            job, block = await self._next_job()
            write_frame(output, *await self._within(self._answered(job, block), "silent"))

    async def _answered(self, job: dict[str, Any], block: bytes) -> Frame:
        begun, before = time.perf_counter(), sent(self.mpc)
        asked = hashlib.sha256(
            json.dumps([self.mpc.version, job], sort_keys=True).encode()
        ).digest()
        others = await exchanged(self.mpc, asked)
        if set(others) != {asked}:
            raise Over("disagree", [n for n, other in enumerate(others) if other != asked])
        own = np.frombuffer(block, dtype="<i8")
        told, opened = await PROTOCOLS[job["kind"]](self.mpc, job, own)
        await exchanged(self.mpc, b"")  # nobody leaves before everyone has the result
        cost = {"seconds": time.perf_counter() - begun, "sent": sent(self.mpc) - before}
        return told | cost, opened.astype("<i8").tobytes()

    async def _next_job(self) -> Frame:
        """The next job; a party that is lost while there is none ends the session as well."""
        waiting = asyncio.ensure_future(self.jobs.get())
        await asyncio.wait({waiting, self.gate.ended}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            raise self._over()
        return waiting.result()

    async def _within(self, work: Awaitable[Any], why_late: str) -> Any:
        """The result of `work`, unless a party is lost or the limit passes first."""
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait(
            {task, self.gate.ended}, timeout=self.limit, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            parties = self.gate.missing() if why_late == "absent" else awaited(self.mpc)
            raise Over(why_late, parties)
        if task not in done:  # what the lost party said last may be all that was due
            await asyncio.wait({task}, timeout=_LAST_WORDS)
        if task.done():
            return task.result()
        raise self._over()

    def _over(self) -> Over:
        reason, party = self.gate.ended.result()
        return Over(reason, [party])


def main() -> None:
    """Serve one session and end the process."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints goes nowhere
    first = read_frame(sys.stdin.buffer)
    if first is None:
        os._exit(0)
    try:
        jobs: asyncio.Queue = asyncio.Queue()
        party = Party(*first, jobs)
        loop = party.mpc._loop
        threading.Thread(target=_listen, args=(loop, jobs), daemon=True).start()
        loop.run_until_complete(party.run(output))
    except Over as over:
        write_frame(output, over.told)
    except Exception as error:  # its text could hold a value, its kind cannot
        write_frame(output, {"error": "fault", "parties": [], "kind": type(error).__name__})
    os._exit(1)


def _listen(loop: asyncio.AbstractEventLoop, jobs: asyncio.Queue) -> None:
    """Hand over the caller's frames; end the process at once when the caller is gone."""
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        loop.call_soon_threadsafe(jobs.put_nowait, frame)
    os._exit(0)


if __name__ == "__main__":
    main()
