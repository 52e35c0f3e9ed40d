"""What does a site answer to each of the coordinator's messages, after which checks?

One function a stage. Each takes what the site agreed to, its number, its state
and the body of the message, refuses what it must not answer, and returns the
body of the answer. Sending, signing and turn-taking are `Site`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from . import keys, masks
from .dealing import deal, take
from .errors import RoundMismatch, VectorRefused
from .evidence import checked_adverts, require_agreement, require_quorum, require_survivors
from .frames import Kind
from .messages import (
    ADVERT_FRAME_BYTES,
    AGREED_FRAME_BYTES,
    Agreed,
    Body,
    Boxes,
    Frames,
    Masked,
    Survivors,
    Unmasking,
)
from .settings import RoundSettings
from .site_state import SiteState


def share(settings: RoundSettings, site: int, state: SiteState, body: memoryview) -> Boxes:
    """Check everybody's keys; split and seal the secrets for each of them."""
    frames = Frames.read(body, ADVERT_FRAME_BYTES).frames
    adverts = checked_adverts(settings, frames, site, state.advert)
    for peer in adverts.keys() - {site}:
        state.box_secrets[peer] = state.box.agree(adverts[peer].box_key)
        state.mask_secrets[peer] = state.mask.agree(adverts[peer].mask_key)
    state.keys = keys.keys_digest(settings, frames)
    state.held, boxes = deal(
        settings, state.keys, site, state.box_secrets, state.mask.private, state.seed
    )
    return Boxes(state.keys, boxes)


def cover(settings: RoundSettings, site: int, state: SiteState, body: memoryview) -> Masked:
    """Open the shares held for others; cover the vector with all masks.

    A pair's mask is added by the smaller number and subtracted by the larger,
    so that it cancels in the sum.
    """
    if state.vector is None:
        raise VectorRefused(
            "This site has no vector for this round.",
            "contribute(vector) before the shares are delivered.",
            "Start a new round and contribute first.",
        )
    delivery = Boxes.read(body)
    if delivery.keys_digest != state.keys:
        raise RoundMismatch(
            "Shares were delivered for another list of keys.",
            "The list of keys this site was given.",
            "Start a new round, and check the coordinator.",
        )
    state.held |= take(settings, state.keys, site, state.box_secrets, delivery.boxes)
    require_quorum(settings, state.held, "shares")
    state.sharers = keys.sharers_digest(state.keys, state.held)
    vector, state.vector = state.vector, None
    masks.add_mask(vector, keys.self_mask_key(settings, state.keys, state.seed, site))
    for peer in delivery.boxes:
        key = keys.pair_mask_key(settings, state.keys, state.mask_secrets[peer], site, peer)
        (masks.add_mask if site < peer else masks.subtract_mask)(vector, key)
    state.box = state.mask = state.seed = None
    state.box_secrets, state.mask_secrets = {}, {}
    return Masked(state.sharers, memoryview(vector).cast("B"))


def agree(settings: RoundSettings, site: int, state: SiteState, body: memoryview) -> Agreed:
    """Sign the one set of survivors that this site will ever open for."""
    survivors = Survivors.read(body).numbers
    require_survivors(settings, survivors, state.held, site)
    state.survivors = frozenset(survivors)
    state.statement = keys.agreement_digest(state.sharers, survivors)
    return Agreed(state.statement)


def unmask(settings: RoundSettings, site: int, state: SiteState, body: memoryview) -> Unmasking:
    """Check that a quorum signed the same; open one kind of share for each site."""
    frames = Frames.read(body, AGREED_FRAME_BYTES).frames
    require_agreement(settings, frames, state.statement, state.survivors)
    seed_shares, key_shares = {}, {}
    for peer, (key_share, seed_share) in state.held.items():
        if peer in state.survivors:
            seed_shares[peer] = seed_share
        else:
            key_shares[peer] = key_share
    return Unmasking(state.statement, seed_shares, key_shares)


Answer = Callable[[RoundSettings, int, SiteState, memoryview], Body]

ANSWERS: dict[str, tuple[Kind, Kind, Answer, str]] = {
    "keys": (Kind.KEYS, Kind.SHARES, share, "delivery"),
    "delivery": (Kind.DELIVERY, Kind.MASKED, cover, "survivors"),
    "survivors": (Kind.SURVIVORS, Kind.AGREED, agree, "quorum"),
    "quorum": (Kind.QUORUM, Kind.UNMASKING, unmask, "ended"),
}
"""By stage: the message expected, the kind of answer, what makes it, the next stage."""
