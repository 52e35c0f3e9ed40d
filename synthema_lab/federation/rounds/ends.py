"""Over which channel do the messages of a study's rounds travel?

Through the exchange folder, each study in a folder of its own, unless the
site's policy names an address that `fsspec` opens, or Google Drive. The site
tells it in its signed card, so that the researcher finds the other end.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...secure_aggregation import Identity, Member
from ..channels.contract import Channel
from ..site.exchange import CARD, heard, require_plain
from .series import RESEARCHER

if TYPE_CHECKING:
    from ..site.folder import SiteFolder
    from ..study.study import Study

ROUNDS = "rounds"
GOOGLE_TOKEN = "SYNTHEMA_GOOGLE_TOKEN"
"""Names the researcher's token file, where a site uses Google Drive."""


def channel_of(exchange: Path | str, study: Study) -> str:
    """Where in an exchange folder, or below an address, the rounds of a study travel."""
    return f"{str(exchange).rstrip('/')}/{ROUNDS}/{study.hash[:32]}"


def site_end(site: SiteFolder, study: Study) -> Channel:
    """The site's end of a study's channel, sealed with PySyft.

    Raises
    ------
    SiteRefused, FolderUnusable, StateRefused, ChannelInUse
    """
    policy = site.policy
    if not policy.rounds_at and not policy.google_token:
        folder = Path(channel_of(policy.exchange, study))
        require_plain(folder.parent, folder)
    google = {"google_token": policy.google_token, "google_accounts": dict(policy.google_accounts)}
    return _opened(
        site.identity, Member(RESEARCHER, bytes.fromhex(study.researcher.key)),
        site.folder / ROUNDS / study.hash / "channel",
        channel_of(policy.rounds_at or policy.exchange, study),
        google if policy.google_token else {},
    )  # fmt: skip


def researcher_end(
    exchange: Path, study: Study, researcher: Identity, site: Member, state: Path
) -> Channel:
    """The researcher's end of a study's channel to one site.

    Raises
    ------
    FolderUnusable, StateRefused, ChannelInUse
    """
    card = heard(exchange, CARD, site) or {}
    accounts, token = card.get("google_accounts"), os.environ.get(GOOGLE_TOKEN)
    google = {"google_token": token, "google_accounts": accounts} if accounts and token else {}
    return _opened(
        Identity(RESEARCHER, researcher.private_key), site, state,
        channel_of(card.get("rounds_at") or exchange, study), google,
    )  # fmt: skip


def _opened(
    identity: Identity, other: Member, state: Path, folder: str, google: dict[str, Any]
) -> Channel:
    from ..channels import open_channel

    where = google or {"folder": folder}
    return open_channel(identity, [other], state, **where)
