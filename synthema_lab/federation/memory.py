"""How does a round run in one process?

`MemoryChannel` carries bytes between a coordinator and all sites as a network
would, for notebooks and tests. The sites' state machines are the ones that run
in hospitals; only the wire is missing. Sites can be made to fall silent after
a given stage.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, MutableSet, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import ArgumentRefused
from ..secure_aggregation import Coordinator, Identity, OpenedSum, RoundSettings, Site

STAGES = ("advertise", "share", "mask", "agree", "unmask")


@dataclass(frozen=True)
class Transcript:
    """What went over the wire.

    Parameters
    ----------
    rounds : int
        Number of completed rounds.
    sent, received : mapping of str to int
        Bytes that each site sent to the coordinator, and received from it.
    uploads : tuple of (str, str, bytes)
        Round id, site and message of everything the coordinator saw, in order;
        empty unless messages are kept.

    Examples
    --------
    >>> print(Transcript(1, {"east": 900, "north": 900}, {"east": 700, "north": 700}))
    1 round, 2 sites: 900 bytes sent and 700 received by a site at most
    """

    rounds: int = 0
    sent: Mapping[str, int] = field(default_factory=dict)
    received: Mapping[str, int] = field(default_factory=dict)
    uploads: tuple[tuple[str, str, bytes], ...] = field(default=(), repr=False)

    @property
    def coordinator_bytes(self) -> int:
        """Bytes that reached the coordinator, over all sites."""
        return sum(self.sent.values())

    def __add__(self, other: Transcript) -> Transcript:
        def joined(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
            return {s: first.get(s, 0) + second.get(s, 0) for s in sorted({*first, *second})}

        return Transcript(
            self.rounds + other.rounds,
            joined(self.sent, other.sent),
            joined(self.received, other.received),
            self.uploads + other.uploads,
        )

    def __str__(self) -> str:
        return (
            f"{self.rounds} round{'' if self.rounds == 1 else 's'}, {len(self.sent)} sites: "
            f"{max(self.sent.values(), default=0):,} bytes sent and "
            f"{max(self.received.values(), default=0):,} received by a site at most"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(site)}</td><td>{sent:,}</td>"
            f"<td>{self.received.get(site, 0):,}</td></tr>"
            for site, sent in self.sent.items()
        )
        return (
            f"<table><caption>{html.escape(str(self))}</caption><thead><tr><th>site</th>"
            f"<th>bytes sent</th><th>bytes received</th></tr></thead><tbody>{rows}</tbody></table>"
        )


class MemoryChannel:
    """Runs one round in one process.

    Parameters
    ----------
    settings : RoundSettings
    identities : sequence of Identity
        One for each site of the roster.
    used_rounds : mapping of str to mutable set of str, optional
        By site, the round ids it has used; sets of this channel's own if not given.
    dropouts : mapping of str to str, optional
        Site to the last stage it answers: "advertise", "share", "mask" or
        "agree"; "silent" for a site that never answers.
    keep_messages : bool
        Whether the transcript keeps what the coordinator saw.
    now : int, optional
        Unix time in seconds, where identity keys expire.

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Roster
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> settings = RoundSettings(roster, "r1", 2, 10, 1, bytes(32), bytes(32))
    >>> channel = MemoryChannel(settings, people)
    >>> channel.run({name: np.array([1, -2]) for name in roster.names}).total.tolist()
    [3, -6]
    """

    def __init__(
        self,
        settings: RoundSettings,
        identities: Sequence[Identity],
        used_rounds: Mapping[str, MutableSet[str]] | None = None,
        dropouts: Mapping[str, str] | None = None,
        keep_messages: bool = False,
        now: int | None = None,
    ) -> None:
        self.settings = settings
        self.coordinator = Coordinator(settings)
        self.sites = {
            identity.name: Site(
                settings,
                identity,
                set() if used_rounds is None else used_rounds[identity.name],
                now,
            )
            for identity in identities
        }
        self.transcript = Transcript()
        self._dropouts = dict(dropouts or {})
        self._keep_messages = keep_messages
        for site, stage in self._dropouts.items():
            if site not in self.sites or stage not in ("silent", *STAGES):
                raise ArgumentRefused(
                    f"The dropout {site!r} after {stage!r} cannot be played.",
                    f"A site of the round, and one of: silent, {', '.join(STAGES)}.",
                    'Use dropouts={"' + next(iter(self.sites)) + '": "share"}.',
                )

    def run(
        self,
        vectors: Mapping[str, np.ndarray],
        noise: Mapping[str, np.ndarray] | None = None,
    ) -> OpenedSum:
        """Run the whole round.

        Parameters
        ----------
        vectors : mapping of str to numpy.ndarray
            Each site's vector. All are checked before any message is sent.
        noise : mapping of str to numpy.ndarray, optional
            Each site's share of noise, in encoded steps.

        Returns
        -------
        OpenedSum
            Over the sites that stayed until their masked vector arrived.

        Raises
        ------
        RoundAborted
            If a party refuses to go on, or too few sites are left.
        """
        if set(vectors) != set(self.sites):
            raise ArgumentRefused(
                f"Vectors of {len(vectors)} sites were given for {len(self.sites)} sites.",
                "One vector for each site of the round.",
                "Give a mapping from every site's name to its vector.",
            )
        for name, site in self.sites.items():
            site.contribute(vectors[name], None if noise is None else noise[name])
        for name, site in self.sites.items():
            if self._answers(name, 0):
                self._up(name, site.begin())
        for number, _ in enumerate(STAGES[1:], start=1):
            for name, message in self.coordinator.close().items():
                if self._answers(name, number):
                    self._up(name, self.sites[name].receive(self._down(name, message)))
        self.coordinator.close()
        self.transcript += Transcript(rounds=1)
        return self.coordinator.opened

    def carry(self, sender: str, receiver: str, message: bytes) -> bytes:
        """Carry a message; a test that plays a hostile wire overrides this."""
        return message

    def _up(self, name: str, message: bytes) -> None:
        message = self.carry(name, "coordinator", message)
        kept = ((self.settings.round_id, name, message),) if self._keep_messages else ()
        self.transcript += Transcript(sent={name: len(message)}, uploads=kept)
        self.coordinator.receive(message)

    def _down(self, name: str, message: bytes) -> bytes:
        message = self.carry("coordinator", name, message)
        self.transcript += Transcript(received={name: len(message)})
        return message

    def _answers(self, name: str, stage: int) -> bool:
        last = self._dropouts.get(name)
        return last is None or (last != "silent" and STAGES.index(last) >= stage)
