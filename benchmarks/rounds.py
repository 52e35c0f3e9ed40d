"""What does a whole secure round cost between a researcher and three hospitals?

Three site processes answer rounds over a folder with encryption; beside it the
same state machines over the memory channel, and the plain sum in one process.
``python -m benchmarks.rounds`` prints the table.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from synthema_lab.federation.channels import FolderChannel, MemoryPost
from synthema_lab.secure_aggregation import Identity

from .machine import described
from .rounds_parties import Answering, Series, answer_rounds, vector_of

SITES, VALUES, ROUNDS = 3, 100_000, 50
GOAL = 1.5
NAMES = ("east", "north", "south")

HOW = f"""\
Seconds on the wall for one whole round of {VALUES:,} values, from the coordinator's first message \
to the checked sum: median and range of {ROUNDS} rounds in a row. The first takes five exchanges, \
each later one three, since the keys of the next ride along; a round alone takes five.
Folder: three site processes and a coordinator, each with keys of its own, over a folder on this \
disk; each letter is sealed in PySyft's envelope, written to a temporary name, synchronised to \
disk and renamed. Registers are synchronised to disk before a letter goes out.
Memory: the same state machines and numbers, all parties in one process, nothing sealed or stored.
Plain: numpy adds the same vectors in one process.
Growth: median of the last ten rounds over that of the second to eleventh."""


@dataclass(frozen=True)
class Rounds:
    """The seconds of rounds in a row, and the files that lay in the folder after each."""

    seconds: Sequence[float]
    files: Sequence[int] = ()

    @property
    def growth(self) -> float:
        """How much slower the last ten rounds were than the first ones after the first."""
        return median(self.seconds[-10:]) / median(self.seconds[1:11])


def over_folder(values: int = VALUES, rounds: int = ROUNDS, alone: bool = False) -> Rounds:
    """Rounds between processes; where they stand alone, each takes five exchanges."""
    people = [Identity.new(name) for name in NAMES]
    coordinator = Identity.new("coordinator")
    members = [person.member() for person in people]
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as home:
        processes = [
            spawn.Process(
                target=answer_rounds,
                args=(home, person, members, coordinator.member(), values, alone),
            )
            for person in people
        ]
        for process in processes:
            process.start()
        try:
            shared = Path(home) / "shared"
            with FolderChannel(shared, coordinator, members, Path(home) / "state") as channel:
                series = Series(channel, members, values, alone)
                seconds, files = [], []
                for _ in range(rounds):
                    seconds.append(series.run_round())
                    files.append(sum(1 for path in shared.rglob("*") if path.is_file()))
                series.end()
        finally:
            for process in processes:
                process.join(timeout=10)
                process.kill()
    return Rounds(seconds, files)


def over_memory(values: int = VALUES, rounds: int = ROUNDS) -> Rounds:
    """The same rounds with all parties in one process."""
    post = MemoryPost()
    people = [Identity.new(name) for name in NAMES]
    members = [person.member() for person in people]
    sites = [Answering(post.channel(one.name), one, members, values) for one in people]
    series = Series(post.channel("coordinator"), members, values)

    def sites_answer() -> None:
        for site in sites:
            site.answer(timeout=0)

    seconds, files = [], []
    for _ in range(rounds):
        seconds.append(series.run_round(meanwhile=sites_answer))
        files.append(len(post.shelf.files))
    return Rounds(seconds, files)


def plain(values: int = VALUES, rounds: int = ROUNDS) -> Rounds:
    """The same sums, added in the open."""
    seconds = []
    for number in range(rounds):
        vectors = [vector_of(place, number, values) for place in range(SITES)]
        start = time.perf_counter()
        np.sum(vectors, axis=0)
        seconds.append(time.perf_counter() - start)
    return Rounds(seconds)


def run() -> str:
    """Measure all three and return the table."""
    load = os.getloadavg()[0]
    folder, memory, added = over_folder(), over_memory(), plain()
    alone = over_folder(alone=True)
    lines = [
        "A whole secure round between a researcher and three hospitals",
        f"  {'over':<28}{'median':>9}  {'range':<18}{'growth':>7}{'goal':>7}  met",
        _row("folder, four processes", folder, GOAL),
        _row("folder, each round alone", alone, GOAL),
        _row("memory, one process", memory),
        _row("plain sum, one process", added),
    ]
    remarks = [
        *HOW.splitlines(),
        f"Files in the folder after a round: {min(folder.files)} to {max(folder.files)}, "
        f"{folder.files[-1]} after the last.",
        f"Load of the machine before the run: {load:.2f} processes.",
    ]
    for remark in remarks:
        lines += textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    return "\n".join([*lines, described(("syft-crypto-python", "fsspec", "cryptography", "numpy"))])


def _row(over: str, rounds: Rounds, goal: float | None = None) -> str:
    middle, low, high = median(rounds.seconds), min(rounds.seconds), max(rounds.seconds)
    verdict = "" if goal is None else f"{goal:7g}  {'yes' if middle <= goal else 'NO'}"
    spread = f"{low:.4f} to {high:.4f}"
    return f"  {over:<28}{middle:>9.4f}  {spread:<18}{rounds.growth:>7.2f}{verdict}".rstrip()


if __name__ == "__main__":
    print(run())
