"""What does the coordinator check in a site's message, and send when a stage closes?

Two functions a stage. `accept_...` takes a site's opened frame and its message,
refuses what does not belong, and returns what is kept of it; the masked
vectors are added up at once. The other turns what was kept from all sites into
the next messages. Turn-taking is `Coordinator`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from . import keys
from .coordinator_state import CoordinatorState
from .encoding import decode
from .errors import RoundMismatch, SiteUnknown, SurvivorsDisagree
from .evidence import require_own_keys
from .frames import Buffer, Frame, Kind, read, write
from .messages import (
    Advert,
    Agreed,
    Body,
    Boxes,
    Delivery,
    Frames,
    Masked,
    Survivors,
    Unmasking,
)
from .settings import RoundSettings
from .unmasking import remove_masks, require_rebuildable

_ANY_KEY = keys.RoundKey(bytes(32))


def accept_advert(
    settings: RoundSettings, state: CoordinatorState, frame: Frame, message: Buffer
) -> tuple[Advert, bytes]:
    """Keep a site's keys with the signed message that holds them.

    Keys that the sites would refuse are refused here, so that they end the round
    for the site that sent them and for nobody else.
    """
    advert = Advert.read(frame.body)
    for key in (advert.box_key, advert.mask_key):
        _ANY_KEY.agree(key, settings.roster.names[frame.sender])  # which a key of low order cannot
    require_own_keys(settings, frame.sender, advert, state.round_keys)
    return advert, bytes(message)


def send_keys(
    settings: RoundSettings, state: CoordinatorState, adverts: dict[int, tuple[Advert, bytes]]
) -> dict[int, bytes]:
    """Everybody's signed keys, to everybody."""
    state.adverts = {site: advert for site, (advert, _) in adverts.items()}
    frames = tuple(message for _, message in adverts.values())
    state.keys = keys.keys_digest(settings, frames)
    state.stage = "share"
    return dict.fromkeys(adverts, _write(settings, Kind.KEYS, Frames(frames)))


def accept_shares(
    settings: RoundSettings, state: CoordinatorState, frame: Frame, message: Buffer
) -> Boxes:
    """Keep a site's sealed shares: one for each neighbour."""
    shares = Boxes.read(frame.body)
    _require_same(settings, frame, shares.keys_digest, state.keys)
    others = set(state.expected) - {frame.sender}
    several = min(settings.neighbours, len(others))
    if len(shares.boxes) != several:
        raise _about_others(settings, frame)
    _require_about(settings, frame, set(shares.boxes) - others, set())
    return shares


def deliver(
    settings: RoundSettings, state: CoordinatorState, shares: dict[int, Boxes]
) -> dict[int, bytes]:
    """To each site that gave out shares: the graph, and the shares that are for it."""
    state.graph = {
        site: () if settings.complete else tuple(sorted(shares[site].boxes)) for site in shares
    }
    state.shared = keys.sharers_digest(state.keys, state.graph, state.model)
    state.stage = "mask"
    delivered: dict[int, dict[int, bytes]] = {site: {} for site in shares}
    for sender, sent in shares.items():
        for receiver in sent.boxes.keys() & delivered.keys():
            delivered[receiver][sender] = sent.boxes[receiver]
    graph = Delivery.graph_bytes(state.graph)
    return {
        receiver: write(
            Kind.DELIVERY, settings, Delivery(state.keys, state.graph, boxes).parts(graph)
        )
        for receiver, boxes in delivered.items()
    }


def accept_masked(
    settings: RoundSettings, state: CoordinatorState, frame: Frame, message: Buffer
) -> bytes:
    """Add a site's masked vector to the running sum; keep what it signed, for its neighbours."""
    masked = Masked.read(frame.body, settings)
    _require_same(settings, frame, masked.sharers_digest, state.shared)
    if not settings.complete:
        covered = read(masked.covered, settings, Kind.COVERED)
        if covered.sender != frame.sender:
            raise _about_others(settings, frame)
        _require_same(settings, frame, Agreed.read(covered.body).statement, state.shared)
    state.total += np.frombuffer(masked.vector, dtype=state.total.dtype)
    return masked.covered


def name_survivors(
    settings: RoundSettings, state: CoordinatorState, masked: dict[int, bytes]
) -> dict[int, bytes]:
    """Whose vectors arrived, to each of them."""
    state.survivors = tuple(masked)
    state.statement = keys.agreement_digest(state.shared, masked)
    state.stage = "agree"
    covered = () if settings.complete else tuple(masked.values())
    named = Survivors(state.survivors, covered)
    return dict.fromkeys(masked, _write(settings, Kind.SURVIVORS, named))


def accept_agreed(
    settings: RoundSettings, state: CoordinatorState, frame: Frame, message: Buffer
) -> bytes:
    """Keep a site's signature under the survivors."""
    if Agreed.read(frame.body).statement != state.statement:
        raise SurvivorsDisagree(
            f"{settings.roster.names[frame.sender]} agreed to other survivors.",
            "The survivors that were sent to it.",
            "Check the channel to that site, and start a new round.",
        )
    return bytes(message)


def send_quorum(
    settings: RoundSettings, state: CoordinatorState, agreed: dict[int, bytes]
) -> dict[int, bytes]:
    """All signatures, to everybody who signed."""
    state.stage = "unmask"
    return dict.fromkeys(agreed, _write(settings, Kind.QUORUM, Frames(tuple(agreed.values()))))


def accept_unmasking(
    settings: RoundSettings, state: CoordinatorState, frame: Frame, message: Buffer
) -> Unmasking:
    """Keep a site's opened shares: of one kind for each site that dealt to it."""
    unmasking = Unmasking.read(frame.body)
    _require_same(settings, frame, unmasking.statement, state.statement)
    survivors, sharers = set(state.survivors), set(state.graph)
    held = sharers if settings.complete else state.held[frame.sender]
    _require_about(settings, frame, unmasking.seed_shares, held & survivors)
    _require_about(settings, frame, unmasking.key_shares, held - survivors)
    return unmasking


def open_sum(
    settings: RoundSettings, state: CoordinatorState, unmaskings: dict[int, Unmasking]
) -> np.ndarray:
    """Take all masks off the running sum, and decode it."""
    require_rebuildable(settings, state, unmaskings)
    state.stage = "ended"
    total, state.total = state.total, np.zeros(0, dtype=state.total.dtype)
    remove_masks(total, settings, state, unmaskings)
    return decode(total, settings, len(state.survivors))


STAGES: dict[str, tuple[Kind, Callable, Callable]] = {
    "advertise": (Kind.ADVERT, accept_advert, send_keys),
    "share": (Kind.SHARES, accept_shares, deliver),
    "mask": (Kind.MASKED, accept_masked, name_survivors),
    "agree": (Kind.AGREED, accept_agreed, send_quorum),
    "unmask": (Kind.UNMASKING, accept_unmasking, open_sum),
}
"""By stage: the kind of message, what takes one in, what closes the stage."""


def _write(settings: RoundSettings, kind: Kind, body: Body) -> bytes:
    return write(kind, settings, body.parts())


def _require_same(settings: RoundSettings, frame: Frame, found: bytes, expected: bytes) -> None:
    if found != expected:
        raise RoundMismatch(
            f"{settings.roster.names[frame.sender]} was given other keys, shares, survivors "
            "or another model than the coordinator sent.",
            "The same at every site.",
            "Check the channel to that site, and start a new round.",
        )


def _require_about(
    settings: RoundSettings, frame: Frame, found: Collection[int], expected: set[int]
) -> None:
    if set(found) != expected:
        raise _about_others(settings, frame)


def _about_others(settings: RoundSettings, frame: Frame) -> SiteUnknown:
    return SiteUnknown(
        f"{settings.roster.names[frame.sender]} sent shares about other sites than it was "
        "asked for.",
        "One share for each site of this stage that it deals with, of one kind.",
        "Check that both ends run the same version, and start a new round.",
    )
