"""What work does the coordinator have with a thousand sites?

Every site is a whole `Site`, and all run one after another in this process; only
the coordinator's calls are timed. The masked vectors, 4 GB in all, are fed one at
a time. The sites that drop have given out their shares before: their masks must
be rebuilt, which is the dearest way to drop.

The sites share one memory of checked signatures: each would check the same few
thousand, which is no work of the coordinator and would take minutes here.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from synthema_lab.secure_aggregation import (
    Coordinator,
    Identity,
    Member,
    Roster,
    RoundSettings,
    Site,
    default_scale,
)

CLIP = 8.0


@dataclass(frozen=True)
class Work:
    """Seconds of the coordinator by stage, and of everything with the sites' own work.

    Attributes
    ----------
    stages : dict of str to float
        Seconds in `receive` and `close` by the stage in which they were called.
    processor : float
        Processor seconds in the same calls, on all cores.
    everything : float
        Seconds with the work of all sites.
    sent : int
        Bytes that a site sent, at most.
    """

    stages: dict[str, float]
    processor: float
    everything: float
    sent: int

    @property
    def seconds(self) -> float:
        """Seconds of the coordinator."""
        return sum(self.stages.values())


def measured(sites: int, values: int, drops: int) -> Work:
    """One round.

    Parameters
    ----------
    sites, values : int
    drops : int
        Sites, spread over the roster, that fall silent after they gave out shares.
    """
    began = time.perf_counter()
    people = [Identity.new(f"site-{number:04d}") for number in range(sites)]
    roster = Roster.of(person.member() for person in people)
    scale = default_scale(sites, CLIP)
    settings = RoundSettings(roster, "crowd", values, CLIP, scale, bytes(32), bytes(32))
    coordinator = Coordinator(settings)
    crowd = {person.name: Site(settings, person, set()) for person in people}
    silent = set(list(roster.names)[:: sites // drops][:drops]) if drops else set()
    vector = 2 * np.random.default_rng(0).random(values, dtype=np.float32) - 1
    stages: Counter[str] = Counter()
    processor = 0.0
    sent: Counter[str] = Counter()

    def timed(call: Callable, *arguments: object) -> object:
        nonlocal processor
        stage, started, used = coordinator.stage, time.perf_counter(), time.process_time()
        result = call(*arguments)
        stages[stage] += time.perf_counter() - started
        processor += time.process_time() - used
        return result

    def deliver(name: str, message: bytes) -> None:
        sent[name] += len(message)
        timed(coordinator.receive, message)

    for name, site in crowd.items():
        deliver(name, site.begin())
    while messages := timed(coordinator.close):
        for name, message in messages.items():
            site = crowd[name]
            if site.stage == "delivery":
                if name in silent:
                    continue
                site.contribute(vector)
            with _checked_once():
                answer = site.receive(message)
            deliver(name, answer)
            site._state.answer = b""  # kept for a restart; 4 MB a site
    steps = (sites - len(silent)) * np.rint(vector.astype(np.float64) * scale)
    if np.any(coordinator.opened.total * scale != steps):
        raise ArithmeticError("The opened sum is not the sum of the vectors.")
    everything = time.perf_counter() - began
    return Work(dict(stages), processor, everything, max(sent.values()))


_verifies = functools.lru_cache(maxsize=None)(Member.verifies)


@contextmanager
def _checked_once() -> Iterator[None]:
    """A signature that one site has checked is not checked again by the next."""
    whole = Member.verifies
    Member.verifies = _verifies
    try:
        yield
    finally:
        Member.verifies = whole
