"""Which fits were measured already, and how is another one measured in a process of its own?

Every run is appended to a file of JSON lines, so that a benchmark that was killed
goes on where it stopped. A run is known by what was asked, not by the state of the
code; the table says how many runs were made by another state.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "benchmarks"
_ROOMS = ("dictionary", "privacy", "secure_aggregation", "cohorts", "generators", "validation",
          "federation")  # fmt: skip
_MEASURING = ("child", "cohorts", "loopback", "score")

Job = Mapping[str, object]
"""What is asked of `generators_child`."""


class Kept:
    """Runs in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Made where it is not there; ``runs.jsonl`` in it is only ever appended to.
    fresh : bool
        Whether runs that another state of the code made are made again.
    retry : bool
        Whether runs that failed are made again.
    minutes : float
        A run that takes longer is ended, and has failed.
    only_kept : bool
        Whether nothing is run: what is not there is left out.
    """

    def __init__(
        self, folder: Path = FOLDER, *, fresh: bool = False, retry: bool = False,
        minutes: float = 45.0, only_kept: bool = False,
    ) -> None:  # fmt: skip
        self.path = folder / "runs.jsonl"
        self.minutes, self.only_kept = minutes, only_kept
        self.records: dict[str, dict] = {}
        self.used: dict[str, dict] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for record in self._read():
            if fresh and record["code"] != state_of_the_code():
                continue
            if retry and "failed" in record:
                continue
            self.records[_key(record["job"])] = record

    def run(self, job: Job) -> dict | None:
        """The record of a job: kept, or measured now.

        Returns
        -------
        dict or None
            ``job``, ``code``, ``load`` (processes that ran on this machine when it
            began), and ``figures`` or ``failed``; None if only kept runs are asked
            for and there is none.
        """
        key = _key(job)
        if key not in self.records and not self.only_kept:
            record = self._measured(job)
            with self.path.open("a", encoding="utf-8") as lines:
                # A line that was cut off must not swallow this one.
                lines.write("\n" + json.dumps(record) + "\n")
            self.records[key] = record
        if key in self.records:
            self.used[key] = self.records[key]
        return self.records.get(key)

    def remarks(self) -> list[str]:
        """What a reader of the table must know of the runs behind it."""
        used = list(self.used.values())
        if not used:
            return ["No run was made."]
        other = sum(record["code"] != state_of_the_code() for record in used)
        loads = [record["load"] for record in used]
        said = [
            f"{len(used)} runs; load of the machine at their beginning {min(loads):.1f} to "
            f"{max(loads):.1f} processes, which the seconds include."
        ]
        if other:
            said.append(f"{other} of them were made by another state of the code than this.")
        return said

    def _measured(self, job: Job) -> dict:
        record = {"job": dict(job), "code": state_of_the_code(), "load": os.getloadavg()[0]}
        started = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.generators_child"], input=json.dumps(dict(job)),
                capture_output=True, text=True, cwd=ROOT, timeout=60 * self.minutes,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            found = {"failed": f"ended after {self.minutes:g} minutes"}
        else:
            found = _answer(done)
        told = found.get("failed", "done")
        asked = " ".join(f"{name}={value}" for name, value in job.items())
        print(f"{asked}: {time.perf_counter() - started:.0f} s, {told}", file=sys.stderr)
        return record | found

    def _read(self) -> list[dict]:
        if not self.path.exists():
            return []
        found = []
        for line in filter(None, self.path.read_text(encoding="utf-8").splitlines()):
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:  # the line that was being written when it was killed
                continue
        return found


@functools.cache
def state_of_the_code() -> str:
    """A short digest of the modules that a fit or its figures depend on."""
    digest = hashlib.sha256()
    files = [path for room in _ROOMS for path in (ROOT / "synthema_lab" / room).rglob("*.py")]
    files += (ROOT / "data_dictionaries").glob("*.yaml")
    files += [ROOT / "benchmarks" / f"generators_{name}.py" for name in _MEASURING]
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _answer(done: subprocess.CompletedProcess[str]) -> dict:
    """What the child said; the kind of its end where it said nothing."""
    if done.returncode == 0:
        return json.loads(done.stdout)
    return {"failed": f"the process ended with {done.returncode}"}


def _key(job: Job) -> str:
    return json.dumps(dict(job), sort_keys=True)
