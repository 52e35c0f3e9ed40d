"""What does the same sum cost with MPyC?

Each party is a process of its own on loopback. Its fixed-point whole numbers are
shared by Shamir's scheme with MPyC's array operations, in the smallest prime
field that holds every word of 32 bits; the shares are added, and the sum is
opened to one party. This is the cheapest of the ways that MPyC offers for it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from .resident import watched

_STEPS = 2**25  # in a unit, as the secure sum takes for five sites and a clip of 8


def measured(parties: int, values: int, timeout: float) -> dict[str, float]:
    """One sum: seconds at the party that opens it; bytes sent and memory, at most of the parties.

    Parameters
    ----------
    parties, values : int
    timeout : float
        Seconds.

    Raises
    ------
    subprocess.SubprocessError
        If a party fails, or takes longer.
    """
    started = [
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(values), "-I", str(party), "--no-log", *addresses],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        for addresses in [_addresses(parties)]
        for party in range(parties)
    ]
    try:
        printed = [party.communicate(timeout=timeout)[0] for party in started]
    finally:
        for party in started:
            party.kill()
    for party in started:
        if party.wait():
            raise subprocess.CalledProcessError(party.returncode, party.args)
    told = [json.loads(lines) for lines in printed]
    return {
        "seconds": told[0]["seconds"],
        "processor": sum(one["processor"] for one in told),
        "sent": max(one["sent"] for one in told),
        "memory": max(one["memory"] for one in told),
    }


def _addresses(parties: int) -> list[str]:
    """Arguments that name a free port of this machine for each party."""
    taken = [socket.create_server(("localhost", 0)) for _ in range(parties)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return [part for port in ports for part in ("-P", f"localhost:{port}")]


def _vector(party: int, values: int) -> np.ndarray:
    return np.random.default_rng(party).integers(-_STEPS, _STEPS, values)


async def _take_part(values: int) -> None:
    """One party's process."""
    from mpyc.runtime import mpc  # reads the command line

    number = mpc.SecFld(min_order=2**32)
    vector = _vector(mpc.pid, values)
    await mpc.start()
    await mpc.transfer(b"ready")
    peak, began, started = watched(), time.perf_counter(), time.process_time()
    shared = mpc.input(number.array(vector % number.field.modulus))
    total = await mpc.output(sum(shared[1:], shared[0]), receivers=0)
    seconds, processor = time.perf_counter() - began, time.process_time() - started
    memory = peak()
    sent = sum(party.protocol.nbytes_sent for party in mpc.parties if party.pid != mpc.pid)
    if mpc.pid == 0:
        exact = sum(_vector(party.pid, values) for party in mpc.parties)
        if np.any(total.value % number.field.modulus != exact % number.field.modulus):
            raise ArithmeticError("The opened sum is not the sum of the vectors.")
    await mpc.shutdown()
    print(json.dumps({"seconds": seconds, "processor": processor, "sent": sent, "memory": memory}))


if __name__ == "__main__":
    from mpyc.runtime import mpc

    mpc.run(_take_part(int(sys.argv[1])))
