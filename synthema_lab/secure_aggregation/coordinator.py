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
from .coordinator_state import CoordinatorState, pack_state, unpack_state
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
    sent : dict of str to bytes
        What the last `close` returned, to be sent again after a crash.

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
        self.opened: OpenedSum | None = None
        self._state = CoordinatorState.new(settings)

    def __repr__(self) -> str:
        return f"Coordinator({self.settings.round_id!r}, stage={self.stage!r})"

    @property
    def waiting(self) -> frozenset[str]:
        """Names of the sites that may still answer in this stage."""
        names = self.settings.roster.names
        return frozenset(
            names[site] for site in self._state.expected if site not in self._state.collected
        )

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
        if frame.sender not in self._state.expected:
            raise SiteUnknown(
                f"{name} has no part in this stage any more.",
                "A site that answered every stage before.",
                "Let it take part in the next round.",
            )
        if frame.sender in self._state.collected:
            raise MessageOutOfTurn(
                f"A second message of this stage came from {name}.",
                "One message a stage from each site.",
                "Deliver each message once.",
            )
        self._state.collected[frame.sender] = accept(frame, message)
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
        if len(self._state.collected) < self.settings.threshold:
            raise TooFewSurvivors(
                f"{len(self._state.collected)} sites answered in the stage {self.stage!r}.",
                f"At least the threshold, {self.settings.threshold} of {self.settings.sites}.",
                f"Wait for {', '.join(sorted(self.waiting))}, or start a new round.",
            )
        answered = tuple(sorted(self._state.collected))
        collected = {site: self._state.collected[site] for site in answered}
        _, _, advance = self._stages()[self.stage]
        messages = advance(collected)
        self._state.expected, self._state.collected = answered, {}
        names = self.settings.roster.names
        self._state.sent = {names[site]: message for site, message in messages.items()}
        return self.sent

    def save(self) -> bytes:
        """A snapshot for the coordinator's disk, to go on from after a crash.

        Raises
        ------
        RoundEnded
            When the round is over: the sum is what there is to keep.
        """
        self._require_open()
        return pack_state(self._state, self.settings)

    @classmethod
    def restore(cls, snapshot: bytes, settings: RoundSettings) -> Coordinator:
        """A coordinator as it was when it was saved; `sent` can be sent again.

        Raises
        ------
        SnapshotRefused
            If the snapshot belongs to another round or was altered.
        """
        coordinator = cls(settings)
        coordinator._state = unpack_state(snapshot, settings)
        return coordinator

    @property
    def stage(self) -> str:
        """What is being collected."""
        return self._state.stage

    @property
    def sent(self) -> dict[str, bytes]:
        """What the last `close` returned."""
        return self._state.sent

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
        self._state.adverts = {site: advert for site, (advert, _) in adverts.items()}
        frames = tuple(message for _, message in adverts.values())
        self._state.keys = keys.keys_digest(self.settings, frames)
        self._state.stage = "share"
        return dict.fromkeys(adverts, self._write(Kind.KEYS, Frames(frames)))

    def _accept_shares(self, frame: Frame, message: Buffer) -> Boxes:
        shares = Boxes.read(frame.body)
        self._require_same(frame, shares.keys_digest, self._state.keys)
        self._require_about(frame, shares.boxes, set(self._state.expected) - {frame.sender})
        return shares

    def _deliver(self, shares: dict[int, Boxes]) -> dict[int, bytes]:
        self._state.sharers = tuple(shares)
        self._state.sharers_digest = keys.sharers_digest(self._state.keys, shares)
        self._state.stage = "mask"
        messages = {}
        for receiver in shares:
            others = (sender for sender in shares if sender != receiver)
            boxes = {sender: shares[sender].boxes[receiver] for sender in others}
            messages[receiver] = self._write(Kind.DELIVERY, Boxes(self._state.keys, boxes))
        return messages

    def _accept_masked(self, frame: Frame, message: Buffer) -> bool:
        masked = Masked.read(frame.body, self._state.total.nbytes)
        self._require_same(frame, masked.sharers_digest, self._state.sharers_digest)
        self._state.total += np.frombuffer(masked.vector, dtype=self._state.total.dtype)
        return True

    def _name_survivors(self, masked: dict[int, bool]) -> dict[int, bytes]:
        self._state.survivors = tuple(masked)
        self._state.statement = keys.agreement_digest(self._state.sharers_digest, masked)
        self._state.stage = "agree"
        return dict.fromkeys(masked, self._write(Kind.SURVIVORS, Survivors(tuple(masked))))

    def _accept_agreed(self, frame: Frame, message: Buffer) -> bytes:
        if Agreed.read(frame.body).statement != self._state.statement:
            raise SurvivorsDisagree(
                f"{self.settings.roster.names[frame.sender]} agreed to other survivors.",
                "The survivors that were sent to it.",
                "Check the channel to that site, and start a new round.",
            )
        return bytes(message)

    def _send_quorum(self, agreed: dict[int, bytes]) -> dict[int, bytes]:
        self._state.stage = "unmask"
        return dict.fromkeys(agreed, self._write(Kind.QUORUM, Frames(tuple(agreed.values()))))

    def _accept_unmasking(self, frame: Frame, message: Buffer) -> Unmasking:
        unmasking = Unmasking.read(frame.body)
        self._require_same(frame, unmasking.statement, self._state.statement)
        survivors = set(self._state.survivors)
        self._require_about(frame, unmasking.seed_shares, survivors)
        self._require_about(frame, unmasking.key_shares, set(self._state.sharers) - survivors)
        return unmasking

    def _open(self, unmaskings: dict[int, Unmasking]) -> dict[int, bytes]:
        self._state.stage = "ended"
        total, self._state.total = self._state.total, np.zeros(0, dtype=self._state.total.dtype)
        dropped = sorted(set(self._state.sharers) - set(self._state.survivors))
        remove_masks(
            total,
            self.settings,
            self._state.adverts,
            self._state.keys,
            self._state.survivors,
            dropped,
            unmaskings,
        )
        names = self.settings.roster.names
        self.opened = OpenedSum(
            decode(total, self.settings, len(self._state.survivors)),
            tuple(names[site] for site in self._state.survivors),
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
