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

from collections.abc import MutableSet

import numpy as np

from .. import randomness
from . import keys, masks
from .dealing import Held, deal, take
from .encoding import encode
from .errors import (
    MessageOutOfTurn,
    RoundEnded,
    RoundMismatch,
    RoundReplayed,
    VectorRefused,
)
from .evidence import checked_adverts, require_agreement, require_quorum, require_survivors
from .frames import Buffer, Kind, read, write
from .messages import (
    ADVERT_FRAME_BYTES,
    AGREED_FRAME_BYTES,
    Advert,
    Agreed,
    Body,
    Boxes,
    Frames,
    Masked,
    Survivors,
    Unmasking,
)
from .roster import Identity
from .settings import RoundSettings


class Site:
    """One site's part in one round.

    Parameters
    ----------
    settings : RoundSettings
        What the site approved; a message for anything else is refused.
    identity : Identity
        The site's private identity key, enrolled in the roster.
    used_rounds : mutable set of str
        Round ids this site has taken part in, kept by the site over all rounds.
        The id is added before the first message is made.
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
        self._used_rounds = used_rounds
        self._wipe()

    def __repr__(self) -> str:
        return f"Site({self._identity.name!r}, {self.settings.round_id!r}, stage={self.stage!r})"

    def contribute(self, vector: np.ndarray, noise: np.ndarray | None = None) -> None:
        """Check and encode this site's vector; nothing leaves the site.

        Parameters
        ----------
        vector : numpy.ndarray, shape (length,)
            See `encoding.encode`; a refused vector may be corrected and given again.
        noise : numpy.ndarray of integers, shape (length,), optional
            The site's share of privacy noise, in encoded steps.

        Raises
        ------
        VectorRefused
            Also if a vector was given before: one round opens one vector.
        """
        self._require_open()
        if self._vector is not None or self.stage not in ("start", "keys", "delivery"):
            raise VectorRefused(
                "This site has already given its vector for this round.",
                "One vector a round.",
                "Start a new round for another vector.",
            )
        self._vector = encode(vector, self.settings, noise)

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
        if self.settings.round_id in self._used_rounds:
            self._end()
            raise RoundReplayed(
                f"Round {self.settings.round_id} has already been run at this site.",
                "A round id that was never used here.",
                "Open a round with a new id.",
            )
        self._used_rounds.add(self.settings.round_id)
        self._box, self._mask = keys.RoundKey(), keys.RoundKey()
        self._seed = randomness.random_bytes(32)
        commitment = keys.seed_commitment(self.settings, self.number, self._seed)
        self._advert = self._write(
            Kind.ADVERT, Advert(self._box.public, self._mask.public, commitment)
        )
        self.stage = "keys"
        return self._advert

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
        """
        self._require_open()
        answers = {
            "start": self._too_early,
            "keys": self._share,
            "delivery": self._cover,
            "survivors": self._agree,
            "quorum": self._unmask,
        }
        try:
            return answers[self.stage](message)
        except BaseException:
            self._end()
            raise

    def _too_early(self, message: Buffer) -> bytes:
        raise MessageOutOfTurn(
            "A message arrived before the round began at this site.",
            "begin() first.",
            "Start a new round.",
        )

    def _share(self, message: Buffer) -> bytes:
        """Check everybody's keys; split and seal the secrets for each of them."""
        settings = self.settings
        body = read(message, settings, Kind.KEYS).body
        frames = Frames.read(body, ADVERT_FRAME_BYTES).frames
        adverts = checked_adverts(settings, frames, self.number, self._advert)
        for peer in adverts.keys() - {self.number}:
            self._box_secrets[peer] = self._box.agree(adverts[peer].box_key)
            self._mask_secrets[peer] = self._mask.agree(adverts[peer].mask_key)
        self._keys = keys.keys_digest(settings, frames)
        self._held, boxes = deal(
            settings, self._keys, self.number, self._box_secrets, self._mask.private, self._seed
        )
        self.stage = "delivery"
        return self._write(Kind.SHARES, Boxes(self._keys, boxes))

    def _cover(self, message: Buffer) -> bytes:
        """Open the shares held for others; cover the vector with all masks."""
        settings = self.settings
        if self._vector is None:
            raise VectorRefused(
                "This site has no vector for this round.",
                "contribute(vector) before the shares are delivered.",
                "Start a new round and contribute first.",
            )
        delivery = Boxes.read(read(message, settings, Kind.DELIVERY).body)
        if delivery.keys_digest != self._keys:
            raise RoundMismatch(
                "Shares were delivered for another list of keys.",
                "The list of keys this site was given.",
                "Start a new round, and check the coordinator.",
            )
        self._held |= take(settings, self._keys, self.number, self._box_secrets, delivery.boxes)
        require_quorum(settings, self._held, "shares")
        self._sharers = keys.sharers_digest(self._keys, self._held)
        vector, self._vector = self._vector, None
        own_key = keys.self_mask_key(settings, self._keys, self._seed, self.number)
        masks.add_mask(vector, own_key)
        for peer in delivery.boxes:
            secret = self._mask_secrets[peer]
            key = keys.pair_mask_key(settings, self._keys, secret, self.number, peer)
            (masks.add_mask if self.number < peer else masks.subtract_mask)(vector, key)
        self._box = self._mask = self._seed = None
        self._box_secrets, self._mask_secrets = {}, {}
        self.stage = "survivors"
        return self._write(Kind.MASKED, Masked(self._sharers, memoryview(vector).cast("B")))

    def _agree(self, message: Buffer) -> bytes:
        """Sign the one set of survivors that this site will ever open for."""
        body = read(message, self.settings, Kind.SURVIVORS).body
        survivors = Survivors.read(body).numbers
        require_survivors(self.settings, survivors, self._held, self.number)
        self._survivors = frozenset(survivors)
        self._statement = keys.agreement_digest(self._sharers, survivors)
        self.stage = "quorum"
        return self._write(Kind.AGREED, Agreed(self._statement))

    def _unmask(self, message: Buffer) -> bytes:
        """Check that a quorum signed the same; open one kind of share for each site."""
        body = read(message, self.settings, Kind.QUORUM).body
        frames = Frames.read(body, AGREED_FRAME_BYTES).frames
        require_agreement(self.settings, frames, self._statement, self._survivors)
        seed_shares, key_shares = {}, {}
        for site, (key_share, seed_share) in self._held.items():
            if site in self._survivors:
                seed_shares[site] = seed_share
            else:
                key_shares[site] = key_share
        answer = self._write(Kind.UNMASKING, Unmasking(self._statement, seed_shares, key_shares))
        self._end()
        return answer

    def _require_open(self) -> None:
        if self.stage == "ended":
            raise RoundEnded(
                f"Round {self.settings.round_id} is over at {self._identity.name}.",
                "A round that is still open at this site.",
                "Start a new round with a new id.",
            )

    def _write(self, kind: Kind, body: Body) -> bytes:
        return write(kind, self.settings, body.parts(), self.number, self._identity)

    def _end(self) -> None:
        self.stage = "ended"
        self._wipe()

    def _wipe(self) -> None:
        """Let go of every secret of the round (Python cannot promise to overwrite them)."""
        self._vector: np.ndarray | None = None
        self._box: keys.RoundKey | None = None
        self._mask: keys.RoundKey | None = None
        self._seed: bytes | None = None
        self._advert = self._keys = self._sharers = self._statement = b""
        self._box_secrets: dict[int, bytes] = {}
        self._mask_secrets: dict[int, bytes] = {}
        self._held: Held = {}
        self._survivors: frozenset[int] = frozenset()
