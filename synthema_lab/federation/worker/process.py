"""How is a worker started, asked and ended?"""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import LabError
from ..rounds.letters import REFUSED, Letter, LetterRefused
from .confinement import needed_to_run, wrapped
from .frames import read_letter, write_letter

_CHILD = Path(__file__).with_name("child.py")
_ENVIRONMENT = {"LANG": "C.UTF-8", "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"}
_OF_THE_SYSTEM = (
    "/dev/zero", "/dev/random", "/dev/urandom", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
    "/sys/devices/system",
)  # fmt: skip
"""What libraries look at: numbers of cores and bytes, randomness."""
_STOPS_WITHIN, _LOOKS_EVERY = 5.0, 0.25
LONGEST = 6 * 3600.0
"""Seconds that a vector may take."""


class WorkerFailed(LabError):
    """A worker came upon an error; what it was stays at the site.

    Attributes
    ----------
    error : str
        Its class.
    reference : str
        Under which the worker's log tells more.
    """

    def __init__(self, error: str, exit_code: int, reference: str, log: Path) -> None:
        super().__init__(
            f"The worker of a study refused: {error}.",
            "A table that fits its dictionary, and a study within it.",
            f"Look under {reference} in {log}.",
        )
        self.error, self.exit_code, self.reference = error, exit_code, reference


class WorkerDied(LabError):
    """A worker's process ended, or gave no answer in time."""

    exit_code = 1


class Worker:
    """A confined process that computes for one study.

    Parameters
    ----------
    log : pathlib.Path
        Where all that it prints goes; at the site. Its working folder lies
        beside it, empty, and is removed with the worker.
    readable : sequence of pathlib.Path
        Tables and dictionaries that it may read; nothing else of the site.

    Raises
    ------
    OSError
        If no process can be started.
    """

    def __init__(self, log: Path, readable: Sequence[Path]) -> None:
        self.log = log
        self._home = (log.parent / "worker").resolve()
        shutil.rmtree(self._home, ignore_errors=True)  # of one that could not remove it
        self._home.mkdir(mode=0o700)
        places = [str(Path(place).resolve()) for place in readable]
        allowed = {
            "readable": [*needed_to_run(), *_OF_THE_SYSTEM, *places],
            "writable": [str(self._home), "/dev/null"],
        }
        command = [sys.executable, "-I", str(_CHILD), json.dumps(allowed)]
        environment = {**_ENVIRONMENT, "HOME": str(self._home), "TMPDIR": str(self._home),
                       "MPLCONFIGDIR": str(self._home)}  # fmt: skip
        command = [
            *wrapped(["/usr/bin/env", "-i", *(f"{k}={v}" for k, v in environment.items())],
                     places, str(self._home)),
            *command,
        ]  # fmt: skip
        with open(log, "ab") as stream:
            log.chmod(0o600)
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream,
                cwd=self._home, env={"PATH": "/usr/bin:/bin:/usr/local/bin"},
                start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Number of the process, or of the sandbox around it."""
        return self._process.pid

    def call(
        self, kind: str, says: Mapping[str, object], parts: Mapping[str, bytes] | None = None,
        timeout: float = LONGEST,
    ) -> Letter:  # fmt: skip
        """Ask it something.

        Raises
        ------
        WorkerFailed
            If it came upon an error.
        WorkerDied
            If it is gone, or gave no answer within `timeout` seconds; it is ended then.
        """
        answer = None
        with contextlib.suppress(OSError, LetterRefused):
            write_letter(self._process.stdin, Letter(kind, says, parts or {}))
            answer = read_letter(self._process.stdout) if self._answers(timeout) else None
        if answer is None:
            self.close()
            raise WorkerDied(
                f"The worker of a study ended without an answer, or took {timeout:g} seconds.",
                "A vector, or an error that it tells of.",
                f"Look at the end of {self.log}; is there memory enough for the table?",
            )
        if answer.kind == REFUSED:
            told = answer.says
            raise WorkerFailed(
                str(told.get("error")), int(told.get("exit_code", 1)),
                str(told.get("reference", "-")), self.log,
            )  # fmt: skip
        return answer

    def _answers(self, timeout: float) -> bool:
        """Wait until it answers; False where it is gone, or the time is over."""
        until = time.monotonic() + timeout
        while True:
            # What was inside a sandbox that was killed may hold the pipe for a moment yet.
            gone = self._process.poll() is not None
            left = until - time.monotonic()
            pause = max(0.0, min(_LOOKS_EVERY, left))
            if select.select([self._process.stdout], [], [], pause)[0]:
                return True
            if gone or left <= 0:
                return False

    def close(self) -> None:
        """End it, and remove its folder."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(_STOPS_WITHIN if self._process.poll() is None else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)
