"""What was sent and what was heard, so that a restart repeats and loses nothing?

The private memory of one end of a channel: numbers and digests by topic and
party, no message. On disk it is one JSON file, replaced whole at every change,
that one process holds at a time.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ...storage import whole_file
from .errors import ChannelInUse, StateRefused


@dataclass
class Line:
    """Where one topic with one party stands.

    Parameters
    ----------
    sent, cleared : int
        Highest number sent; highest number whose files were cleared away.
    heard, told : int
        Highest number acknowledged here; highest of which the party was told.
    digests : dict of str to str
        SHA-256 of messages sent and not cleared away, by number.
    """

    sent: int = 0
    cleared: int = 0
    heard: int = 0
    told: int = 0
    digests: dict[str, str] = field(default_factory=dict)


class Register:
    """Lines by topic and party; in memory only.

    Examples
    --------
    >>> register = Register()
    >>> register.line("study-7", "lab").sent += 1
    >>> register.line("study-7", "lab").sent
    1
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], Line] = {}
        self._closed: set[str] = set()

    def line(self, topic: str, party: str) -> Line:
        """The line of a topic with a party; a new one if there is none."""
        return self._lines.setdefault((topic, party), Line())

    def parties(self, topic: str) -> Iterator[str]:
        """The parties with which a topic has a line."""
        return (party for found, party in list(self._lines) if found == topic)

    def is_closed(self, topic: str) -> bool:
        """Whether a topic was closed for good."""
        return topic in self._closed

    def close_topic(self, topic: str) -> None:
        """Drop a topic's lines, and keep that it was used."""
        for party in self.parties(topic):
            del self._lines[topic, party]
        self._closed.add(topic)

    def save(self) -> None:
        """Make what was changed outlive this process."""

    def release(self) -> None:
        """Let another process hold it."""


class StoredRegister(Register):
    """A register in a folder of this party's own.

    Parameters
    ----------
    folder : pathlib.Path
        Private to this party; made with access for its owner alone.
    name : str
        The party.

    Raises
    ------
    ChannelInUse
        If another process holds it.
    StateRefused
        If it is another party's, or damaged.
    """

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._name, self._path = name, folder / "register.json"
        self._held = open(folder / "in-use", "w")  # noqa: SIM115, held until release()
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._held.close()
            raise ChannelInUse(
                f"Another process has {name}'s end of the channel open.",
                "One process at a time for each party.",
                "Stop the other process, or give this one a state folder of its own.",
            ) from None
        try:
            self._load()
        except BaseException:
            self.release()
            raise

    def save(self) -> None:
        """Replace the file; StateRefused if the state folder cannot be written."""
        content = {
            "version": 1,
            "name": self._name,
            "lines": [[*key, asdict(line)] for key, line in self._lines.items()],
            "closed": sorted(self._closed),
        }
        try:
            with whole_file(self._path) as temporary:
                temporary.write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise StateRefused(
                f"{self._path} cannot be written ({type(error).__name__}: {error.strerror}).",
                "A private state folder with room left.",
                "Make room, or grant the right to write, then repeat; nothing was sent.",
            ) from None

    def release(self) -> None:
        """Let another process hold it."""
        self._held.close()

    def _load(self) -> None:
        if not self._path.exists():
            return
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            name = content["name"]
            self._lines = {(topic, party): Line(**line) for topic, party, line in content["lines"]}
            self._closed = set(content["closed"])
        except (ValueError, KeyError, TypeError):
            name = None
        if name != self._name:
            raise StateRefused(
                f"{self._path} is damaged, or belongs to another party.",
                f"The register that {self._name} wrote.",
                "Restore the state folder from its backup.",
            )
