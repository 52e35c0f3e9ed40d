"""A site's process: it answers one round over the shared folder.

``python channel_site.py HOME NAME [KILLED_AT]``: the round's settings lie in
``HOME/round.json``. With KILLED_AT the process kills itself when it has made the
answer with that number and not yet sent it, as if the power had failed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from synthema_lab.federation.channels import FolderChannel
from synthema_lab.secure_aggregation import Identity, Member, Roster, RoundSettings, Site
from synthema_lab.storage import whole_file


class Lines(set):
    """A site's journal, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(path.read_text().splitlines() if path.exists() else ())

    def add(self, line: str) -> None:
        """Keep a line before it is spoken of."""
        super().add(line)
        with whole_file(self._path) as temporary:
            temporary.write_text("\n".join(self))


def settings_in(home: Path) -> RoundSettings:
    """The round that all parties agreed on."""
    agreed = json.loads((home / "round.json").read_text())
    members = [Member(name, bytes.fromhex(key)) for name, key in agreed["members"].items()]
    return RoundSettings(
        Roster.of(members), "round-1", agreed["length"], 8.0, 2**20, bytes(32), bytes(32)
    )


def serve(home: Path, name: str, killed_at: int) -> None:
    """Answer the round, from wherever it was left."""
    agreed = json.loads((home / "round.json").read_text())
    settings, own = settings_in(home), home / "sites" / name
    identity = Identity(name, (own / "identity").read_bytes())
    lab = Member("lab", bytes.fromhex(agreed["lab"]))
    journal, kept = Lines(own / "journal"), own / "snapshot"
    if kept.exists():
        site = Site.restore(kept.read_bytes(), settings, identity, journal)
    else:
        site = Site(settings, identity, journal)
        site.contribute(np.full(agreed["length"], agreed["values"][name]))
    with FolderChannel(home / "shared", identity, [lab], own / "state") as channel:
        if site.stage == "start":
            answer = site.begin()
            keep(kept, site)
            channel.send("lab", "study-7", answer, number=1)
        while site.stage != "ended":
            delivery = channel.receive("study-7", "lab", timeout=30)
            answer = site.receive(delivery.message)
            keep(kept, site)
            if delivery.number == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            channel.send("lab", "study-7", answer, number=delivery.number + 1)
            channel.acknowledge(delivery)


def keep(place: Path, site: Site) -> None:
    """Store the site's state before its answer is sent."""
    with whole_file(place) as temporary:
        temporary.write_bytes(site.save())


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
