"""How is a site served by a process of its own, that never outlives its owner?

The process is told to stop when its standard input closes: whoever started it
holds the other end, so that it stops also when its owner is killed. Its owner
holds the table anyway, so it also serves where the system cannot shut a worker
in.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from ...errors import GateFailed

STARTS_WITHIN, STOPS_WITHIN = 60.0, 10.0


class ServingProcess:
    """A ``synthema site serve``.

    Parameters
    ----------
    folder : pathlib.Path
        Of the site.
    log : pathlib.Path
        Where what it prints goes.
    """

    def __init__(self, folder: Path, log: Path) -> None:
        self._log = log
        command = ["-m", "synthema_lab.cli", "site", "serve", "--at", str(folder), "--while-open",
                   "--weakly-confined"]  # fmt: skip
        with open(log, "ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.PIPE, stdout=stream, stderr=stream, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def printed(self) -> str:
        """What it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until_it_serves(self) -> None:
        """Return once it looks at its folder.

        Raises
        ------
        GateFailed
            If it does not come to that.
        """
        until = time.monotonic() + STARTS_WITHIN
        while " serves." not in self.printed:
            if not self.alive or time.monotonic() > until:
                raise GateFailed(
                    f"A site did not start. It printed:\n{self.printed.strip()[-2000:]}",
                    f"A site that serves within {STARTS_WITHIN:g} seconds.",
                    "Look at what it printed; then start it again.",
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it, and wait until it has."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
