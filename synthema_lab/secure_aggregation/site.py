"""What does a site do in a round, from its keys to the shares it opens?

`Site` is a state machine over bytes, without socket, thread or clock. It
follows Bonawitz et al. 2017 ("Practical Secure Aggregation for
Privacy-Preserving Machine Learning") in the variant for a coordinator that
breaks the protocol: signed keys, and a consistency stage before anything is
opened. Whatever it refuses ends the round at this site and wipes its keys.

What it does not stop: a site that lies within its clip, or that adds other
masks than those it shared. The second mostly makes the sum leave its range.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableSet

import numpy as np

from .. import randomness
from . import keys
from .answers import ANSWERS
from .encoding import encode
from .errors import MessageOutOfTurn, RoundEnded, RoundReplayed, VectorRefused
from .frames import Buffer, Envelope, Kind, read, write
from .journal import Journal
from .messages import Advert, Agreed, Body, Masked
from .roster import Identity
from .settings import RoundSettings, named_model
from .site_state import SiteState, open_state, seal_state


class Site:
    """One site's part in one round.

    Parameters
    ----------
    settings : RoundSettings
        What the site approved; a message for anything else is refused.
    identity : Identity
        The site's private identity key, enrolled in the roster.
    used_rounds : mutable set of str
        The site's journal over all its rounds, which the site keeps; see `journal`.
        A line is added before the message that it speaks of is made.
    now : int, optional
        Unix time in seconds, to check expiries; needed if any key expires.

    Raises
    ------
    RosterRefused, IdentityExpired

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Roster
    >>> people = [Identity.new(name) for name in ("east", "north", "south")]
    >>> roster = Roster.of(person.member() for person in people)
    >>> settings = RoundSettings(roster, "r1", 2, 8.0, 2**20, bytes(32), bytes(32))
    >>> used = set()
    >>> site = Site(settings, people[0], used)
    >>> site.contribute(np.array([0.5, -1.0]))
    >>> advert = site.begin()
    >>> site.stage, used
    ('keys', {'r1'})
    """

    def __init__(
        self,
        settings: RoundSettings,
        identity: Identity,
        used_rounds: MutableSet[str],
        now: int | None = None,
    ) -> None:
        settings.roster.require_valid(now)
        self.settings = settings
        self.number = settings.roster.number(identity)
        self.stage = "start"
        self._identity = identity
        self._journal = Journal(used_rounds, settings, identity)
        self._state = SiteState()
        self._restored = False

    def __repr__(self) -> str:
        return f"Site({self._identity.name!r}, {self.settings.round_id!r}, stage={self.stage!r})"

    def contribute(
        self, vector: np.ndarray, noise: np.ndarray | None = None, model: bytes | None = None
    ) -> None:
        """Check and encode this site's vector; nothing leaves the site.

        Parameters
        ----------
        vector : numpy.ndarray, shape (length,)
            See `encoding.encode`; a refused vector may be corrected and given again.
        noise : numpy.ndarray of integers, shape (length,), optional
            The site's share of privacy noise, in encoded steps.
        model : bytes, optional
            SHA-256 of the model that the vector belongs to, where the settings
            leave it to be named now.

        Raises
        ------
        SettingsRefused
            If the settings leave the model to be named and it is not, or the reverse.
        VectorRefused
            Also if a vector was given before: one round opens one vector.
        """
        self._require_open()
        if self._state.vector is not None or self.stage not in ("start", "keys", "delivery"):
            raise VectorRefused(
                "This site has already given its vector for this round.",
                "One vector a round.",
                "Start a new round for another vector.",
            )
        later = self.settings.model_digest is None
        named = named_model(self.settings, model, late=False) if later or model else b""
        envelope, place = Masked.envelope(self.settings)
        self._state.vector = encode(vector, self.settings, noise, place)
        self._state.envelope = envelope
        self._state.model = named
        self._state.fingerprint = self._journal.fingerprint(self._state.vector)

    def begin(self) -> bytes:
        """Draw the keys of the round and return the signed advert.

        Raises
        ------
        RoundReplayed, MessageOutOfTurn
            If this site has used the round id before, or the round has begun.
        """
        self._require_open()
        if self.stage != "start":
            raise MessageOutOfTurn(
                "The round has already begun at this site.",
                "One begin() a round.",
                "Give the coordinator's messages to receive().",
            )
        try:
            self._journal.begin_round()
        except RoundReplayed:
            self._end()
            raise
        self._state.box, self._state.mask = keys.RoundKey(), keys.RoundKey()
        self._state.seed = randomness.random_bytes(32)
        commitment = keys.seed_commitment(self.settings, self.number, self._state.seed)
        self._state.advert = self._write(
            Kind.ADVERT, Advert(self._state.box.public, self._state.mask.public, commitment)
        )
        self.stage = "keys"
        return self._state.advert

    def receive(self, message: Buffer) -> bytes:
        """Take the coordinator's message and return this site's answer.

        Parameters
        ----------
        message : bytes-like
            In turn: the list of keys, the sealed shares, the survivors, the quorum.

        Returns
        -------
        bytes
            In turn: sealed shares, masked vector, signed agreement, opened shares.

        Raises
        ------
        RoundAborted
            Whatever is refused ends the round at this site.

        Notes
        -----
        To outlive a crash, store `save()` before the answer is sent. A restored
        site answers the last message again with the same bytes.
        """
        if self._repeats(message):
            return self._state.answer
        self._require_open()
        try:
            return self._answered_once(message)
        except BaseException:
            self._end()
            raise

    def _answered_once(self, message: Buffer) -> bytes:
        """Answer a stage once, whatever is restored from a disk afterwards."""
        if self.stage == "start":
            raise MessageOutOfTurn(
                "A message arrived before the round began at this site.",
                "begin() first.",
                "Start a new round.",
            )
        expected, kind, answer, following = ANSWERS[self.stage]
        body = read(message, self.settings, expected).body
        self._journal.answer_once(self.stage)
        answered = self._write(
            kind, answer(self.settings, self.number, self._state, body, self._journal)
        )
        if following == "ended":
            self._end()
        self.stage = following
        self._state.heard, self._state.answer = _fingerprint(message), answered
        return answered

    def save(self) -> bytes:
        """A sealed snapshot for this site's own disk; see `site_state`."""
        return seal_state(self._state, self.stage, self.settings, self._identity)

    @classmethod
    def restore(
        cls,
        snapshot: bytes,
        settings: RoundSettings,
        identity: Identity,
        used_rounds: MutableSet[str],
        now: int | None = None,
    ) -> Site:
        """A site as it was when it was saved.

        Parameters
        ----------
        snapshot : bytes
            What `save` gave; the rest as for `Site`.
        used_rounds : mutable set of str
            The site's journal as it is now: a stage that it names as answered is
            not answered differently by an older snapshot.

        Raises
        ------
        SnapshotRefused
            If this site did not make it in this round, or it was altered.
        """
        site = cls(settings, identity, used_rounds, now)
        site._state, site.stage = open_state(snapshot, settings, identity)
        site._restored = True
        return site

    def _repeats(self, message: Buffer) -> bool:
        """Whether a restored site has answered this very message."""
        flat = isinstance(message, Buffer) and memoryview(message).c_contiguous
        return self._restored and flat and _fingerprint(message) == self._state.heard

    def _require_open(self) -> None:
        if self.stage == "ended":
            raise RoundEnded(
                f"Round {self.settings.round_id} is over at {self._identity.name}.",
                "A round that is still open at this site.",
                "Start a new round with a new id.",
            )

    def _write(self, kind: Kind, body: Body | Envelope) -> bytes:
        if isinstance(body, Envelope):
            shared = self._state.shared
            covered = b"" if self.settings.complete else self._write(Kind.COVERED, Agreed(shared))
            body = Masked.addressed(body, shared, covered)
            return body.sealed(kind, self.settings, self.number, self._identity)
        return write(kind, self.settings, body.parts(), self.number, self._identity)

    def _end(self) -> None:
        self.stage = "ended"
        self._state = SiteState()  # Python cannot promise to overwrite what is let go of


def _fingerprint(message: Buffer) -> bytes:
    return hashlib.sha256(message).digest()
