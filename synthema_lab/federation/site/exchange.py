"""How do a study and the answer to it change hands through a folder?

``inbox`` holds what researchers sent: believed only after its signature was
checked. ``outbox`` holds where each study stands, signed by the site, and the
site's card: its public key and the cohorts that may be asked for. Nothing of a
patient is in either.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...secure_aggregation import Identity, Member
from ...storage import whole_file
from ..study.strict_yaml import LARGEST
from .errors import SiteRefused
from .policy import NAME, SitePolicy

INBOX, OUTBOX, CARD = "inbox", "outbox", "site.json"
MOST_MESSAGES = 2000
_TAG = b"synthema-lab site says 1\x00"
_STUDY = re.compile(r"[0-9a-f]{64}(\.cancel)?\.yaml")


def exchange_of(folder: str | os.PathLike[str]) -> Path:
    """The exchange folder that is meant: itself, or that of a site folder.

    Raises
    ------
    SiteRefused
        If it is neither.
    """
    folder = Path(folder)
    if (folder / NAME).is_file():
        return SitePolicy.read(folder / NAME).exchange
    if (folder / INBOX).is_dir():
        return folder
    raise SiteRefused(
        f"{folder} is no exchange folder of a site.",
        f"A folder with {INBOX} and {OUTBOX}, which the site has made.",
        "Ask the site where its exchange folder is.",
    )


def make_exchange(folder: Path) -> None:
    """Make the two halves of an exchange folder."""
    for half in (INBOX, OUTBOX):
        (folder / half).mkdir(parents=True, exist_ok=True)


def deliver(folder: Path, name: str, content: bytes) -> Path:
    """Put a message into an inbox, whole or not at all."""
    with whole_file(folder / INBOX / name) as path:
        path.write_bytes(content)
    return folder / INBOX / name


def delivered(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Messages of the inbox that look like one: plain files of a fitting name and size."""
    try:
        names = sorted(name for name in os.listdir(folder / INBOX) if _STUDY.fullmatch(name))
    except OSError:
        return
    for name in names[:MOST_MESSAGES]:
        content = content_of(folder / INBOX / name)
        if content is not None:
            yield name, content


def content_of(path: Path, largest: int = LARGEST) -> bytes | None:
    """What is in a plain file of a fitting size; None for anything else.

    A link, a pipe or a device put there by somebody else is not followed or
    waited for.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode) or state.st_size > largest:
            return None
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(largest + 1)
    finally:
        os.close(handle)


def require_plain(*folders: Path) -> None:
    """Refuse links in place of folders that a site writes in: others can write there too.

    Raises
    ------
    SiteRefused
    """
    for folder in folders:
        if folder.is_symlink():
            raise SiteRefused(
                f"{folder.name} in the exchange folder is a link to another place.",
                "A folder that this site has made.",
                "Find out who has put it there, and remove it.",
            )


def say(folder: Path, name: str, content: dict[str, Any], identity: Identity) -> Path:
    """Put a signed answer into the outbox."""
    text = json.dumps(content, sort_keys=True)
    signature = identity.sign(_TAG + text.encode("ascii")).hex()
    require_plain(folder / OUTBOX)
    with whole_file(folder / OUTBOX / name) as path:
        path.write_text(json.dumps({"says": text, "signature": signature}), encoding="ascii")
    return folder / OUTBOX / name


def heard(folder: Path, name: str, member: Member | None = None) -> dict[str, Any] | None:
    """What a site says under a name; None if it says nothing.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
    member : Member, optional
        Who must have signed it. Without it the key in a site's own card is
        taken: it is to be compared with the hospital.

    Raises
    ------
    SiteRefused
        If it was not signed by that site.
    """
    path = folder / OUTBOX / name
    if not os.path.lexists(path):
        return None
    found: dict[str, Any] | None = None
    try:
        outer = json.loads(content_of(path) or b"")
        content = json.loads(outer["says"])
        if member is None:
            member = Member(content["site"], bytes.fromhex(content["key"]), content["expires"])
        signed = member.verifies(
            bytes.fromhex(outer["signature"]), _TAG + outer["says"].encode("ascii")
        )
        found = content if signed and content["site"] == member.name else None
    except (ValueError, KeyError, TypeError, AttributeError, SiteRefused):
        found = None
    if found is None:
        raise SiteRefused(
            f"{name} in {folder} was not signed by the site that it speaks for.",
            "An answer under the site's identity key.",
            "Ask the hospital, and do not go by what the file says.",
        )
    return found


def card_of(folder: Path) -> tuple[Member, dict[str, Any]]:
    """A site's card: who it is, and what may be asked for there.

    Raises
    ------
    SiteRefused
        If there is none.
    """
    content = heard(folder, CARD)
    if content is None:
        raise SiteRefused(
            f"There is no card of a site in {folder}.",
            f"{CARD}, which a site writes when it is made.",
            "Ask the hospital to type: synthema site status",
        )
    return Member(content["site"], bytes.fromhex(content["key"]), content["expires"]), content
