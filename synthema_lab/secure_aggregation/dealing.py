"""How does a site deal its two secrets to the others, and take what they deal?

Each site splits the private key behind its pair masks and the seed of its own
mask among its neighbours (all sites that sent keys, up to 100) and itself, and
seals both shares for their receiver.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import keys
from .boxes import seal, unseal
from .graph import holders
from .settings import RoundSettings
from .shamir import split

Held = dict[int, tuple[bytes, bytes]]


def deal(
    settings: RoundSettings,
    keys_digest: bytes,
    site: int,
    secrets: Mapping[int, bytes],
    mask_key: bytes,
    seed: bytes,
) -> tuple[Held, dict[int, bytes]]:
    """Split and seal a site's secrets.

    Parameters
    ----------
    settings : RoundSettings
    keys_digest : bytes
        Digest of all adverts.
    site : int
        The number of the site that deals.
    secrets : mapping of int to bytes
        By number of every neighbour, what their sealing keys agree on.
    mask_key : bytes
        The private key behind this site's pair masks, 32 bytes.
    seed : bytes
        Seed of its own mask, 32 bytes.

    Returns
    -------
    held : dict of int to (bytes, bytes)
        The shares it keeps of its own mask key and seed.
    boxes : dict of int to bytes
        A sealed box for every neighbour.
    """
    holding = holders(site, secrets)
    key_shares = split(mask_key, settings.shares_needed, holding)
    seed_shares = split(seed, settings.shares_needed, holding)
    boxes = {}
    for peer, secret in secrets.items():
        key = keys.box_key(settings, keys_digest, secret, site, peer)
        boxes[peer] = seal(key, keys_digest, key_shares[peer], seed_shares[peer])
    return {site: (key_shares[site], seed_shares[site])}, boxes


def take(
    settings: RoundSettings,
    keys_digest: bytes,
    site: int,
    secrets: Mapping[int, bytes],
    boxes: Mapping[int, bytes],
) -> Held:
    """Open the boxes that other sites sealed for this one.

    Parameters
    ----------
    secrets : mapping of int to bytes
        By number of every sender, what their sealing keys agree on.
    boxes : mapping of int to bytes
        By number of the sender.

    Returns
    -------
    dict of int to (bytes, bytes)
        Shares of the mask key and of the seed of every sender.

    Raises
    ------
    ShareRefused
        If a box was not sealed by that sender for this site in this round.
    """
    held = {}
    for peer, sealed in boxes.items():
        key = keys.box_key(settings, keys_digest, secrets[peer], peer, site)
        held[peer] = unseal(key, keys_digest, sealed)
    return held
