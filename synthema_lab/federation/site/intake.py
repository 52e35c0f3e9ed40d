"""What is new in the inbox, and can it be believed?"""

from __future__ import annotations

import hashlib

from ...errors import LabError
from ..study.signed import SignedStudy, require_cancellation
from .approval import latest
from .desk import publish
from .exchange import delivered
from .folder import SiteFolder
from .founding import publish_card
from .logbook import RECEIVED, UNUSABLE, WITHDRAWN

MOST_AT_ONCE = 100
"""Messages that are read in one go."""


def receive(site: SiteFolder) -> tuple[str, ...]:
    """Take in what is new in the inbox.

    Returns
    -------
    tuple of str
        Hashes of studies that are new here. What cannot be used is noted in the
        logbook once, by the hash of its bytes. What is beyond `MOST_AT_ONCE`
        waits for the next time.
    """
    site.require_unaltered()
    read = _read_inbox(site)  # not under the lock: a text made to be slow holds up nobody
    new: list[str] = []
    with site.step():
        for name, digest, found in read:
            if isinstance(found, LabError):
                site.logbook.enter(UNUSABLE, file=name, sha256=digest, reason=found.happened)
            elif isinstance(found, str):
                _withdraw(site, found)
            elif found.hash not in site.shelf:
                site.shelf.put(found)
                site.logbook.enter(RECEIVED, found.hash, key=found.study.researcher.key)
                new.append(found.hash)
    publish_card(site)
    for one in new:
        publish(site, one)
    return tuple(new)


def _read_inbox(site: SiteFolder) -> list[tuple[str, str, SignedStudy | str | LabError]]:
    """Each new message: its name, its SHA-256, and the study, or the study that it cancels."""
    refused = {entry.details["sha256"] for entry in site.logbook.entries(None, UNUSABLE)}
    found: list[tuple[str, str, SignedStudy | str | LabError]] = []
    for name, content in delivered(site.policy.exchange):
        digest, study = hashlib.sha256(content).hexdigest(), name.split(".")[0]
        cancels = name.endswith(".cancel.yaml")
        if digest in refused or (not cancels and site.shelf.holds(study, content)):
            continue
        if cancels and study not in site.shelf:
            continue  # the study may come after its cancellation
        if len(found) == MOST_AT_ONCE:
            break
        try:
            if cancels:
                require_cancellation(content, site.shelf.get(study).study)
                found.append((name, digest, study))
            else:
                found.append((name, digest, SignedStudy.from_yaml(content)))
        except LabError as error:
            found.append((name, digest, error))
    return found


def _withdraw(site: SiteFolder, study: str) -> None:
    decided = latest(site.logbook, study)
    if decided is None or decided.event != WITHDRAWN:
        site.logbook.enter(WITHDRAWN, study)
        publish(site, study)
