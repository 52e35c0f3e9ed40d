"""How is a secret split so that a quorum can rebuild it and fewer learn nothing?

Shamir 1979 over the integers modulo ``2**256 + 297``, the smallest prime above
``2**256``. Against bytewise GF(2^8): every 32-byte secret is one field element,
so there are no lookup tables indexed by secrets and no limit of 255 sites, and
a wrong set of shares mostly rebuilds to a number with no 32-byte form, which is
refused before anything else looks at it. The price is 33 bytes a share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .. import randomness
from .errors import ShareRefused

PRIME = 2**256 + 297
SHARE_BYTES = 33


def split(secret: bytes, threshold: int, holders: Sequence[int]) -> dict[int, bytes]:
    """Split a secret.

    Parameters
    ----------
    secret : bytes
        32 bytes.
    threshold : int
        Number of shares that rebuild it; at least 1.
    holders : sequence of int
        Distinct numbers of the holding sites, from 0.

    Returns
    -------
    dict of int to bytes
        A share of 33 bytes for each holder.

    Examples
    --------
    >>> shares = split(b"s" * 32, threshold=2, holders=[0, 1, 2])
    >>> rebuild({0: shares[0], 2: shares[2]}) == b"s" * 32
    True
    """
    coefficients = [int.from_bytes(secret, "big")]
    coefficients += [_element() for _ in range(threshold - 1)]
    shares = {}
    for holder in holders:
        value = 0
        for coefficient in reversed(coefficients):
            value = (value * (holder + 1) + coefficient) % PRIME
        shares[holder] = value.to_bytes(SHARE_BYTES, "big")
    return shares


def rebuild(shares: Mapping[int, bytes], weights: Mapping[int, int] | None = None) -> bytes:
    """Rebuild a secret from as many shares as the threshold.

    Parameters
    ----------
    shares : mapping of int to bytes
        Shares by number of their holder.
    weights : mapping of int to int, optional
        `weights_at_zero` of the holders, where many secrets have the same holders.

    Returns
    -------
    bytes
        32 bytes. Fewer shares, or altered ones, give other bytes or an error:
        the caller compares with a commitment.

    Raises
    ------
    ShareRefused
        If a share is not a field element or the result has no 32-byte form.
    """
    if weights is None:
        weights = weights_at_zero(tuple(shares))
    value = 0
    for holder, share in shares.items():
        value += weights[holder] * element(share)
    value %= PRIME
    if value >= 2**256:
        raise _refused("The shares rebuild no secret.")
    return value.to_bytes(32, "big")


def weights_at_zero(holders: Sequence[int]) -> dict[int, int]:
    """Lagrange weights, at zero, of the shares of `holders`.

    The weight of a holder at place x is the product of all places, divided by x
    and by the differences to the other places. All the divisors are inverted at
    the price of one (Montgomery 1987).
    """
    divisors, running = [], [1]
    everything = 1
    for holder in holders:
        differences = [other - holder for other in holders if other != holder]
        divisor = math.prod(differences, start=holder + 1) % PRIME
        everything = everything * (holder + 1) % PRIME
        divisors.append(divisor)
        running.append(running[-1] * divisor % PRIME)
    inverse = pow(running.pop(), -1, PRIME)
    weights = {}
    for holder, divisor in zip(reversed(holders), reversed(divisors), strict=True):
        weights[holder] = everything * inverse * running.pop() % PRIME
        inverse = inverse * divisor % PRIME
    return weights


def element(share: bytes) -> int:
    """The field element of a share; ShareRefused unless it has its canonical form."""
    value = int.from_bytes(share, "big")
    if len(share) != SHARE_BYTES or value >= PRIME:
        raise _refused("A share is not in its canonical form.")
    return value


def _element() -> int:
    """A uniform field element: 257 bits, drawn again when they reach the prime."""
    while True:
        value = int.from_bytes(randomness.random_bytes(SHARE_BYTES), "big") % 2**257
        if value < PRIME:
            return value


def _refused(happened: str) -> ShareRefused:
    return ShareRefused(
        happened,
        f"{SHARE_BYTES} bytes that a site received in this round.",
        "Start a new round; if it happens again, ask the sites to compare versions.",
    )
