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
from .coordinator_state import CoordinatorState
from .errors import ShareRefused, TooFewSurvivors
from .graph import holders
from .messages import Unmasking
from .settings import RoundSettings


def require_rebuildable(
    settings: RoundSettings, state: CoordinatorState, unmaskings: Collection[int]
) -> None:
    """Refuse to open while the neighbours of some site have not answered in number.

    Raises
    ------
    TooFewSurvivors
        More may still be waited for.
    """
    if settings.complete:
        return
    opened = set(unmaskings)
    short = [
        site
        for site, neighbours in state.graph.items()
        if len(opened & {site, *neighbours}) < settings.shares_needed
    ]
    if short:
        raise TooFewSurvivors(
            f"Of {len(short)} sites, too few neighbours answered to take their masks off.",
            f"{settings.shares_needed} of {settings.neighbours} neighbours and the site itself.",
            "Wait for more sites, or start a new round with fewer sites lost.",
        )


def remove_masks(
    total: np.ndarray,
    settings: RoundSettings,
    state: CoordinatorState,
    unmaskings: Mapping[int, Unmasking],
) -> None:
    """Remove all masks from the sum of masked vectors, in place.

    Parameters
    ----------
    total : numpy.ndarray of settings.dtype, shape (length,)
        Sum of the survivors' masked vectors.
    settings : RoundSettings
    state : CoordinatorState
        Signed keys, who shared with whom, and whose vectors are in the sum.
    unmaskings : mapping of int to Unmasking
        Opened shares by number of the site that opened them; enough for every site.

    Raises
    ------
    ShareRefused
        If a rebuilt secret is not the one that was committed to.
    """
    survivors = set(state.survivors)
    everyone = sorted(state.adverts)
    weights: dict[tuple[int, ...], dict[int, int]] = {}
    taken_off, put_back = [], []
    for site, neighbours in state.graph.items():
        answered = holders(site, everyone if settings.complete else neighbours)
        answered = [one for one in answered if one in unmaskings][: settings.shares_needed]
        weigh = weights.setdefault(tuple(answered), {}) or shamir.weights_at_zero(answered)
        weights[tuple(answered)] = weigh
        if site in survivors:
            shares = {one: unmaskings[one].seed_shares[site] for one in answered}
            seed = shamir.rebuild(shares, weigh)
            if keys.seed_commitment(settings, site, seed) != state.adverts[site].seed_commitment:
                raise _not_committed(settings, site)
            taken_off.append(keys.self_mask_key(settings, state.shared, seed, site))
            continue
        shares = {one: unmaskings[one].key_shares[site] for one in answered}
        private_key = keys.RoundKey(shamir.rebuild(shares, weigh))
        if private_key.public != state.adverts[site].mask_key:
            raise _not_committed(settings, site)
        for peer in survivors & _partners(settings, state, site):
            secret = private_key.agree(state.adverts[peer].mask_key)
            key = keys.pair_mask_key(settings, state.shared, secret, site, peer)
            # The survivor with the smaller number added this mask; take it out again.
            (taken_off if peer < site else put_back).append(key)
    masks.apply_masks(total, put_back, taken_off)


def _partners(settings: RoundSettings, state: CoordinatorState, site: int) -> set[int]:
    """The sites that a dropped one had masks with."""
    if settings.complete:
        return set(state.graph)
    return {*state.graph[site], *state.held[site]} - {site}


def _not_committed(settings: RoundSettings, site: int) -> ShareRefused:
    return ShareRefused(
        f"The opened shares of {settings.roster.names[site]} do not rebuild what it committed to.",
        "Shares as that site gave them out.",
        "Start a new round; if it happens again, leave out sites until it stops.",
    )
