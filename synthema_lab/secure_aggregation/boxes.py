"""How does a share reach its receiver without the coordinator reading it?

Both shares for a receiver are sealed together with ChaCha20-Poly1305
(RFC 8439) under a key that only the two sites derive. The nonce is random, so
that a site which is restarted and seals again never repeats one; sender,
receiver and round are authenticated.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .. import randomness
from .errors import ShareRefused
from .shamir import SHARE_BYTES, element

_NONCE_BYTES = 12


def seal(key: bytes, keys_digest: bytes, key_share: bytes, seed_share: bytes) -> bytes:
    """Seal a share of the mask key and one of the self-mask seed, 33 bytes each.

    Examples
    --------
    >>> box = seal(b"k" * 32, b"d" * 32, bytes(33), b"\\x00" * 32 + b"\\x01")
    >>> unseal(b"k" * 32, b"d" * 32, box)[1][-1]
    1
    """
    nonce = randomness.random_bytes(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, key_share + seed_share, keys_digest)


def unseal(key: bytes, keys_digest: bytes, box: bytes) -> tuple[bytes, bytes]:
    """Open a box: the share of the mask key and the share of the self-mask seed.

    Raises
    ------
    ShareRefused
        If the box was sealed for another receiver or round, or was altered.
    """
    nonce, sealed = box[:_NONCE_BYTES], box[_NONCE_BYTES:]
    try:
        opened = ChaCha20Poly1305(key).decrypt(nonce, sealed, keys_digest)
    except InvalidTag as error:
        raise ShareRefused(
            "A sealed share does not open.",
            "A share sealed by a site of this round for this site, unaltered.",
            "Check the channel, and start a new round.",
        ) from error
    shares = opened[:SHARE_BYTES], opened[SHARE_BYTES:]
    for share in shares:
        element(share)
    return shares
