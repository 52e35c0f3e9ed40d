"""What does a secure sum cost, beside the plain sum and other people's secure sums?

All of it is measured side by side in one run on one machine. MPyC is a requirement
of this project; Flower is none, and `secure_sum_flower` says how it is found.

``python -m benchmarks.secure_sum`` prints the table; with ``--no-crowd`` without
the round of a thousand sites, which takes most of the time.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from synthema_lab.federation.multiparty import parties

from . import multiparty, secure_sum_crowd, secure_sum_flower, secure_sum_mpyc
from .machine import described
from .secure_sum_parties import Parties

SITES, VALUES, MANY_VALUES = 5, 1_000_000, 10_000_000
CROWD, DROPS = 1000, 50
ROUNDS, LONG_ROUNDS = 9, 5
PEER_TIMEOUT = 180.0
MB = 1e6

OURS, PLAIN, MPYC, FLOWER = "ours", "plain sum", "MPyC", "Flower"

HOW = f"""\
Seconds and processor seconds: median of several rounds, with their range; a single value is a \
single round. Processor seconds are those of all parties.
Ours and the plain sum: each site is a process of its own and the coordinator another, started \
before; Unix sockets join them; float32 values, clip 8. The clock runs at the coordinator from the \
moment that all sites hold their vector, through encoding, keys, shares, masks, agreement and \
unmasking, to the open sum. The plain sum is sent and added by the same processes over the same \
sockets, in turn with the secure one. The first round of full length warms up and is not timed. \
Whatever was opened is compared with the sum of the vectors.
Memory above the vector: resident memory of the site's process at its peak during a round, less \
what it held with its vector before; in fresh processes that have run one round of 1,000 values.
One drop: a site falls silent after it gave out its shares, so that its masks must be rebuilt. In \
the plain sum nobody drops.
MPyC: arrays shared among five processes on loopback, in the smallest prime field for words of 32 \
bits, added, and opened to one party. A true round of the full length, none extrapolated.
Flower: its own SecAgg+ workflow and client mod, called in one process. Nothing goes over a wire; \
bytes are those of its messages.
Table of 1000 cells: the secure computation of `benchmarks.multiparty` over TLS, processes started \
before.
{CROWD:,} sites: the coordinator's receive() and close(), timed one by one. All sites are whole, \
and run in the same process one after another; they share one memory of signatures already \
checked. The sites that drop gave out their shares before."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, for whom, and the goal where there is one."""

    work: str
    who: str
    measured: Sequence[float]
    goal: float | None = None

    def __str__(self) -> str:
        middle, low, high = median(self.measured), min(self.measured), max(self.measured)
        spread = f"{_short(low)} to {_short(high)}" if len(self.measured) > 1 else ""
        verdict = ""
        if self.goal is not None:
            verdict = f"{self.goal:8g}  {'yes' if middle <= self.goal else 'NO'}"
        return f"  {self.work:<45}{self.who:<10}{_short(middle):>8}  {spread:<17}{verdict}".rstrip()


def run(crowd: bool = True) -> str:
    """Measure everything and return the table.

    Parameters
    ----------
    crowd : bool
        Whether a round of a thousand sites is run too.
    """
    load = os.getloadavg()[0]
    rows, remarks = _five_sites()
    rows.append(_suppressed_table())
    if crowd:
        more, stages = _crowd()
        rows, remarks = rows + more, [*remarks, stages]
    else:
        remarks.append(f"{CROWD:,} sites: left out of this run.")
    remarks.append(f"Load of the machine before the run: {load:.2f} processes.")
    told = [
        line
        for remark in [*HOW.splitlines(), *remarks]
        for line in textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    ]
    return "\n".join(
        ["A secure sum beside the plain sum and other secure sums, in one run",
         f"  {'work':<45}{'who':<10}{'median':>8}  {'range':<17}{'goal':>8}  met",
         *map(str, rows), *told,
         described(("cryptography", "numpy", "mpyc"))]
    )  # fmt: skip


def _five_sites() -> tuple[list[Row], list[str]]:
    """Rows and remarks of the rounds of five sites, ours and the peers'."""
    with Parties(SITES) as parties:
        parties.secure(1_000)
        parties.plain(1_000)
        first = parties.secure(VALUES)
        pairs = [(parties.secure(VALUES), parties.plain(VALUES)) for _ in range(ROUNDS)]
        ours, plain = zip(*pairs, strict=True)
        many = [
            (parties.secure(MANY_VALUES, dropped=1), parties.plain(MANY_VALUES))
            for _ in range(LONG_ROUNDS)
        ]
        dropped, long_plain = zip(*many, strict=True)
    flower = secure_sum_flower.measured(SITES, VALUES, ROUNDS, PEER_TIMEOUT)
    mpyc = secure_sum_mpyc.measured(SITES, VALUES, PEER_TIMEOUT)

    work = f"{SITES} sites, 1e6 values (s)"
    cpu, sent = "  processor of all parties (s)", "  a site sends (MB)"
    memory = "  a site's memory above its vector (MB)"
    rows = [
        Row(work, OURS, [one.seconds for one in ours], 0.3),
        Row(work, PLAIN, [one.seconds for one in plain]),
        Row(work, FLOWER, flower["seconds"]) if flower else None,
        Row(work, MPYC, [mpyc["seconds"]]),
        Row(cpu, OURS, [one.processor for one in ours]),
        Row(cpu, PLAIN, [one.processor for one in plain]),
        Row(cpu, MPYC, [mpyc["processor"]]),
        Row(sent, OURS, [first.sent / MB], 4.1),
        Row(sent, PLAIN, [plain[0].sent / MB]),
        Row(sent, FLOWER, [flower["sent"] / MB]) if flower else None,
        Row(sent, MPYC, [mpyc["sent"] / MB]),
        Row(memory, OURS, [first.memory / MB], 2 * 4 * VALUES / MB),
        Row(memory, MPYC, [mpyc["memory"] / MB]),
    ]
    rows = [row for row in rows if row is not None]
    remarks = [
        f"Flower: flwr {flower['version']}, numpy {flower['numpy']}."
        if flower
        else "Flower: not installed; SYNTHEMA_PEERS names no Python that has flwr."
    ]
    work = f"{SITES} sites, 1e7 values, one drop (s)"
    rows += [
        Row(work, OURS, [one.seconds for one in dropped], 2.0),
        Row(work, PLAIN, [one.seconds for one in long_plain]),
        Row(cpu, OURS, [one.processor for one in dropped]),
        Row(cpu, PLAIN, [one.processor for one in long_plain]),
    ]
    return rows, remarks


def _crowd() -> tuple[list[Row], str]:
    done = secure_sum_crowd.measured(CROWD, VALUES, DROPS)
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in done.stages.items())
    work = f"{CROWD} sites, 1e6 values, {DROPS} drops: server (s)"
    rows = [
        Row(work, OURS, [done.seconds], 5.0),
        Row("  processor of the server (s)", OURS, [done.processor]),
        Row("  a site sends (MB)", OURS, [done.sent / MB]),
    ]
    return rows, (
        f"{CROWD:,} sites, seconds of the coordinator by stage: {stages}. With the work of all "
        f"sites: {done.everything:.0f} s."
    )


def _suppressed_table() -> Row:
    with parties(multiparty.names(3), timeout=60.0, encrypted=True) as group:
        seconds = [multiparty.table(1000, group).cost.seconds for _ in range(multiparty.REPEATS)]
    return Row("3 sites, 1000 cells, small ones zeroed (s)", OURS, seconds, 1.0)


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


if __name__ == "__main__":
    print(run(crowd="--no-crowd" not in sys.argv[1:]))
