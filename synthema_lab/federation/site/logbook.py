"""What has happened at this site, in the order in which it happened?

One book holds approvals, revocations, rounds, charges and refusals, so that
what was decided and what was recorded cannot fall apart. It is append-only and
chained, and a data protection officer can read it line by line. It holds
names, counts and hashes, never a patient's value and never a traceback.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .chain import Chain

MADE = "site made"
POLICY = "policy changed"
RECEIVED = "study received"
UNUSABLE = "message refused"
REVIEWED = "study reviewed"
OUTSIDE = "study refused by policy"
APPROVED = "study approved"
REVOKED = "approval revoked"
WITHDRAWN = "study withdrawn by its researcher"
BEGUN = "round begun"
STOPPED = "round refused"
CHARGED = "privacy budget charged"
UNCOVERED = "privacy budget refused"
ENDED = "study ended"
VECTOR = "vector made"
SERVED = "site serves"


@dataclass(frozen=True)
class Entry:
    """One line of the logbook.

    Attributes
    ----------
    time : str
        UTC, ISO 8601, by the clock of the site.
    event : str
    study : str
        The study's hash, or empty.
    details : dict
        Plain values.
    """

    time: str
    event: str
    study: str
    details: dict[str, Any]

    def __str__(self) -> str:
        about = f"  study {self.study[:12]}" if self.study else ""
        told = "; ".join(f"{name}: {_shown(name, value)}" for name, value in self.details.items())
        return f"{self.time}  {self.event}{about}" + (f"  ({told})" if told else "")


class Logbook:
    """The book.

    Parameters
    ----------
    chain : Chain
    now : callable
        Unix time in seconds.
    """

    def __init__(self, chain: Chain, now: Callable[[], float]) -> None:
        self.chain, self._now = chain, now

    def enter(self, event: str, study: str = "", **details: Any) -> Entry:
        """Write a line; it is on the disk when this returns."""
        moment = datetime.datetime.fromtimestamp(self._now(), datetime.UTC)
        record = {
            "time": moment.isoformat(timespec="seconds"), "event": event, "study": study,
            "details": details,
        }  # fmt: skip
        self.chain.append(record)
        return Entry(**record)

    def entries(self, study: str | None = None, *events: str) -> Iterator[Entry]:
        """Lines in order; of one study, of some kinds."""
        self.chain.refresh()
        for record in list(self.chain.records):
            about = study is None or record["study"] == study
            if about and (not events or record["event"] in events):
                yield Entry(**record)


def _shown(name: str, value: Any) -> str:
    if name in ("given", "until"):
        return datetime.datetime.fromtimestamp(value, datetime.UTC).isoformat(timespec="seconds")
    if isinstance(value, str) and len(value) == 128:
        return f"{value[:12]}..."  # a signature
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
