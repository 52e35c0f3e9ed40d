"""How is a worker started, asked and ended?"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import LabError
from ..rounds.letters import ANSWER, INTERNAL, REFUSED, Letter, LetterRefused
from .confinement import needed_to_run, wrapped
from .frames import read_letter, write_letter
from .pipe import TimedPipe

_CHILD = Path(__file__).with_name("child.py")
_ENVIRONMENT = {"LANG": "C.UTF-8", "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"}
_OF_THE_SYSTEM = (
    "/dev/zero", "/dev/random", "/dev/urandom", "/proc/self", "/proc/cpuinfo", "/proc/meminfo",
    "/sys/devices/system",
)  # fmt: skip
"""What libraries look at: numbers of cores and bytes, randomness."""
_STOPS_WITHIN = 5.0
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
                start_new_session=True, bufsize=0,
            )  # fmt: skip
        self._to = TimedPipe(self._process.stdin, self._gone)
        self._from = TimedPipe(self._process.stdout, self._gone)

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
        answer = self._answer(Letter(kind, says, parts or {}), timeout)
        if answer is None:
            self.close()
            raise WorkerDied(
                f"The worker of a study ended without an answer, or took {timeout:g} seconds.",
                "A vector, or an error that it tells of.",
                f"Look at the end of {self.log}; is there memory enough for the table?",
            )
        if answer.kind == REFUSED:
            raise _failed(answer.says, self.log)
        return answer

    def _answer(self, call: Letter, timeout: float) -> Letter | None:
        """The answer to this very call, or None; of one given up there is to be no later answer."""
        if self._process.stdin.closed:
            return None
        self._to.wait_for(timeout)
        self._from.wait_for(timeout)
        answer = None
        try:
            write_letter(self._to, call)
            answer = read_letter(self._from)
        except (OSError, LetterRefused):
            return None
        except BaseException:
            self.close()
            raise
        return answer if answer is not None and answer.kind in (ANSWER, REFUSED) else None

    def _gone(self) -> bool:
        return self._process.poll() is not None

    def close(self) -> None:
        """End it with all that it started, and remove its folder."""
        if self._process.stdin.closed:
            return
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOPS_WITHIN if self._process.poll() is None else 0)
        # A sandbox that is killed while it starts leaves a process behind, in the same group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def _failed(told: Mapping[str, object], log: Path) -> WorkerFailed:
    """What a worker tells of an error goes to the researcher: only names and numbers known here."""
    error, exit_code, reference = (told.get(key) for key in ("error", "exit_code", "reference"))
    if type(exit_code) is not int or exit_code not in range(1, 9):
        error, exit_code = INTERNAL, 1
    elif error not in {INTERNAL, LabError.__name__, *_names_below(LabError)}:
        error = LabError.__name__
    if not isinstance(reference, str) or not re.fullmatch("[0-9a-f]{8}", reference):
        reference = "-"
    return WorkerFailed(error, exit_code, reference, log)


def _names_below(kind: type) -> set[str]:
    below = kind.__subclasses__()
    return {each.__name__ for each in below}.union(*map(_names_below, below))
