"""How does a plug-in learn within limits of time and memory, and leave nothing behind?

In a process of its own, started afresh and ended with all that it started: at
a limit, at an interrupt, or when it has answered. Its working folder is
temporary. The patients go to it through a pipe and touch no disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import psutil

from ... import errors
from ...errors import ArgumentRefused
from ..model_file import packed, unpacked
from .pipe_parts import FOLDER, read_part, write_part
from .settings import PeerSettings

_POLL_SECONDS = 0.2
_UNTOLD = 0.5
"""Share that is shown at the time limit of a plug-in that tells nothing."""
_GIB = 2**30
_ENTRY = f"{__package__}.learner"
_PACKAGES = Path(__file__).resolve().parents[3]
_MEMORY_FAULTS = ("MemoryError", "OutOfMemoryError")


def learn(
    request: Mapping[str, object],
    patients: np.ndarray,
    settings: PeerSettings,
    progress: Callable[[float], None] | None = None,
) -> tuple[np.ndarray, dict[str, object]]:
    """Let a plug-in learn, and take the pool it drew.

    Parameters
    ----------
    request : mapping
        Plain values: plugin, inner, family, parameters, pool, seed, columns,
        dictionary.
    patients : numpy.ndarray, shape (patients, columns)
    settings : PeerSettings
    progress : callable, optional
        Called with the share done: as the plug-in tells it, and before it tells
        anything by the time that has passed.

    Returns
    -------
    numpy.ndarray, shape (pool, columns)
    dict
        What was drawn and refused, ``seconds`` it took and the most ``gib`` it
        held.

    Raises
    ------
    ArgumentRefused
        If a limit is reached, or the plug-in fails.
    GateFailed
        See `kept_pool`.
    """
    name, started, most = request["plugin"], time.monotonic(), 0.0
    done, told = 0.0, False
    with _started(request, patients) as (child, answers):
        while True:
            with contextlib.suppress(queue.Empty):
                answer = answers.get(timeout=_POLL_SECONDS)
                if "share" not in answer:
                    break
                done, told = max(done, answer["share"]), True
            passed = time.monotonic() - started
            held = _held(child.pid) / _GIB
            most = max(most, held)
            if passed > settings.time_limit:
                _refuse_time(name, settings)
            if held > settings.memory_limit:
                _refuse_memory(name, settings)
            if progress is not None:
                done = done if told else _UNTOLD * passed / settings.time_limit
                progress(done)
    if "pool" not in answer:
        _refuse_answer(name, answer, settings)
    if progress is not None:
        progress(1.0)
    return answer["pool"], {
        **answer["facts"], "seconds": round(time.monotonic() - started, 1), "gib": round(most, 2),
    }  # fmt: skip


@contextlib.contextmanager
def _started(
    request: Mapping[str, object], patients: np.ndarray
) -> Iterator[tuple[subprocess.Popen[bytes], queue.Queue[dict[str, object]]]]:
    """The learning process and its answers; within the block it lives, and no longer."""
    paths = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
    # One thread: small networks are no faster on several, and repeat on any machine.
    environment.setdefault("OMP_NUM_THREADS", "1")
    environment.pop("TQDM_DISABLE", None)  # its bars are how it tells its progress
    with tempfile.TemporaryDirectory(prefix=FOLDER, ignore_cleanup_errors=True) as folder:
        child = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-m", _ENTRY],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            answers: queue.Queue[dict[str, object]] = queue.Queue()
            parts = [json.dumps(dict(request)).encode(), packed({"patients": patients})]
            threading.Thread(target=_converse, args=(child, parts, answers), daemon=True).start()
            yield child, answers
        finally:
            _end(child)


def _converse(
    child: subprocess.Popen[bytes], parts: list[bytes], answers: queue.Queue[dict[str, object]]
) -> None:
    """Send the request, then pass on every answer; the last one has no share."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        for part in parts:
            write_part(child.stdin, part)
        while content := read_part(child.stdout):
            answer = dict(json.loads(content))
            if "facts" in answer:
                answer["pool"] = unpacked(read_part(child.stdout))["pool"]
            answers.put(answer)
    answers.put({"ended": True})


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout):
        with contextlib.suppress(OSError, ValueError):
            stream.close()


def _held(pid: int) -> float:
    """Bytes of main memory that a process and its children hold."""
    held = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for one in [parent, *parent.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                held += one.memory_info().rss
    return held


def _refuse_time(name: str, settings: PeerSettings) -> None:
    raise ArgumentRefused(
        f"synthcity:{name} was stopped at its time limit of {settings.time_limit:g} s.",
        "Learning and drawing the pool within the limit.",
        f"Raise the limit, time_limit={2 * settings.time_limit:g}, or let it learn less: a "
        "smaller n_iter or pool.",
    )


def _refuse_memory(name: str, settings: PeerSettings) -> None:
    raise ArgumentRefused(
        f"synthcity:{name} was stopped at its memory limit of {settings.memory_limit:g} GiB.",
        "Learning and drawing the pool within the limit.",
        f"Raise the limit, memory_limit={2 * settings.memory_limit:g}, or give it less: fewer "
        "variables, a smaller batch_size or pool.",
    )


def _refuse_answer(name: str, answer: Mapping[str, object], settings: PeerSettings) -> None:
    """Say why there is no pool."""
    if "refused" in answer:
        raise getattr(errors, answer["refused"])(*answer["parts"])
    if answer.get("fault") in _MEMORY_FAULTS:
        _refuse_memory(name, settings)
    fault = answer.get("fault")
    why = (
        f" ({fault} in {answer['at']})"
        if fault
        else (": its process ended without an answer, perhaps stopped for want of memory")
    )
    raise ArgumentRefused(
        f"synthcity:{name} could not learn this table{why}.",
        "A table and parameters that the plug-in takes.",
        "Try its default parameters, fewer variables, or another plug-in, such as synthcity:ctgan.",
    )
