"""What does the coordinator do in a round, from the sites' keys to the opened sum?

`Coordinator` is a state machine: it takes sites' messages and returns the
messages for them, as bytes, and holds no socket, thread or clock. The
transport decides how long to wait and then calls `close`. It keeps one running
sum, never a site's vector. A refused message leaves its state as it was, so a
broken message is the same as a site that stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from . import keys
from .encoding import decode
from .errors import (
    MessageOutOfTurn,
    RoundEnded,
    RoundMismatch,
    SiteUnknown,
    SurvivorsDisagree,
    TooFewSurvivors,
)
from .frames import Buffer, Frame, Kind, read, write
from .messages import Advert, Agreed, Body, Boxes, Frames, Masked, Survivors, Unmasking
from .opened import OpenedSum
from .settings import RoundSettings
from .unmasking import remove_masks


class Coordinator:
    """The coordinator's part in one round.

    Parameters
    ----------
    settings : RoundSettings

    Attributes
    ----------
    stage : str
        What is being collected: "advertise", "share", "mask", "agree", "unmask";
        then "ended".
    opened : OpenedSum or None
        The sum, once the last stage is closed.

    Examples
    --------
    Use `synthema_lab.federation.MemoryChannel` to drive a whole round.

    >>> from synthema_lab.secure_aggregation import Identity, Roster, Site
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> settings = RoundSettings(roster, "r1", 2, 8.0, 2**20, bytes(32), bytes(32))
    >>> coordinator = Coordinator(settings)
    >>> coordinator.receive(Site(settings, people[1], set()).begin())
    'north'
    >>> sorted(coordinator.waiting)
    ['east', 'south']
    """

    def __init__(self, settings: RoundSettings) -> None:
        self.settings = settings
        self.stage = "advertise"
        self.opened: OpenedSum | None = None
        self._expected: tuple[int, ...] = tuple(range(settings.sites))
        self._collected: dict[int, object] = {}
        self._adverts: dict[int, Advert] = {}
        self._keys = self._sharers_digest = self._statement = b""
        self._sharers: tuple[int, ...] = ()
        self._survivors: tuple[int, ...] = ()
        self._total = np.zeros(settings.length, dtype=settings.dtype)

    def __repr__(self) -> str:
        return f"Coordinator({self.settings.round_id!r}, stage={self.stage!r})"

    @property
    def waiting(self) -> frozenset[str]:
        """Names of the sites that may still answer in this stage."""
        names = self.settings.roster.names
        return frozenset(names[site] for site in self._expected if site not in self._collected)

    def receive(self, message: Buffer) -> str:
        """Take a site's message for the present stage.

        Returns
        -------
        str
            The name of the site that signed it.

        Raises
        ------
        RoundAborted
            The message is refused; the state is as before.
        """
        self._require_open()
        kind, accept, _ = self._stages()[self.stage]
        frame = read(message, self.settings, kind)
        name = self.settings.roster.names[frame.sender]
        if frame.sender not in self._expected:
            raise SiteUnknown(
                f"{name} has no part in this stage any more.",
                "A site that answered every stage before.",
                "Let it take part in the next round.",
            )
        if frame.sender in self._collected:
            raise MessageOutOfTurn(
                f"A second message of this stage came from {name}.",
                "One message a stage from each site.",
                "Deliver each message once.",
            )
        self._collected[frame.sender] = accept(frame, message)
        return name

    def close(self) -> dict[str, bytes]:
        """Close the present stage with the sites that answered.

        Returns
        -------
        dict of str to bytes
            The next message for each site that answered; empty after the last
            stage, when `opened` holds the sum.

        Raises
        ------
        TooFewSurvivors
            If fewer sites than the threshold answered; more may still be waited for.
        ShareRefused, SumOutOfRange
            If the sum cannot be opened.
        """
        self._require_open()
        if len(self._collected) < self.settings.threshold:
            raise TooFewSurvivors(
                f"{len(self._collected)} sites answered in the stage {self.stage!r}.",
                f"At least the threshold, {self.settings.threshold} of {self.settings.sites}.",
                f"Wait for {', '.join(sorted(self.waiting))}, or start a new round.",
            )
        answered = tuple(sorted(self._collected))
        collected = {site: self._collected[site] for site in answered}
        _, _, advance = self._stages()[self.stage]
        messages = advance(collected)
        self._expected, self._collected = answered, {}
        names = self.settings.roster.names
        return {names[site]: message for site, message in messages.items()}

    def _stages(self) -> dict[str, tuple[Kind, Callable, Callable]]:
        """By stage: the kind expected, what takes a message in, what closes the stage."""
        return {
            "advertise": (Kind.ADVERT, self._accept_advert, self._send_keys),
            "share": (Kind.SHARES, self._accept_shares, self._deliver),
            "mask": (Kind.MASKED, self._accept_masked, self._name_survivors),
            "agree": (Kind.AGREED, self._accept_agreed, self._send_quorum),
            "unmask": (Kind.UNMASKING, self._accept_unmasking, self._open),
        }

    def _accept_advert(self, frame: Frame, message: Buffer) -> tuple[Advert, bytes]:
        return Advert.read(frame.body), bytes(message)

    def _send_keys(self, adverts: dict[int, tuple[Advert, bytes]]) -> dict[int, bytes]:
        self._adverts = {site: advert for site, (advert, _) in adverts.items()}
        frames = tuple(message for _, message in adverts.values())
        self._keys = keys.keys_digest(self.settings, frames)
        self.stage = "share"
        return dict.fromkeys(adverts, self._write(Kind.KEYS, Frames(frames)))

    def _accept_shares(self, frame: Frame, message: Buffer) -> Boxes:
        shares = Boxes.read(frame.body)
        self._require_same(frame, shares.keys_digest, self._keys)
        self._require_about(frame, shares.boxes, set(self._expected) - {frame.sender})
        return shares

    def _deliver(self, shares: dict[int, Boxes]) -> dict[int, bytes]:
        self._sharers = tuple(shares)
        self._sharers_digest = keys.sharers_digest(self._keys, shares)
        self.stage = "mask"
        messages = {}
        for receiver in shares:
            others = (sender for sender in shares if sender != receiver)
            boxes = {sender: shares[sender].boxes[receiver] for sender in others}
            messages[receiver] = self._write(Kind.DELIVERY, Boxes(self._keys, boxes))
        return messages

    def _accept_masked(self, frame: Frame, message: Buffer) -> bool:
        masked = Masked.read(frame.body, self._total.nbytes)
        self._require_same(frame, masked.sharers_digest, self._sharers_digest)
        self._total += np.frombuffer(masked.vector, dtype=self._total.dtype)
        return True

    def _name_survivors(self, masked: dict[int, bool]) -> dict[int, bytes]:
        self._survivors = tuple(masked)
        self._statement = keys.agreement_digest(self._sharers_digest, masked)
        self.stage = "agree"
        return dict.fromkeys(masked, self._write(Kind.SURVIVORS, Survivors(tuple(masked))))

    def _accept_agreed(self, frame: Frame, message: Buffer) -> bytes:
        if Agreed.read(frame.body).statement != self._statement:
            raise SurvivorsDisagree(
                f"{self.settings.roster.names[frame.sender]} agreed to other survivors.",
                "The survivors that were sent to it.",
                "Check the channel to that site, and start a new round.",
            )
        return bytes(message)

    def _send_quorum(self, agreed: dict[int, bytes]) -> dict[int, bytes]:
        self.stage = "unmask"
        return dict.fromkeys(agreed, self._write(Kind.QUORUM, Frames(tuple(agreed.values()))))

    def _accept_unmasking(self, frame: Frame, message: Buffer) -> Unmasking:
        unmasking = Unmasking.read(frame.body)
        self._require_same(frame, unmasking.statement, self._statement)
        survivors = set(self._survivors)
        self._require_about(frame, unmasking.seed_shares, survivors)
        self._require_about(frame, unmasking.key_shares, set(self._sharers) - survivors)
        return unmasking

    def _open(self, unmaskings: dict[int, Unmasking]) -> dict[int, bytes]:
        self.stage = "ended"
        total, self._total = self._total, np.zeros(0, dtype=self._total.dtype)
        dropped = sorted(set(self._sharers) - set(self._survivors))
        remove_masks(
            total,
            self.settings,
            self._adverts,
            self._keys,
            self._survivors,
            dropped,
            unmaskings,
        )
        names = self.settings.roster.names
        self.opened = OpenedSum(
            decode(total, self.settings, len(self._survivors)),
            tuple(names[site] for site in self._survivors),
            self.settings,
        )
        return {}

    def _require_same(self, frame: Frame, found: bytes, expected: bytes) -> None:
        if found != expected:
            raise RoundMismatch(
                f"{self.settings.roster.names[frame.sender]} was given other keys, shares "
                "or survivors than the coordinator sent.",
                "The same at every site.",
                "Check the channel to that site, and start a new round.",
            )

    def _require_about(self, frame: Frame, found: Collection[int], expected: set[int]) -> None:
        if set(found) != expected:
            raise SiteUnknown(
                f"{self.settings.roster.names[frame.sender]} sent shares about other sites "
                "than it was asked for.",
                "One share for each site of this stage, of one kind.",
                "Check that both ends run the same version, and start a new round.",
            )

    def _require_open(self) -> None:
        if self.stage == "ended":
            raise RoundEnded(
                f"Round {self.settings.round_id} is over at the coordinator.",
                "A round that is still open.",
                "Start a new round with a new id.",
            )

    def _write(self, kind: Kind, body: Body) -> bytes:
        return write(kind, self.settings, body.parts())
