"""How is a line written so that it stays, and a missing one is noticed?

A file of JSON lines, each sealed with the SHA-256 of itself and of the seal
before it. A line is on the disk before `append` returns; what a crash left of
a line that was never finished is cut off, since nobody was told of it. A file
that became shorter, or other, is refused. (An older copy of the whole file is
noticed by whoever keeps its head: see `anchor`.)
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from ...errors import LabError
from .errors import RegisterRolledBack

START = "0" * 64


class Chain:
    """An append-only file that several processes may share.

    Parameters
    ----------
    path : path
        Made at the first line.
    lock : filelock.FileLock, optional
        Held while a line is written; a lock of its own by default. The locks
        of one site folder are one, so that what belongs together is one step.
    refused : type of LabError
        What is raised where the file is not what it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> chain = Chain(pathlib.Path(tempfile.mkdtemp()) / "register.jsonl")
    >>> chain.append({"event": "site made"})
    >>> len(chain.seals), chain.records[0]["event"]
    (1, 'site made')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        lock: FileLock | None = None,
        refused: type[LabError] = RegisterRolledBack,
    ) -> None:
        self.path = Path(path)
        self.lock = lock or FileLock(f"{self.path}.lock", timeout=60)
        self.records: list[dict[str, Any]] = []
        self.seals: list[str] = []
        self._refused = refused
        self._read_to = 0
        self._file: int | None = None
        self.refresh()

    def refresh(self) -> None:
        """Read what other processes have added.

        Raises
        ------
        LabError
            Of the kind given as `refused`, if what was there before is not there now.
        """
        try:
            with open(self.path, "rb") as stream:
                state = os.fstat(stream.fileno())
                same = self._file in (None, state.st_ino) and state.st_size >= self._read_to
                if same and state.st_size == self._read_to:
                    return
                stream.seek(self._read_to if same else 0)
                content = stream.read()
        except FileNotFoundError:
            if self.seals:
                self._refuse(f"{self.path.name} is gone")
            return
        if not same:
            before, self.records, self.seals, self._read_to = self.seals, [], [], 0
            self._take(content)
            if self.seals[: len(before)] != before:
                self._refuse(f"{self.path.name} was replaced while it was in use")
        else:
            self._take(content)
        self._file = state.st_ino

    def append(self, *records: Mapping[str, Any]) -> None:
        """Write records in one go, and return when they are on the disk.

        Parameters
        ----------
        *records : mapping
            Plain values.
        """
        with self.lock:
            self.refresh()
            seal, lines, seals = self.seals[-1] if self.seals else START, [], []
            for record in records:
                seal = _seal(record, seal)
                seals.append(seal)
                lines.append(json.dumps({**record, "seal": seal}, sort_keys=True) + "\n")
            self._write("".join(lines).encode("ascii"))
            self.records += [dict(record) for record in records]
            self.seals += seals

    def _write(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(handle, self._read_to)  # a line that a crash left unfinished
            try:
                done = 0
                while done < len(content):
                    done += os.pwrite(handle, content[done:], self._read_to + done)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, self._read_to)
                raise
            self._file = os.fstat(handle).st_ino
        finally:
            os.close(handle)
        if new:
            _sync_folder(self.path.parent)
        self._read_to += len(content)

    def _take(self, content: bytes) -> None:
        """Check and keep the whole lines of what was read; the rest was never finished."""
        whole, newline, _ = content.rpartition(b"\n")
        previous = self.seals[-1] if self.seals else START
        for line in whole.split(b"\n") if newline else ():
            try:
                record = json.loads(line)
                told = record.pop("seal")
                previous = _seal(record, previous)
            except (ValueError, KeyError, TypeError, AttributeError):
                told = None
            if told != previous:
                self._refuse(f"Line {len(self.seals) + 1} of {self.path.name} was changed")
            self.records.append(record)
            self.seals.append(previous)
        self._read_to += len(whole) + len(newline)

    def _refuse(self, happened: str) -> None:
        raise self._refused(
            f"{happened}.",
            "Lines that only ever grow in number, each sealed with the one before.",
            f"Put back the newest {self.path.name} from a backup, and find out who changed it; "
            "until then this site takes part in nothing.",
        )


def require_included(
    seals: Sequence[str], count: int, seal: str, name: str, refused: type[LabError]
) -> None:
    """Refuse a chain that does not hold a head which it had before.

    Parameters
    ----------
    seals : sequence of str
        Of the chain as it is.
    count, seal : int, str
        The head: how many lines there were, and the seal of the last.
    name : str
        The file.
    refused : type of LabError
    """
    if count == 0 or (count <= len(seals) and seals[count - 1] == seal):
        return
    fewer = f"holds {len(seals)} lines where it held {count}" if count > len(seals) else (
        f"holds another line {count} than it did"
    )  # fmt: skip
    raise refused(
        f"{name} {fewer}: an older copy was put back, or lines were taken out.",
        "Every line that was ever written.",
        f"Put back the newest {name}. What was spent and approved since cannot be forgotten; until "
        "then this site takes part in nothing.",
    )


def _seal(record: Mapping[str, Any], previous: str) -> str:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(f"{previous}\n{text}".encode("ascii")).hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
