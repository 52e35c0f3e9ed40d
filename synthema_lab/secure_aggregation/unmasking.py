"""How are the masks removed once the quorum has opened its shares?

For every survivor the self-mask seed is rebuilt and its mask subtracted. For
every site that dropped after sharing, its mask key is rebuilt and the pair
masks that it left in the survivors' vectors are taken out. Whatever is rebuilt
is first compared with what the site committed to under its signature, so that
a wrong share stops the round instead of spoiling the sum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from . import keys, masks, shamir
from .errors import ShareRefused
from .messages import Advert, Unmasking
from .settings import RoundSettings


def remove_masks(
    total: np.ndarray,
    settings: RoundSettings,
    adverts: Mapping[int, Advert],
    keys_digest: bytes,
    survivors: Collection[int],
    dropped: Collection[int],
    unmaskings: Mapping[int, Unmasking],
) -> None:
    """Remove all masks from the sum of masked vectors, in place.

    Parameters
    ----------
    total : numpy.ndarray of settings.dtype, shape (length,)
        Sum of the survivors' masked vectors.
    settings : RoundSettings
    adverts : mapping of int to Advert
        Signed keys and commitments by site number.
    keys_digest : bytes
    survivors, dropped : collection of int
        Sites whose vectors are in the sum; sites that shared and then dropped.
    unmaskings : mapping of int to Unmasking
        Opened shares by number of the site that opened them; at least the threshold.

    Raises
    ------
    ShareRefused
        If a rebuilt secret is not the one that was committed to.
    """
    holders = sorted(unmaskings)[: settings.threshold]
    weights = shamir.weights_at_zero(holders)
    seeds, private_keys = {}, {}
    for site in survivors:
        shares = {holder: unmaskings[holder].seed_shares[site] for holder in holders}
        seeds[site] = shamir.rebuild(shares, weights)
        commitment = keys.seed_commitment(settings, site, seeds[site])
        if commitment != adverts[site].seed_commitment:
            raise _not_committed(settings, site)
    for site in dropped:
        shares = {holder: unmaskings[holder].key_shares[site] for holder in holders}
        private_keys[site] = keys.RoundKey(shamir.rebuild(shares, weights))
        if private_keys[site].public != adverts[site].mask_key:
            raise _not_committed(settings, site)
    for site, seed in seeds.items():
        masks.subtract_mask(total, keys.self_mask_key(settings, keys_digest, seed, site))
    for site, private_key in private_keys.items():
        for peer in survivors:
            secret = private_key.agree(adverts[peer].mask_key)
            key = keys.pair_mask_key(settings, keys_digest, secret, site, peer)
            # The survivor with the smaller number added this mask; take it out again.
            (masks.subtract_mask if peer < site else masks.add_mask)(total, key)


def _not_committed(settings: RoundSettings, site: int) -> ShareRefused:
    return ShareRefused(
        f"The opened shares of {settings.roster.names[site]} do not rebuild what it committed to.",
        "Shares as that site gave them out.",
        "Start a new round; if it happens again, leave out sites until it stops.",
    )
