"""What must hold in what the coordinator shows a site, before the site goes on?

A coordinator may break the protocol. So a site believes nothing in a message
that it cannot check: keys must be signed by the sites of the roster, its own
must be unaltered, and before it opens a share it must hold the signatures of a
quorum under the very keys, sharers and survivors that it saw itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .errors import (
    KeyRefused,
    RoundMismatch,
    SiteUnknown,
    SurvivorsDisagree,
    TooFewSurvivors,
)
from .frames import Kind, read
from .graph import Graph
from .messages import Advert, Agreed, Delivery, Survivors
from .settings import RoundSettings

_X25519_PRIME = 2**255 - 19


def checked_adverts(
    settings: RoundSettings, frames: Sequence[bytes], site: int, own: bytes
) -> dict[int, Advert]:
    """The adverts of all sites by number.

    Parameters
    ----------
    settings : RoundSettings
    frames : sequence of bytes
        Signed adverts as the coordinator passed them on.
    site : int
        The site that checks.
    own : bytes
        The advert it sent.

    Raises
    ------
    SignatureRefused, SiteUnknown, KeyRefused, TooFewSurvivors
    """
    _require_no_more(settings, frames)
    adverts, senders = {}, []
    for frame in frames:
        opened = read(frame, settings, Kind.ADVERT)
        adverts[opened.sender] = Advert.read(opened.body)
        senders.append(opened.sender)
        if opened.sender == site and frame != own:
            raise KeyRefused(
                "This site's own keys were replaced in the list of keys.",
                "The advert it sent, unaltered.",
                "Start a new round, and check the coordinator.",
            )
    _require_ascending(senders)
    if site not in adverts:
        raise SiteUnknown(
            "This site is missing from the list of keys.",
            "A list that holds the site it is sent to.",
            "Start a new round.",
        )
    seen: set[bytes] = set()
    for sender, advert in adverts.items():
        require_own_keys(settings, sender, advert, seen)
    require_quorum(settings, adverts, "keys")
    return adverts


def require_own_keys(
    settings: RoundSettings, sender: int, advert: Advert, seen: set[bytes]
) -> None:
    """Refuse keys that are not in canonical form, or that another site sent; remember them.

    Raises
    ------
    KeyRefused
    """
    name, public = settings.roster.names[sender], (advert.box_key, advert.mask_key)
    if any(int.from_bytes(key, "little") >= _X25519_PRIME for key in public):
        raise KeyRefused(
            f"A round key of {name} is not in its canonical form: it is another key written "
            "otherwise.",
            "X25519 public keys as RFC 7748 encodes them, below 2**255 - 19.",
            f"Remove {name} from the roster.",
        )
    if len({*public}) != len(public) or not seen.isdisjoint(public):
        raise KeyRefused(
            f"A round key of {name} appears twice in the list of keys.",
            "Keys of its own for every site and purpose.",
            f"Remove {name} from the roster, or the site that it copied from.",
        )
    seen.update(public)


def require_graph(
    settings: RoundSettings,
    delivery: Delivery,
    adverts: Collection[int],
    site: int,
    neighbours: tuple[int, ...],
) -> None:
    """Refuse a delivery whose graph is not one that these sites can have drawn.

    Every site that gave out shares names as many neighbours as agreed; this
    site's are those that it drew; and what is delivered comes from exactly
    those that drew this site.

    Raises
    ------
    TooFewSurvivors, SiteUnknown, RoundMismatch
    """
    require_quorum(settings, delivery.graph, "shares")
    if site not in delivery.graph or not set(delivery.graph) <= set(adverts):
        raise SiteUnknown(
            "The sites that gave out shares are not those that sent keys, with this one.",
            "Senders from the list of keys.",
            "Start a new round.",
        )
    several = 0 if settings.complete else min(settings.neighbours, len(adverts) - 1)
    for sender, named in delivery.graph.items():
        if len(named) != several or sender in named or not set(named) <= set(adverts):
            raise SiteUnknown(
                f"Neighbours of {settings.roster.names[sender]} are named that it cannot have.",
                f"{several} other sites from the list of keys.",
                "Start a new round, and check the coordinator.",
            )
    if not settings.complete and delivery.graph[site] != neighbours:
        raise RoundMismatch(
            "Other neighbours are named for this site than it drew.",
            "Those for which it sealed its shares.",
            "Start a new round, and check the coordinator.",
        )
    drew = {one for one in delivery.graph if settings.complete or site in delivery.graph[one]}
    if set(delivery.boxes) != drew - {site}:
        raise SiteUnknown(
            "Shares were delivered from other sites than those that dealt to this one.",
            "One sealed share from each of them.",
            "Start a new round.",
        )


def require_survivors(
    settings: RoundSettings, survivors: Collection[int], sharers: Collection[int], site: int
) -> None:
    """Refuse survivors that are too few, gave out no shares, or do not hold this site.

    Raises
    ------
    TooFewSurvivors, SiteUnknown, SurvivorsDisagree
    """
    require_quorum(settings, survivors, "masked vectors")
    if not set(survivors) <= set(sharers):
        raise SiteUnknown(
            "A survivor is named that gave out no shares.",
            "A subset of the sites whose shares were delivered.",
            "Start a new round.",
        )
    if site not in survivors:
        raise SurvivorsDisagree(
            "This site sent its masked vector and is declared dropped.",
            "Its own number among the survivors.",
            "Start a new round; this site opens nothing for this one.",
        )


def require_holders(settings: RoundSettings, survivors: Collection[int], graph: Graph) -> None:
    """Refuse survivors of whom one has too few holders among them to be opened.

    Such a site would be cut off: everything but its vector could be opened, and
    its vector be taken from a later sum by subtraction.

    Raises
    ------
    TooFewSurvivors
    """
    left = set(survivors)
    short = sum(len(left & {one, *graph[one]}) < settings.shares_needed for one in left)
    if short:
        raise TooFewSurvivors(
            f"Of {short} survivors, too few neighbours are among the survivors.",
            f"{settings.shares_needed} of {settings.neighbours} neighbours and the site itself.",
            "Start a new round with fewer sites lost.",
        )


def require_covered(
    settings: RoundSettings, named: Survivors, held: Collection[int], shared: bytes
) -> None:
    """Refuse to open for a site that covered its vector under another graph than this one.

    Among few sites the survivors that all agree on hold a mask of every vector.
    Neighbours are few enough to be missing all at once: a site that was shown
    another graph would have masks with nobody who survives.

    Parameters
    ----------
    settings : RoundSettings
    named : Survivors
        With the frame that each of them signed.
    held : collection of int
        The sites whose shares this site holds.
    shared : bytes
        `keys.sharers_digest` of the graph that this site was shown.

    Raises
    ------
    SurvivorsDisagree, SignatureRefused
    """
    for number, frame in zip(named.numbers, named.covered, strict=True):
        if number in held:
            signed = read(frame, settings, Kind.COVERED)
            if signed.sender != number or Agreed.read(signed.body).statement != shared:
                raise SurvivorsDisagree(
                    f"{settings.roster.names[number]} covered its vector under another graph.",
                    "Vectors covered under the graph that this site was shown.",
                    "Start a new round, and check the coordinator.",
                )


def require_agreement(
    settings: RoundSettings, frames: Sequence[bytes], statement: bytes, survivors: Collection[int]
) -> None:
    """Refuse unless a quorum of survivors signed `statement`.

    Raises
    ------
    SignatureRefused, SurvivorsDisagree, SiteUnknown, TooFewSurvivors
    """
    _require_no_more(settings, frames)
    signers = []
    for frame in frames:
        agreed = read(frame, settings, Kind.AGREED)
        if Agreed.read(agreed.body).statement != statement:
            raise SurvivorsDisagree(
                f"{settings.roster.names[agreed.sender]} agreed to other survivors, "
                "shares or keys.",
                "A quorum that signed the same as this site.",
                "Start a new round; no share has been opened by this site.",
            )
        signers.append(agreed.sender)
    _require_ascending(signers)
    if not set(signers) <= set(survivors):
        raise SiteUnknown(
            "A site signed the agreement that is not among the survivors.",
            "Signatures of survivors.",
            "Start a new round; no share has been opened by this site.",
        )
    require_quorum(settings, signers, "signatures of the same survivors")


def require_quorum(settings: RoundSettings, sites: Collection[int], what: str) -> None:
    """Refuse to go on with fewer sites than the threshold."""
    if len(sites) < settings.threshold:
        raise TooFewSurvivors(
            f"{len(sites)} sites are left with {what}.",
            f"At least the threshold, {settings.threshold} of {settings.sites}.",
            "Start a new round when more sites are reachable.",
        )


def _require_no_more(settings: RoundSettings, frames: Sequence[bytes]) -> None:
    """Refuse more signed frames than sites, before any signature is verified."""
    if len(frames) > settings.sites:
        raise SiteUnknown(
            f"{len(frames)} signed messages came for {settings.sites} sites.",
            "One from each site at most.",
            "Start a new round, and check the coordinator.",
        )


def _require_ascending(senders: list[int]) -> None:
    if senders != sorted(set(senders)):
        raise SiteUnknown(
            "A site appears twice, or out of order.",
            "Each site once, in ascending order of number.",
            "Start a new round.",
        )
