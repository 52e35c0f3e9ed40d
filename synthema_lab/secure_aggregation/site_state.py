"""What does a site remember of a round, and how is it kept over a crash?

A snapshot holds the site's vector and the secrets of the round. It is sealed
with ChaCha20-Poly1305 (RFC 8439) under a key derived from the site's identity
key and bound to the settings of the round, and is meant for the site's own
disk: nobody else can open it, and it opens for no other round.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .. import randomness
from .dealing import Held
from .errors import SnapshotRefused
from .frames import Envelope
from .keys import RoundKey
from .messages import Advert, Masked
from .roster import Identity
from .settings import RoundSettings

_MAGIC = b"SLsite\x00\x01"
_TAG = b"synthema-lab secure aggregation 1 site state\x00"
_NONCE_BYTES = 12
_LENGTHS = struct.Struct(">QQQ")


@dataclass
class SiteState:
    """All that a site holds between two messages of a round.

    Attributes
    ----------
    vector : ndarray or None
        Encoded, not yet covered.
    envelope : Envelope or None
        The message in which the vector stands.
    box, mask : RoundKey or None
        Keys that seal shares, and behind the pair masks.
    seed : bytes or None
        Of the site's own mask.
    advert, keys, shared, statement : bytes
        The advert sent; digests of what was seen.
    model : bytes
        The model's digest, where it is named with the vector.
    fingerprint : str
        Of the vector, in the site's journal.
    adverts : dict of int to Advert
        Everybody's keys, until the vector is covered.
    neighbours : tuple of int
        To whom this site dealt its shares.
    graph : dict of int to tuple of int
        By site that gave out shares, to which neighbours.
    box_secrets, mask_secrets : dict of int to bytes
        By peer, what the keys agree on.
    held : dict of int to (bytes, bytes)
        Shares held for every site.
    survivors : frozenset of int
        Whom this site will open for.
    heard, answer : bytes
        SHA-256 of the last message, and what was answered to it.
    """

    vector: np.ndarray | None = field(default=None, repr=False)
    envelope: Envelope | None = field(default=None, repr=False)
    box: RoundKey | None = None
    mask: RoundKey | None = None
    seed: bytes | None = field(default=None, repr=False)
    advert: bytes = b""
    keys: bytes = b""
    shared: bytes = b""
    statement: bytes = b""
    model: bytes = b""
    fingerprint: str = ""
    adverts: dict[int, Advert] = field(default_factory=dict, repr=False)
    neighbours: tuple[int, ...] = ()
    graph: dict[int, tuple[int, ...]] = field(default_factory=dict)
    box_secrets: dict[int, bytes] = field(default_factory=dict, repr=False)
    mask_secrets: dict[int, bytes] = field(default_factory=dict, repr=False)
    held: Held = field(default_factory=dict, repr=False)
    survivors: frozenset[int] = frozenset()
    heard: bytes = b""
    answer: bytes = field(default=b"", repr=False)


_BYTES = ("advert", "keys", "shared", "statement", "model", "heard")


def seal_state(state: SiteState, stage: str, settings: RoundSettings, identity: Identity) -> bytes:
    """A snapshot of a site's state, which only this site can open.

    Parameters
    ----------
    state : SiteState
    stage : str
        Where the round stands at this site.
    settings : RoundSettings
    identity : Identity
    """
    fields: dict[str, object] = {name: getattr(state, name).hex() for name in _BYTES}
    fields |= {
        "stage": stage,
        "box": state.box and state.box.private.hex(),
        "mask": state.mask and state.mask.private.hex(),
        "seed": state.seed and state.seed.hex(),
        "box_secrets": _spelt(state.box_secrets),
        "mask_secrets": _spelt(state.mask_secrets),
        "held": {str(site): [share.hex() for share in pair] for site, pair in state.held.items()},
        "adverts": {str(n): b"".join(one.parts()).hex() for n, one in state.adverts.items()},
        "fingerprint": state.fingerprint,
        "neighbours": state.neighbours,
        "graph": {str(site): drawn for site, drawn in state.graph.items()},
        "survivors": sorted(state.survivors),
        "given": state.vector is not None,
    }
    head = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")
    vector = b"" if state.vector is None else state.vector.tobytes()
    lengths = _LENGTHS.pack(len(head), len(vector), len(state.answer))
    nonce = randomness.random_bytes(_NONCE_BYTES)
    plain = b"".join([lengths, head, vector, state.answer])
    cipher = ChaCha20Poly1305(_key(settings, identity))
    return _MAGIC + nonce + cipher.encrypt(nonce, plain, _MAGIC + settings.digest)


def open_state(
    snapshot: bytes, settings: RoundSettings, identity: Identity
) -> tuple[SiteState, str]:
    """The state and the stage of a snapshot.

    Raises
    ------
    SnapshotRefused
        If it was made by another site, for another round, or altered.
    """
    start = len(_MAGIC) + _NONCE_BYTES
    plain: bytes | None = None
    if isinstance(snapshot, bytes) and snapshot.startswith(_MAGIC):
        nonce = snapshot[len(_MAGIC) : start]
        try:
            plain = ChaCha20Poly1305(_key(settings, identity)).decrypt(
                nonce, snapshot[start:], _MAGIC + settings.digest
            )
        except (InvalidTag, ValueError):
            plain = None
    if plain is None:
        raise SnapshotRefused(
            "The saved state of this site does not open.",
            f"A snapshot that {identity.name} made in round {settings.round_id}, unaltered.",
            "Leave this round; take part in the next one.",
        )
    head_bytes, vector_bytes, answer_bytes = _LENGTHS.unpack_from(plain)
    ends = np.cumsum([_LENGTHS.size, head_bytes, vector_bytes, answer_bytes]).tolist()
    fields = json.loads(plain[ends[0] : ends[1]])
    envelope = vector = None
    if fields["given"]:
        envelope, vector = Masked.envelope(settings)
        vector[:] = np.frombuffer(plain[ends[1] : ends[2]], dtype=settings.dtype)
    state = SiteState(
        vector=vector,
        envelope=envelope,
        box=_round_key(fields["box"]),
        mask=_round_key(fields["mask"]),
        seed=fields["seed"] and bytes.fromhex(fields["seed"]),
        box_secrets=_read(fields["box_secrets"]),
        mask_secrets=_read(fields["mask_secrets"]),
        held={
            int(site): (bytes.fromhex(pair[0]), bytes.fromhex(pair[1]))
            for site, pair in fields["held"].items()
        },
        adverts={
            int(site): Advert.read(memoryview(bytes.fromhex(one)))
            for site, one in fields["adverts"].items()
        },
        fingerprint=fields["fingerprint"],
        neighbours=tuple(fields["neighbours"]),
        graph={int(site): tuple(drawn) for site, drawn in fields["graph"].items()},
        survivors=frozenset(fields["survivors"]),
        answer=plain[ends[2] : ends[3]],
        **{name: bytes.fromhex(fields[name]) for name in _BYTES},
    )
    return state, fields["stage"]


def _key(settings: RoundSettings, identity: Identity) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=settings.digest, info=_TAG)
    return derive.derive(identity.private_key)


def _round_key(private: str | None) -> RoundKey | None:
    return None if private is None else RoundKey(bytes.fromhex(private))


def _spelt(secrets: Mapping[int, bytes]) -> dict[str, str]:
    return {str(peer): secret.hex() for peer, secret in secrets.items()}


def _read(spelt: Mapping[str, str]) -> dict[int, bytes]:
    return {int(peer): bytes.fromhex(secret) for peer, secret in spelt.items()}
