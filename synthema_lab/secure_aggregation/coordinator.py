"""What does the coordinator do in a round, from the sites' keys to the opened sum?

`Coordinator` is a state machine: it takes sites' messages and returns the
messages for them, as bytes, and holds no socket, thread or clock. The
transport decides how long to wait and then calls `close`. It keeps one running
sum, never a site's vector. A refused message leaves its state as it was, so a
broken message is the same as a site that stays silent.
"""

from __future__ import annotations

from .collecting import STAGES, open_sum
from .coordinator_state import CoordinatorState, pack_state, unpack_state
from .errors import MessageOutOfTurn, RoundEnded, SettingsRefused, SiteUnknown, TooFewSurvivors
from .frames import Buffer, read
from .opened import OpenedSum
from .settings import RoundSettings, named_model


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
        kind, accept, _ = STAGES[self.stage]
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
        self._state.collected[frame.sender] = accept(self.settings, self._state, frame, message)
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
        self._require_model()
        names = self.settings.roster.names
        if self.stage == "unmask":
            total = open_sum(self.settings, self._state, collected)
            survivors = tuple(names[site] for site in self._state.survivors)
            self.opened = OpenedSum(total, survivors, self.settings)
            messages = {}
        else:
            messages = STAGES[self.stage][2](self.settings, self._state, collected)
        self._state.expected, self._state.collected = answered, {}
        self._state.sent = {names[site]: message for site, message in messages.items()}
        return self.sent

    def name_model(self, digest: bytes) -> None:
        """Name the model of this round, where its settings left that for later.

        Parameters
        ----------
        digest : bytes
            SHA-256 of the model, 32 bytes. The sites name the same with their
            vectors; a site that has another one shares no mask with the rest.

        Raises
        ------
        SettingsRefused
            If the settings name the model, it is not a digest, or it comes too
            late or a second time.
        """
        self._require_open()
        late = self.stage not in ("advertise", "share") or bool(self._state.model)
        self._state.model = named_model(self.settings, digest, late)

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

    def _require_model(self) -> None:
        if self.stage == "share" and self.settings.model_digest is None and not self._state.model:
            raise SettingsRefused(
                "The model of this round has not been named.",
                "name_model(digest) before the shares are delivered.",
                "Name the model, and close the stage again.",
            )

    def _require_open(self) -> None:
        if self.stage == "ended":
            raise RoundEnded(
                f"Round {self.settings.round_id} is over at the coordinator.",
                "A round that is still open.",
                "Start a new round with a new id.",
            )
