"""How do two sites come to keys that nobody else has?

X25519 (RFC 7748) between the round keys that the sites signed, then
HKDF-SHA256 (RFC 5869). What is derived depends on the settings of the round,
on the whole list of keys and on both sites' numbers, so that sites that were
given different things derive different keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .. import randomness
from .errors import KeyRefused
from .graph import Graph
from .messages import numbered
from .settings import RoundSettings

_TAG = b"synthema-lab secure aggregation 1 "


class RoundKey:
    """A site's X25519 key for one purpose in one round.

    Parameters
    ----------
    private : bytes, optional
        32 raw bytes; drawn from the operating system if not given.
    """

    def __init__(self, private: bytes | None = None) -> None:
        self.private = randomness.random_bytes(32) if private is None else private
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        return f"RoundKey(public={self.public.hex()})"

    def agree(self, peer: bytes, whose: str = "a site") -> bytes:
        """The secret shared with the holder of public key `peer`; KeyRefused if low-order."""
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(peer))
        except ValueError as error:
            raise KeyRefused(
                f"A round key of {whose} is of low order: anyone could know what it agrees on.",
                "An X25519 public key drawn at a site.",
                f"Remove {whose} from the roster.",
            ) from error


def keys_digest(settings: RoundSettings, adverts: Iterable[bytes]) -> bytes:
    """Digest of the signed adverts of a round, in roster order."""
    digest = hashlib.sha256(_TAG + b"keys\x00" + settings.digest)
    for advert in adverts:
        digest.update(advert)
    return digest.digest()


def sharers_digest(keys: bytes, graph: Graph, model: bytes = b"") -> bytes:
    """Digest of the keys, of the sites that gave out shares, to whom, and of the model.

    Parameters
    ----------
    keys : bytes
        `keys_digest`.
    graph : mapping of int to tuple of int
        By site that gave out shares, its neighbours; empty where all share with all.
    model : bytes
        The model's digest, where the settings leave it to be named later.
    """
    digest = hashlib.sha256(_TAG + b"sharers\x00" + keys + numbered(graph))
    for site in sorted(graph):
        digest.update(numbered(graph[site]))
    digest.update(model)
    return digest.digest()


def agreement_digest(sharers: bytes, survivors: Iterable[int]) -> bytes:
    """Digest of what the consistency stage signs: keys, sharers and survivors."""
    return hashlib.sha256(_TAG + b"agreement\x00" + sharers + numbered(survivors)).digest()


def seed_commitment(settings: RoundSettings, site: int, seed: bytes) -> bytes:
    """Commitment to a self-mask seed of 256 uniform bits."""
    return hashlib.sha256(_TAG + b"seed\x00" + settings.digest + _place(site) + seed).digest()


def pair_mask_key(
    settings: RoundSettings, sharers: bytes, secret: bytes, site: int, peer: int
) -> bytes:
    """AES-256 key of the mask that two sites have in common; same for both.

    `sharers` is `sharers_digest`: sites that were told of other keys, other
    sharers, another graph or another model have no mask in common.
    """
    first, second = min(site, peer), max(site, peer)
    return _derived(settings, secret, b"pair mask\x00", sharers, _place(first), _place(second))


def self_mask_key(settings: RoundSettings, sharers: bytes, seed: bytes, site: int) -> bytes:
    """AES-256 key of a site's own mask; `sharers` as for `pair_mask_key`."""
    return _derived(settings, seed, b"self mask\x00", sharers, _place(site))


def box_key(
    settings: RoundSettings, keys: bytes, secret: bytes, sender: int, receiver: int
) -> bytes:
    """ChaCha20-Poly1305 key for what `sender` seals for `receiver`; differs by direction."""
    return _derived(settings, secret, b"box\x00", keys, _place(sender), _place(receiver))


def _derived(settings: RoundSettings, secret: bytes, *context: bytes) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=32, salt=settings.digest, info=_TAG + b"".join(context)
    ).derive(secret)


def _place(site: int) -> bytes:
    return site.to_bytes(2, "big")
