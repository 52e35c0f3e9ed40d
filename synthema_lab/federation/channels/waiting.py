"""How long is a message waited for, and what is said when none came?"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import LabError
from .clock import Clock
from .contract import Trouble
from .errors import FolderUnusable, MessagesMissing, MessageUnreadable, SenderNotOwner, SiteSilent
from .shelf import Shelf

_FIRST_PAUSE = 0.001


def looks(clock: Clock, timeout: float, slowest: float) -> Iterator[None]:
    """Yield once at least and until `timeout` seconds have passed, with growing pauses.

    Examples
    --------
    >>> passed = [0.0]
    >>> def sleep(seconds):
    ...     passed[0] += seconds
    >>> clock = Clock(monotonic=lambda: passed[0], sleep=sleep)
    >>> sum(1 for _ in looks(clock, timeout=1.0, slowest=0.25)), passed[0]
    (12, 1.0)
    """
    end, pause = clock.monotonic() + timeout, _FIRST_PAUSE
    while True:
        yield
        left = end - clock.monotonic()
        if left <= 0:
            return
        clock.sleep(min(pause, left))
        pause = min(2 * pause, slowest)


def nothing_came(
    shelf: Shelf,
    folder: str,
    awaited: int,
    trouble: Trouble | None,
    sender: str,
    timeout: float,
) -> LabError:
    """The error for a message that did not come: what stands in its way, if anything."""
    expected = f"A message of {sender}, number {awaited}, within {timeout:g} seconds."
    if trouble is not None and trouble.foreign:
        return SenderNotOwner(
            f"A message in the inbox of {sender} is not from {sender}. {trouble}",
            expected,
            f"Find out who can write in {sender}'s folder, remove the file, and let {sender} "
            "send again.",
        )
    if trouble is not None:
        return MessageUnreadable(
            f"A message of {sender} cannot be read. {trouble}",
            expected,
            f"Wait until the folder has been synchronised; else let {sender} send again.",
        )
    later = _later(shelf, folder, awaited)
    if later:
        return MessagesMissing(
            f"Message {awaited} of {sender} is missing, and {later} is there.",
            expected,
            "Restore this party's state folder from its backup, or begin again on a new topic.",
        )
    return SiteSilent(
        f"{sender} was silent for {timeout:g} seconds.",
        expected,
        f"Ask {sender} whether its site is running and sees the shared folder; then wait again.",
    )


def _later(shelf: Shelf, folder: str, awaited: int) -> int:
    """The lowest number there beyond the one that is awaited; 0 if there is none."""
    try:
        stems = [path.rpartition("/")[2].partition(".")[0] for path in shelf.names(folder)]
    except FolderUnusable:
        return 0
    return min((int(stem) for stem in stems if stem.isdigit() and int(stem) > awaited), default=0)
