"""How do sites come together to compute, and how does that end?

`parties` starts one process for each site whose identity the caller holds: all
of them in a notebook, one in a hospital. The processes connect once and answer
any number of questions. Whatever goes wrong ends the session: the processes
are gone, and an error says what to do, within the time limit.
"""

from __future__ import annotations

import importlib.util
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...errors import ArgumentRefused, ExtraMissing
from ...secure_aggregation import Identity, Roster
from ...secure_aggregation.errors import TooFewSites, VectorRefused
from .addresses import agreed_addresses
from .answers import Answer, same_answer
from .certificates import session_certificate, session_digest
from .errors import AddressRefused
from .pipe import Frame
from .process import PartyProcess
from .verdict import ended_with

MOST_PARTIES = 9  # the keys for shared randomness grow as the binomial of parties over threshold
LONGEST_TIMEOUT = 86_400.0  # seconds


@contextmanager
def parties(
    sites: Sequence[str] | Roster,
    identities: Sequence[Identity] | None = None,
    addresses: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    encrypted: bool = True,
    session: bytes = b"",
) -> Iterator[Parties]:
    """Processes that stay up for several questions.

    Parameters
    ----------
    sites : sequence of str, or Roster
        Three to nine. Names alone get fresh identities: all sites are here.
    identities : sequence of Identity, optional
        With a roster, the sites that this caller speaks for.
    addresses : mapping of str to str, optional
        Site to ``host:port``; free ports on this machine if not given, which
        needs all sites to be here.
    timeout : float
        Seconds after which a start or an answer counts as lost.
    encrypted : bool
        Whether the parties talk over mutual TLS 1.3. Without it, whoever may
        open a port on this machine could pass for a party; refused where an
        address is not on this machine.
    session : bytes
        What the study calls this session; the same at all sites.

    Yields
    ------
    Parties

    Raises
    ------
    TooFewSites, ArgumentRefused, AddressRefused, RosterRefused, IdentityExpired
        Before anything is started.
    ExtraMissing
        If MPyC is not installed.
    PartyLost
        If a party does not come, or not under its pinned key, or a port is taken.

    Examples
    --------
    >>> from synthema_lab.federation.multiparty import parties, suppressed_table
    >>> tables = {"east": [1, 20], "north": [2, 30], "south": [1, 0]}
    >>> with parties(list(tables)) as group:
    ...     suppressed_table(tables, smallest_cell=5, group=group).counts.tolist()
    [0, 50]
    """
    if importlib.util.find_spec("mpyc") is None:
        raise ExtraMissing(
            "The package MPyC, with which sites compute on shares, is not installed.",
            "The extra 'federation'.",
            "Type: pip install 'synthema-lab[federation]'",
        )
    if not isinstance(sites, Roster):
        identities = [Identity.new(name) for name in sites]
        sites = Roster.of(identity.member() for identity in identities)
    group = Parties(sites, identities or (), addresses, timeout, encrypted, session)
    try:
        group._start()
        yield group
    finally:
        group.close()


class Parties:
    """A session among sites; see `parties`, which starts and ends it.

    Attributes
    ----------
    roster : Roster
        A site's place in it is its number among the parties.
    here : tuple of str
        Sites that this caller speaks for.
    startup_seconds : float
        From the first process to the last connection.
    """

    def __init__(
        self,
        roster: Roster,
        identities: Sequence[Identity],
        addresses: Mapping[str, str] | None,
        timeout: float,
        encrypted: bool,
        session: bytes,
    ) -> None:
        if len(roster) < 3:
            raise TooFewSites(
                f"{len(roster)} sites were given.",
                "At least three: with two, a result shows each the other's part.",
                "Add sites to the roster.",
            )
        if len(roster) > MOST_PARTIES or not 0 < timeout <= LONGEST_TIMEOUT:
            raise ArgumentRefused(
                f"{len(roster)} parties with a time limit of {timeout} s cannot compute together.",
                f"At most {MOST_PARTIES} parties, and a time limit of up to a day.",
                "For plain sums of more sites use secure_total.",
            )
        self._now = int(time.time())
        roster.require_valid(self._now)
        self.roster, self.timeout, self.startup_seconds = roster, float(timeout), 0.0
        self._identities = sorted(identities, key=roster.number)
        self.here = tuple(identity.name for identity in self._identities)
        self._encrypted, self._digest = encrypted, session_digest(roster, session)
        self._addresses = agreed_addresses(roster, addresses, encrypted)
        alone = addresses is None and self.here != roster.names
        if alone or not self.here or len(set(self.here)) < len(self.here):
            raise AddressRefused(
                f"The identities of {len(self.here)} of {len(roster)} sites do not make a session.",
                "At least one, each once; all of them where no addresses are given.",
                "Give identities=, and addresses= as a mapping from site to host:port.",
            )
        self._heard: queue.Queue[tuple[str, Frame | None]] = queue.Queue()
        self._processes: dict[str, PartyProcess] = {}
        self._ended, self._one_at_a_time = False, threading.Lock()

    def __repr__(self) -> str:
        state = "ended" if self._ended else "open"
        return f"Parties({', '.join(self.roster.names)}; {state})"

    def ask(self, job: dict[str, Any], vectors: Mapping[str, np.ndarray]) -> Answer:
        """Let the parties compute one thing.

        Parameters
        ----------
        job : dict
            What is public about it; the same at all sites.
        vectors : mapping of str to numpy.ndarray of int64
            One for each site that is here.

        Returns
        -------
        Answer

        Raises
        ------
        PartyLost, PartiesDisagree
            The session has then ended.
        """
        if self._ended:
            raise ArgumentRefused(
                "This session has ended.",
                "An open session.",
                "Open a new one: with parties(sites) as group.",
            )
        if set(vectors) != set(self.here):
            raise VectorRefused(
                f"Vectors of {len(vectors)} sites were given; {len(self.here)} sites are here.",
                "One vector for each site that this caller speaks for, and no other.",
                f"Give a mapping with the names {', '.join(self.here)}.",
            )
        frames = {name: (job, vectors[name].astype("<i8").tobytes()) for name in self.here}
        with self._one_at_a_time:
            return self._closing(lambda: same_answer(self.roster.names, self._told(frames)))

    def close(self, at_once: bool = False) -> None:
        """End all processes of this caller; again does no harm."""
        at_once = at_once or any(process.busy for process in self._processes.values())
        self._ended = True
        for process in self._processes.values():
            process.end(at_once)

    def _start(self) -> None:
        begun = time.perf_counter()
        self._closing(self._connect)
        self.startup_seconds = time.perf_counter() - begun

    def _connect(self) -> None:
        for name in self.here:
            self._processes[name] = PartyProcess(name, self._heard)
        ports = self._told({identity.name: self._first(identity) for identity in self._identities})
        places = [
            (address.host, ports[name][0]["port"] if name in ports else address.port)
            for name, address in zip(self.roster.names, self._addresses, strict=True)
        ]
        self._told({name: ({"addresses": places}, b"") for name in self.here})

    def _first(self, identity: Identity) -> Frame:
        number = self.roster.number(identity)
        address = self._addresses[number]
        told = {
            "number": number,
            "members": [(member.name, member.key.hex()) for member in self.roster.members],
            "listen": (address.host, address.port),
            "digest": self._digest.hex(),
            "limit": self.timeout - min(1.0, self.timeout / 4),
            "now": self._now,
        }
        shown = session_certificate(identity, self._digest, self._now) if self._encrypted else ()
        return told, b"".join(shown)

    def _told(self, frames: Mapping[str, Frame]) -> dict[str, Frame]:
        """Tell each process one thing and wait until each has answered."""
        deadline = time.monotonic() + self.timeout
        for name, (header, block) in frames.items():
            self._processes[name].tell(header, block)
        answers: dict[str, Frame] = {}
        while len(answers) < len(frames):
            try:
                name, frame = self._heard.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                silent = [name for name in frames if name not in answers]
                raise ended_with(self.roster.names, {n: None for n in silent}, True) from None
            if frame is None or "error" in frame[0]:
                raise ended_with(self.roster.names, self._soon() | {name: frame}, False)
            self._processes[name].busy = False
            answers[name] = frame
        return answers

    def _soon(self) -> dict[str, Frame | None]:
        """What else is heard within a moment, so that the cause is told from what follows."""
        told: dict[str, Frame | None] = {}
        deadline = time.monotonic() + 0.3
        while (left := deadline - time.monotonic()) > 0:
            try:
                name, frame = self._heard.get(timeout=left)
            except queue.Empty:
                break
            if frame is None or "error" in frame[0]:
                told.setdefault(name, frame)
        return told

    def _closing(self, work: Any) -> Any:
        try:
            return work()
        except BaseException:
            self.close(at_once=True)
            raise
