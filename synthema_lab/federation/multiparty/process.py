"""How is a party process started, listened to, and certainly ended?

A process is told everything over its standard input. It ends by itself when
that is closed, so it does not outlive its caller, however the caller ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from .pipe import Frame, read_frame, write_frame

_ROOT = Path(__file__).resolve().parents[3]
_LAST_CHANCE = 2.0  # seconds in which an idle process may end by itself


class PartyProcess:
    """The process of one site's party.

    Parameters
    ----------
    site : str
    heard : queue.Queue
        Takes ``(site, frame)`` for each frame, and ``(site, None)`` at the end.

    Attributes
    ----------
    busy : bool
        Whether an answer is due; the caller resets it.
    """

    def __init__(self, site: str, heard: queue.Queue) -> None:
        self.site, self.busy = site, False
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "synthema_lab.federation.multiparty.party"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # an interrupt at the keyboard is the caller's to handle
        )
        self._listener = threading.Thread(target=self._listen, args=(heard,), daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def tell(self, header: dict[str, Any], block: bytes = b"") -> None:
        """Send a frame without waiting for it to be read; one at a time."""
        self.busy = True
        threading.Thread(target=self._write, args=((header, block),), daemon=True).start()

    def end(self, at_once: bool) -> None:
        """End the process and wait until it is gone; again does no harm.

        Parameters
        ----------
        at_once : bool
            Without giving it the chance to end by itself.
        """
        if at_once:
            self._child.kill()
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(_LAST_CHANCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._listener.join()
        self._child.stdout.close()

    def _write(self, frame: Frame) -> None:
        with contextlib.suppress(OSError, ValueError):  # gone: the listener tells
            write_frame(self._child.stdin, *frame)

    def _listen(self, heard: queue.Queue) -> None:
        while (frame := read_frame(self._child.stdout)) is not None:
            heard.put((self.site, frame))
        heard.put((self.site, None))


def _environment() -> dict[str, str]:
    """The caller's environment without settings of MPyC, and with this very package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MPYC_")}
    path = [str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}
