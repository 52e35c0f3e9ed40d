"""What does a site do in a series of rounds, where the next one's keys ride along?

See `riding`. The rounds are run by `Site`, each with keys of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableSet

import numpy as np

from ..errors import LabError
from .errors import RoundEnded
from .frames import Buffer
from .riding import SettingsOf, bundle, halves, opened_snapshot, unbundle
from .roster import Identity
from .site import Site


class SteadySite:
    """A site's part in a series of rounds.

    Parameters
    ----------
    settings_of : callable
        See `SettingsOf`; all rounds with `model_digest` None.
    identity : Identity
    used_rounds : mutable set of str
        The site's journal.
    clock : callable, optional
        Gives Unix time in seconds, where identity keys expire; asked at every round.

    Attributes
    ----------
    number : int
        Of the present round.
    refused : str
        Why the last riding message was refused; empty if none was.
    """

    def __init__(
        self,
        settings_of: SettingsOf,
        identity: Identity,
        used_rounds: MutableSet[str],
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.number = 0
        self.refused = ""
        self._made = (settings_of, identity, used_rounds)
        self._clock = clock
        self._present = self._site(0)
        self._next: Site | None = None
        self._heard, self._answer, self._restored = b"", b"", False

    @property
    def stage(self) -> str:
        """Where the present round stands at this site; "ended" after the last."""
        return self._present.stage if self._present else "ended"

    def begin(self, number: int = 0) -> bytes:
        """Begin the series, or begin it again with a round of that number."""
        begun = self._site(number)
        if begun is None:
            raise self._over()
        message = bundle(begun.begin())
        self.number, self._present, self._next = number, begun, None
        return message

    def contribute(
        self, vector: np.ndarray, noise: np.ndarray | None = None, model: bytes | None = None
    ) -> None:
        """Give the present round its vector, and name its model; see `Site.contribute`."""
        self._require_present().contribute(vector, noise, model)

    def receive(self, message: Buffer) -> bytes:
        """Answer the coordinator's bundle; see `Site.receive`.

        A restored site answers the last bundle again with the same bytes.
        """
        first, riding = unbundle(message)
        heard = hashlib.sha256(message).digest()
        if self._restored and heard == self._heard:
            return self._answer
        present = self._require_present()
        stage = present.stage
        answer, ride = present.receive(first), b""
        try:
            if stage == "delivery":
                self._next = self._site(self.number + 1)
                ride = self._next.begin() if self._next else b""
            elif riding and self._next:
                ride = self._next.receive(riding)
            self.refused = ""
        except LabError as error:
            self._next, self.refused = None, str(error)
        if present.stage == "ended":
            self.number, self._present, self._next = self.number + 1, self._next, None
        self._heard, self._answer = heard, bundle(answer, ride)
        return self._answer

    def save(self) -> bytes:
        """A sealed snapshot of both rounds, for this site's own disk."""
        kept = [site.save() if site else b"" for site in (self._present, self._next)]
        rounds = self.number.to_bytes(8, "big") + bundle(*kept)
        return bundle(rounds, self._heard + self._answer)

    def restore(self, snapshot: bytes) -> None:
        """Go on from what `save` gave; SnapshotRefused if it is not this site's."""
        settings_of, identity, lines = self._made
        rounds, last = halves(snapshot)
        number, kept = opened_snapshot(rounds, settings_of)
        present, following = (
            Site.restore(one, settings, identity, lines, self._now()) if one else None
            for one, settings in kept
        )
        self.number, self._present, self._next = number, present, following
        self._heard, self._answer, self._restored = last[:32], last[32:], True

    def _site(self, number: int) -> Site | None:
        settings_of, identity, lines = self._made
        settings = settings_of(number)
        return None if settings is None else Site(settings, identity, lines, self._now())

    def _now(self) -> int | None:
        return None if self._clock is None else self._clock()

    def _require_present(self) -> Site:
        if self._present is None:
            raise self._over()
        return self._present

    @staticmethod
    def _over() -> RoundEnded:
        return RoundEnded(
            "The series of rounds is over at this site, or its next round did not come about.",
            "A round that is open.",
            "Begin the series again at its next round: begin(number).",
        )
