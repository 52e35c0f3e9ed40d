"""Who takes part, and by which pinned key is each site known?

Identity keys are Ed25519 (RFC 8032). They are pinned when a site is enrolled
and carry an expiry, after which the site enrols a new key. The roster is part
of the round's settings, so two parties with different rosters share no round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from .. import randomness
from .errors import IdentityExpired, RosterRefused

LARGEST_ROSTER = 1000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Member:
    """One enrolled site.

    Parameters
    ----------
    name : str
        1 to 64 letters, digits, dots, dashes or underscores; starts with a letter or digit.
    key : bytes
        Raw Ed25519 public key, 32 bytes.
    expires : int
        Unix time in seconds from which the key is no longer accepted; 0 for never.
    """

    name: str
    key: bytes
    expires: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise RosterRefused(
                "A site's name cannot be used.",
                "1 to 64 letters, digits, dots, dashes or underscores.",
                "Rename the site in the roster.",
            )
        if not isinstance(self.key, bytes) or len(self.key) != 32:
            raise RosterRefused(
                f"The identity key of {self.name} is not an Ed25519 public key.",
                "32 raw bytes.",
                f"Enrol {self.name} again with its public key.",
            )
        if (
            not isinstance(self.expires, int)
            or isinstance(self.expires, bool)
            or not 0 <= self.expires < 2**63
        ):
            raise RosterRefused(
                f"The expiry of {self.name} is not a time.",
                "Whole Unix seconds, or 0 for never.",
                f"Enrol {self.name} again with an expiry.",
            )

    def verifies(self, signature: bytes, statement: bytes) -> bool:
        """Whether `signature` over `statement` was made with this member's key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, statement)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Identity:
    """A site's own name and private identity key; it never leaves the site.

    Parameters
    ----------
    name : str
        The name under which the site is enrolled.
    private_key : bytes
        Raw Ed25519 private key, 32 bytes; not shown when printed.
    expires : int
        Unix time in seconds of the key's expiry; 0 for never.

    Examples
    --------
    >>> Identity.new("north").member().name
    'north'
    """

    name: str
    private_key: bytes = field(repr=False)
    expires: int = 0

    @classmethod
    def new(cls, name: str, expires: int = 0) -> Identity:
        """An identity with a fresh key."""
        return cls(name, randomness.random_bytes(32), expires)

    def member(self) -> Member:
        """What is enrolled: the name, the public key and its expiry."""
        public = Ed25519PrivateKey.from_private_bytes(self.private_key).public_key()
        return Member(self.name, public.public_bytes_raw(), self.expires)

    def sign(self, statement: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes, over `statement`."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key).sign(statement)


@dataclass(frozen=True)
class Roster:
    """The enrolled sites in their canonical order; a site's place is its number.

    Parameters
    ----------
    members : tuple of Member
        In ascending order of name, each name and each key once. `Roster.of`
        sorts for you.

    Raises
    ------
    RosterRefused
        If the order, a name or a key is not as above, or there are more than 1000.

    Examples
    --------
    >>> roster = Roster.of(Identity.new(name).member() for name in ("south", "north", "east"))
    >>> roster.names
    ('east', 'north', 'south')
    """

    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        names = [member.name for member in self.members]
        if names != sorted(set(names)) or len({m.key for m in self.members}) != len(names):
            raise RosterRefused(
                "The roster is not in canonical order, or names a site or a key twice.",
                "Every name and every key once, in ascending order of name.",
                "Build it with Roster.of(members).",
            )
        if len(names) > LARGEST_ROSTER:
            raise RosterRefused(
                f"The roster holds {len(names)} sites.",
                f"At most {LARGEST_ROSTER}.",
                "Split the study.",
            )

    @classmethod
    def of(cls, members: Iterable[Member]) -> Roster:
        """A roster of `members`, sorted by name."""
        return cls(tuple(sorted(members, key=lambda member: member.name)))

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The sites' names in roster order."""
        return tuple(member.name for member in self.members)

    def number(self, identity: Identity) -> int:
        """The place of `identity` in the roster; RosterRefused if it is not enrolled."""
        own = identity.member()
        if own not in self.members:
            raise RosterRefused(
                f"{identity.name} is not enrolled in this roster with its present key.",
                "The name, key and expiry that were pinned at enrolment.",
                "Enrol the site, or open the round with the roster that holds it.",
            )
        return self.members.index(own)

    def require_valid(self, now: int | None) -> None:
        """Refuse expired identities.

        Parameters
        ----------
        now : int or None
            Unix time in seconds. None is accepted only where no key expires.

        Raises
        ------
        IdentityExpired
        """
        expiring = [member for member in self.members if member.expires]
        late = [m.name for m in expiring if now is None or now >= m.expires]
        if late:
            raise IdentityExpired(
                f"Identity keys that expired, or cannot be shown valid: {', '.join(late)}.",
                "Keys within their expiry at the time given.",
                "Give the time as now=, and enrol new keys for expired sites.",
            )

    def canonical(self) -> bytes:
        """The one byte form of this roster, for hashing."""
        parts = [len(self.members).to_bytes(2, "big")]
        for member in self.members:
            name = member.name.encode("ascii")
            parts += [
                len(name).to_bytes(1, "big"),
                name,
                member.key,
                member.expires.to_bytes(8, "big"),
            ]
        return b"".join(parts)
