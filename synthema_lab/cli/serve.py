"""How is a hospital's site started, and stopped, from a terminal?"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from .output import answer, answering
from .places import AT


@click.command("serve")
@AT
@click.option("--unconfined", is_flag=True,
              help="Compute in this process, where a confined worker cannot run.")  # fmt: skip
@click.option("--weakly-confined", is_flag=True,
              help="Go on where the system cannot shut the worker in; for invented or public "
                   "patients.")  # fmt: skip
@click.option("--while-open", is_flag=True, help="Stop also when standard input closes.")
@answering
def serve(
    folder: Path, unconfined: bool, weakly_confined: bool, while_open: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Answer approved studies until stopped; nothing listens.

    Studies come in and answers go out through the exchange folder. Stop it with Ctrl-C or SIGTERM
    at any moment: it goes on where it was when it is started again.
    """
    from ..federation.service import Apart, InProcess, Service
    from ..federation.site import SiteFolder
    from ..federation.site.logbook import SERVED
    from ..federation.window import publish_window
    from ..federation.worker import confinement, require_sound

    if not (unconfined or weakly_confined):
        require_sound()
    site = SiteFolder(folder)
    how = "in this process, unconfined" if unconfined else str(confinement())
    with _stopping(while_open) as stopped, Service(
        site, InProcess if unconfined else Apart, told=None if quiet or as_json else _say,
        shows=publish_window,
    ) as service:  # fmt: skip
        with site.step():
            site.logbook.enter(SERVED, worker=how)
        service.step()
        if not (quiet or as_json):
            _say(f"Its tables are read by a worker, confined by {how}")
            _say(f"Site {site.identity.name} serves. Exchange folder: {site.policy.exchange}")
        service.run(stopped.is_set)
    answer("Stopped.", {"site": site.identity.name, "done": True}, as_json, quiet)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _stopping(while_open: bool) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, and the end of standard input, while the block runs."""
    stopped, before = threading.Event(), {}
    if while_open:

        def wait_for_the_end() -> None:
            while os.read(0, 4096):
                continue
            stopped.set()

        threading.Thread(target=wait_for_the_end, daemon=True).start()
    for one in (signal.SIGINT, signal.SIGTERM):
        before[one] = signal.signal(one, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
