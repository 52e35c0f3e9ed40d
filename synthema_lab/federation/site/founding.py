"""How is a site made, and what does it tell of itself?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from ...secure_aggregation import Identity
from ...storage import whole_folder
from ..study.drafting import installed_version
from ..study.keyfile import make_key
from .anchor import LEDGER, Heads, OwnAnchor
from .chain import Chain
from .dictionaries import held
from .errors import SiteRefused
from .exchange import CARD, heard, make_exchange, say
from .folder import JOURNAL, KEY, LOGBOOK, SiteFolder
from .logbook import MADE, Logbook
from .policy import NAME, SitePolicy, template


def create_site(
    folder: str | os.PathLike[str],
    name: str,
    approver: Identity,
    anchor: str | os.PathLike[str],
    datasets: Sequence[dict[str, str]] = (),
    exchange: str = "exchange",
    now: Callable[[], float] = time.time,
) -> SiteFolder:
    """Make a site: its key, its policy to be edited, and its first lines.

    Parameters
    ----------
    folder : path
        Must not exist, or be empty.
    name : str
        Under which the site is enrolled.
    approver : Identity
        Who may approve; only the public half is kept here.
    anchor : path
        A file outside `folder`, for the heads of the site's books.
    datasets : sequence of dict
        With name, dictionary and table; more can be added to ``site.yaml``.
    exchange : str
        Folder for studies and answers; relative to `folder` unless absolute.
    now : callable
        Unix time in seconds.

    Raises
    ------
    SiteRefused
        If the folder is not empty, or the anchor is inside it or that of
        another site. Nothing is left behind then.
    """
    folder, anchor = Path(folder), Path(anchor).expanduser().resolve()
    require_new(folder, anchor)
    member = approver.member()
    text = template(name, member.name, member.key.hex(), exchange, str(anchor), [*datasets])
    with whole_folder(folder) as whole:
        identity = make_key(whole / KEY, name)
        (whole / NAME).write_text(text, encoding="utf-8")
        SitePolicy.read(whole / NAME)
        logbook = Logbook(Chain(whole / LOGBOOK, FileLock(whole / ".lock")), now)
        logbook.enter(MADE, site=name, key=identity.member().key.hex())
        seals = {LEDGER: (), LOGBOOK: logbook.chain.seals, JOURNAL: ()}
        OwnAnchor(anchor, identity).write(Heads.of(name, seals))
    folder.chmod(0o700)
    make_exchange(SitePolicy.read(folder / NAME).exchange)
    site = SiteFolder(folder, now)
    publish_card(site)
    return site


def require_new(folder: Path, anchor: Path) -> None:
    """Refuse a folder or an anchor that something is in.

    Raises
    ------
    SiteRefused
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SiteRefused(
            f"{folder} exists and is not empty.", "A new folder.", "Give another name."
        )
    if anchor.exists():
        raise SiteRefused(
            f"{anchor} exists: it says how far the books of another site have come.",
            "A new file outside the site folder.",
            "Give another name after --anchor.",
        )
    if anchor.resolve().is_relative_to(folder.resolve()):
        raise SiteRefused(
            "The anchor would be inside the site folder, where an older copy brings its own along.",
            "A file outside it, on a disk that is not restored with it.",
            "Give another name after --anchor.",
        )


def publish_card(site: SiteFolder) -> None:
    """Write the site's card into its outbox, where it has changed.

    It tells the site's public key, the digest of each cohort's dictionary, the
    installed version, and how the messages of rounds travel.
    """
    policy, member = site.policy, site.identity.member()
    found = {name: held(dataset.dictionary) for name, dataset in policy.datasets.items()}
    # A cohort is not offered until the owner has put its dictionary right.
    cohorts = {name: one.digest for name, one in found.items() if one is not None}
    content = {
        "site": member.name,
        "key": member.key.hex(),
        "expires": member.expires,
        "cohorts": cohorts,
        "version": installed_version(),
        "rounds_at": policy.rounds_at,
        "google_accounts": dict(policy.google_accounts),
    }
    try:
        told = heard(policy.exchange, CARD, member)
    except SiteRefused:
        told = None
    if told != content:
        make_exchange(policy.exchange)
        say(policy.exchange, CARD, content, site.identity)
