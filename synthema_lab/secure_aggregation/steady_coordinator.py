"""What does the coordinator do in a series of rounds, where the next one's keys ride along?

See `riding`. The rounds are run by `Coordinator`.
"""

from __future__ import annotations

from .coordinator import Coordinator
from .errors import RoundAborted, RoundReplayed, TooFewSurvivors
from .frames import Buffer
from .opened import OpenedSum
from .riding import SettingsOf, bundle, opened_snapshot, unbundle


class SteadyCoordinator:
    """The coordinator's part in a series of rounds.

    Parameters
    ----------
    settings_of : callable
        See `SettingsOf`.

    Attributes
    ----------
    number : int
        Of the present round.
    opened : OpenedSum or None
        Of the last round that was completed.
    refused : dict of str to str
        By site, why its riding message of the present round was refused.

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Identity, Roster, RoundSettings, SteadySite
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> def settings_of(number):
    ...     return RoundSettings(roster, f"r{number}", 1, 9, 1, None, bytes(32))
    >>> sites = {one.name: SteadySite(settings_of, one, set()) for one in people}
    >>> coordinator = SteadyCoordinator(settings_of)
    >>> for site in sites.values():
    ...     _ = coordinator.receive(site.begin())
    >>> exchanges = [1, 0, 0]
    >>> for number in range(3):
    ...     while coordinator.number == number:
    ...         if coordinator.stage == "share":
    ...             coordinator.name_model(bytes(32))
    ...         messages = coordinator.close()
    ...         exchanges[number] += bool(messages)
    ...         for name, message in messages.items():
    ...             if sites[name].stage == "delivery":
    ...                 sites[name].contribute([number], model=bytes(32))
    ...             _ = coordinator.receive(sites[name].receive(message))
    ...     print(coordinator.opened.total)
    [0]
    [3]
    [6]
    >>> exchanges
    [5, 3, 3]
    """

    def __init__(self, settings_of: SettingsOf) -> None:
        self.number = 0
        self.opened: OpenedSum | None = None
        self.refused: dict[str, str] = {}
        self._settings_of = settings_of
        self._present = Coordinator(settings_of(0))
        self._next: Coordinator | None = None

    @property
    def stage(self) -> str:
        """What is being collected in the present round."""
        return self._present.stage

    @property
    def waiting(self) -> frozenset[str]:
        """Names of the sites that may still answer in this stage."""
        return self._present.waiting

    def name_model(self, digest: bytes) -> None:
        """Name the model of the present round; see `Coordinator.name_model`."""
        self._present.name_model(digest)

    def receive(self, message: Buffer) -> str:
        """Take a site's bundle; a riding message that is refused is told in `refused`."""
        first, riding = unbundle(message)
        name = self._present.receive(first)
        if riding and self._next is not None:
            try:
                self._next.receive(riding)
            except RoundAborted as error:
                self.refused[name] = str(error)
        return name

    def close(self) -> dict[str, bytes]:
        """Close the present stage; see `Coordinator.close`.

        After the stage "unmask" the result is empty, `opened` holds the sum, and
        the next round is the present one: in the stage "share" if its keys rode
        along; in "advertise", and one number further on, if they did not, so
        that the sites have to begin it.
        """
        stage, messages, riding = self.stage, self._present.close(), {}
        if stage == "share":
            settings = self._settings_of(self.number + 1)
            self._next, self.refused = settings and Coordinator(settings), {}
        elif stage == "mask" and self._next is not None:
            riding = self._closed_next()
        elif stage == "unmask":
            self._advance()
        return {name: bundle(one, riding.get(name, b"")) for name, one in messages.items()}

    def begin(self, number: int) -> None:
        """Give the present round up, and wait for the sites to begin one of a higher number.

        Raises
        ------
        RoundReplayed
            If the number is not higher: the sites have used it.
        """
        settings = self._settings_of(number) if number > self.number else None
        if settings is None:
            raise RoundReplayed(
                f"The series cannot begin again at round {number}.",
                f"A number above {self.number}, within the series.",
                f"begin({self.number + 1}), if the series is that long.",
            )
        self.number, self._present, self._next = number, Coordinator(settings), None

    def save(self) -> bytes:
        """A snapshot of both rounds; see `Coordinator.save`."""
        kept = [one.save() if one else b"" for one in (self._present, self._next)]
        return self.number.to_bytes(8, "big") + bundle(*kept)

    @classmethod
    def restore(cls, snapshot: bytes, settings_of: SettingsOf) -> SteadyCoordinator:
        """Go on from what `save` gave.

        Raises
        ------
        SnapshotRefused
            If it belongs to other rounds, or was altered.
        """
        number, kept = opened_snapshot(snapshot, settings_of)
        present, following = (
            Coordinator.restore(one, settings) if one else None for one, settings in kept
        )
        coordinator = cls(settings_of)
        coordinator.number, coordinator._next = number, following
        coordinator._present = present or Coordinator.restore(b"", settings_of(0))
        return coordinator

    def _closed_next(self) -> dict[str, bytes]:
        try:
            return self._next.close()
        except TooFewSurvivors:  # too few keys came along: the round that rides is given up
            self._next = None
            return {}

    def _advance(self) -> None:
        self.opened = self._present.opened
        # The sites have used the next number if their keys were asked for.
        ahead = 1 if self._next is not None else 2
        following = self._settings_of(self.number + ahead)
        if following is not None:
            self.number += ahead
            self._present, self._next = self._next or Coordinator(following), None
