"""What has this site sent and opened before, and among whom?

A site keeps one set of lines over all its rounds, on its own disk. A round id
serves once and a stage is answered once, whatever is restored afterwards. One
and the same vector goes to one roster only, and is opened for one set of
survivors only: the sums over two sets that differ by a site would show that
site's vector by subtraction. A vector with fresh noise is another vector.

Vectors are known by a fingerprint keyed with the site's identity, so that the
journal tells nobody else what they were; with a new identity key a site begins
a new account of its vectors. The lines are entered one at a time within a
process; two processes need two journals, and must not serve one site.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterable, MutableSet

import numpy as np

from .errors import CohortChanged, RoundReplayed
from .roster import Identity
from .settings import RoundSettings

_ONE_AT_A_TIME = threading.Lock()
_TAG = b"synthema-lab secure aggregation 1 journal\x00"


class Journal:
    """The lines that a site's round adds to its journal, each checked before.

    Parameters
    ----------
    lines : mutable set of str
        The site's own over all rounds; the site keeps it.
    settings : RoundSettings
    identity : Identity

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Roster
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> settings = RoundSettings(roster, "r1", 2, 8.0, 2**20, bytes(32), bytes(32))
    >>> lines = set()
    >>> Journal(lines, settings, people[0]).begin_round()
    >>> sorted(lines)
    ['r1']
    """

    def __init__(self, lines: MutableSet[str], settings: RoundSettings, identity: Identity) -> None:
        self._lines = lines
        self._round = settings.round_id
        self._roster = settings.roster.canonical()
        self._study = settings.study_digest
        self._key = hashlib.sha256(_TAG + identity.private_key).digest()

    def begin_round(self) -> None:
        """Enter the round; RoundReplayed if its id was used before."""
        with _ONE_AT_A_TIME:
            if self._round in self._lines:
                raise RoundReplayed(
                    f"Round {self._round} has already been run at this site.",
                    "A round id that was never used here.",
                    "Open a round with a new id.",
                )
            self._lines.add(self._round)

    def answer_once(self, stage: str) -> None:
        """Enter that a stage is answered; RoundReplayed if it was, in this process or before."""
        with _ONE_AT_A_TIME:
            if f"{self._round} {stage}" in self._lines:
                raise RoundReplayed(
                    f"The stage {stage!r} of round {self._round} was already answered "
                    "by this site.",
                    "Each stage answered once: two answers could open more than the sum.",
                    "Leave this round; take part in the next one.",
                )
            self._lines.add(f"{self._round} {stage}")

    def fingerprint(self, vector: np.ndarray) -> str:
        """What an encoded vector, noise included, is known by in this site's journal."""
        told = hmac.new(self._key, _TAG + self._study + vector.dtype.str.encode(), hashlib.sha256)
        told.update(vector.view(np.uint8))
        return told.hexdigest()

    def sent(self, fingerprint: str) -> None:
        """Enter that a vector goes out, covered; CohortChanged if it went to another roster."""
        self._bind("sent", fingerprint, self._roster)

    def require_openable(self, fingerprint: str, survivors: Iterable[int]) -> None:
        """Refuse survivors other than those that a vector was opened for before."""
        self._require("opened", fingerprint, self._among(survivors))

    def opened(self, fingerprint: str, survivors: Iterable[int]) -> None:
        """Enter that shares are opened; CohortChanged if they were for other survivors."""
        self._bind("opened", fingerprint, self._among(survivors))

    def _among(self, survivors: Iterable[int]) -> bytes:
        return self._roster + b"".join(one.to_bytes(2, "big") for one in sorted(survivors))

    def _bind(self, done: str, fingerprint: str, cohort: bytes) -> None:
        among = hashlib.sha256(cohort).hexdigest()
        with _ONE_AT_A_TIME:
            self._require(done, fingerprint, cohort)
            # The narrower line first: a crash between the two refuses nothing later.
            self._lines.add(f"{done} {fingerprint} {among}")
            self._lines.add(f"{done} {fingerprint}")

    def _require(self, done: str, fingerprint: str, cohort: bytes) -> None:
        among = hashlib.sha256(cohort).hexdigest()
        before = f"{done} {fingerprint}" in self._lines
        if before and f"{done} {fingerprint} {among}" not in self._lines:
            raise CohortChanged(
                f"This site {done} the same vector before, among other sites.",
                "One set of sites for a vector: two sums would show a site by subtraction.",
                "Run the round with the same sites, or charge for fresh noise and add it.",
            )
