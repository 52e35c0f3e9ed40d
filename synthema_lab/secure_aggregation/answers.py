"""What does a site answer to each of the coordinator's messages, after which checks?

One function a stage. Each takes what the site agreed to, its number, its state,
the body of the message and the site's journal, refuses what it must not answer,
and returns the body of the answer. Sending, signing and turn-taking are `Site`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import graph, keys, masks
from .dealing import deal, take
from .errors import RoundMismatch, VectorRefused
from .evidence import (
    checked_adverts,
    require_agreement,
    require_covered,
    require_graph,
    require_holders,
    require_survivors,
)
from .frames import Envelope, Kind
from .journal import Journal
from .messages import (
    ADVERT_FRAME_BYTES,
    AGREED_FRAME_BYTES,
    Agreed,
    Body,
    Boxes,
    Delivery,
    Frames,
    Survivors,
    Unmasking,
)
from .settings import RoundSettings
from .site_state import SiteState


def share(
    settings: RoundSettings, site: int, state: SiteState, body: memoryview, journal: Journal
) -> Boxes:
    """Check everybody's keys; draw neighbours; split and seal the secrets for each of them."""
    frames = Frames.read(body, ADVERT_FRAME_BYTES).frames
    state.adverts = checked_adverts(settings, frames, site, state.advert)
    state.neighbours = graph.draw(settings.neighbours, state.adverts.keys() - {site})
    agree_with(settings, state, state.neighbours)
    state.keys = keys.keys_digest(settings, frames)
    secrets = {peer: state.box_secrets[peer] for peer in state.neighbours}
    state.held, boxes = deal(settings, state.keys, site, secrets, state.mask.private, state.seed)
    return Boxes(state.keys, boxes)


def cover(
    settings: RoundSettings, site: int, state: SiteState, body: memoryview, journal: Journal
) -> Envelope:
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
    delivery = Delivery.read(body)
    if delivery.keys_digest != state.keys:
        raise RoundMismatch(
            "Shares were delivered for another list of keys.",
            "The list of keys this site was given.",
            "Start a new round, and check the coordinator.",
        )
    require_graph(settings, delivery, state.adverts, site, state.neighbours)
    agree_with(settings, state, delivery.boxes)
    state.held |= take(settings, state.keys, site, state.box_secrets, delivery.boxes)
    state.graph = dict(delivery.graph)
    state.shared = keys.sharers_digest(state.keys, delivery.graph, state.model)
    journal.sent(state.fingerprint)
    vector, state.vector = state.vector, None
    envelope, state.envelope = state.envelope, None
    added, subtracted = [], []
    added.append(keys.self_mask_key(settings, state.shared, state.seed, site))
    for peer in sorted({*delivery.boxes, *state.neighbours} & state.graph.keys()):
        key = keys.pair_mask_key(settings, state.shared, state.mask_secrets[peer], site, peer)
        (added if site < peer else subtracted).append(key)
    masks.apply_masks(vector, added, subtracted)
    state.box = state.mask = state.seed = None
    state.box_secrets, state.mask_secrets, state.adverts = {}, {}, {}
    return envelope


def agree(
    settings: RoundSettings, site: int, state: SiteState, body: memoryview, journal: Journal
) -> Agreed:
    """Sign the one set of survivors that this site will ever open for."""
    named = Survivors.read(body, settings)
    survivors = named.numbers
    require_survivors(settings, survivors, state.graph, site)
    if not settings.complete:
        require_holders(settings, survivors, state.graph)
        require_covered(settings, named, state.held, state.shared)
    journal.require_openable(state.fingerprint, survivors)
    state.survivors = frozenset(survivors)
    state.statement = keys.agreement_digest(state.shared, survivors)
    return Agreed(state.statement)


def unmask(
    settings: RoundSettings, site: int, state: SiteState, body: memoryview, journal: Journal
) -> Unmasking:
    """Check that a quorum signed the same; open one kind of share for each site."""
    frames = Frames.read(body, AGREED_FRAME_BYTES).frames
    require_agreement(settings, frames, state.statement, state.survivors)
    journal.opened(state.fingerprint, state.survivors)
    seed_shares, key_shares = {}, {}
    for peer, (key_share, seed_share) in state.held.items():
        if peer in state.survivors:
            seed_shares[peer] = seed_share
        else:
            key_shares[peer] = key_share
    return Unmasking(state.statement, seed_shares, key_shares)


def agree_with(settings: RoundSettings, state: SiteState, peers: Iterable[int]) -> None:
    """Agree on secrets with the peers that this site has none with yet."""
    for peer in peers:
        if peer not in state.box_secrets:
            advert, name = state.adverts[peer], settings.roster.names[peer]
            state.box_secrets[peer] = state.box.agree(advert.box_key, name)
            state.mask_secrets[peer] = state.mask.agree(advert.mask_key, name)


Answer = Callable[[RoundSettings, int, SiteState, memoryview, Journal], Body | Envelope]

ANSWERS: dict[str, tuple[Kind, Kind, Answer, str]] = {
    "keys": (Kind.KEYS, Kind.SHARES, share, "delivery"),
    "delivery": (Kind.DELIVERY, Kind.MASKED, cover, "survivors"),
    "survivors": (Kind.SURVIVORS, Kind.AGREED, agree, "quorum"),
    "quorum": (Kind.QUORUM, Kind.UNMASKING, unmask, "ended"),
}
"""By stage: the message expected, the kind of answer, what makes it, the next stage."""
