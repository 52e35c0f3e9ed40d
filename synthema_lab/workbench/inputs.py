"""What has a run read, and how is that told without giving it away?"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import ArgumentRefused, DataMismatch
from .disclosure import PSEUDONYMS, check_path
from .fingerprints import RESTRICTED, file_digest, table_digest
from .folder import RunFolder, candidates
from .setting import COHORT


@dataclass
class Inputs:
    """The inputs of a run.

    Attributes
    ----------
    records : dict
        By name: kind, digest, and rows where it is a table.
    dictionaries : dict
        Digest of each data dictionary by its name.
    runs : dict
        By name: the id of the run an input was taken from.
    patients : int or None
        Rows of the largest private table.
    pseudonyms : frozenset of str
        Columns that name a patient.
    """

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    dictionaries: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    patients: int | None = None
    pseudonyms: frozenset[str] = PSEUDONYMS

    def read(self, name: str, given: Any, public: bool) -> None:
        """Record a table, a file or a cohort under a name.

        A table is recognised by its values, a file by its bytes. What is not
        public is hashed under the workspace's key.
        """
        if hasattr(given, "patients") and hasattr(given, "dictionary"):
            self.describe(given.dictionary)
            given = given.patients
        if isinstance(given, pd.DataFrame):
            record = {"kind": "table", "digest": table_digest(given, public), "rows": len(given)}
            if not public:
                self.patients = max(self.patients or 0, len(given))
        else:
            path = check_path(given)
            record = {"kind": "file", "digest": file_digest(path, public)}
        self.records[name] = {**record, "public": public}

    def describe(self, dictionary: Any) -> None:
        """Record a data dictionary by its digest, and the name of its pseudonym."""
        self.dictionaries[dictionary.name] = dictionary.digest
        if dictionary.patient:
            self.pseudonyms |= {dictionary.patient}

    def upstream(
        self, notebook: str, filename: str, given: str, beside: Path | None,
        pinned: Path | None, cohort: str = "",
    ) -> Path:  # fmt: skip
        """An output of another notebook's newest finished run.

        Parameters
        ----------
        notebook, filename : str
        given : str
            A file, or the folder of a run; empty to look for one.
        beside : pathlib.Path or None
            The folder of a demo, which is looked at first.
        pinned : pathlib.Path or None
            A run that is being repeated: what it read is looked for by its digest.
        cohort : str
            The cohort it must be about; empty where any will do.

        Raises
        ------
        ArgumentRefused
            If there is none; the message says which run to make.
        """
        name = f"{notebook}/{filename}"
        if given:
            found = _given(notebook, filename, given)
        else:
            found = _newest(notebook, filename, beside, _pinned_digest(pinned, name), cohort)
        if found is None:
            raise ArgumentRefused(
                f"No finished run of {notebook} with the output {filename} was found"
                f"{f' for the cohort {cohort}' if cohort else ''}.",
                f"{filename}, an output of {notebook}.",
                f"synthema run {notebook}{f' -p {COHORT} {cohort}' if cohort else ''}",
            )
        path, run = found
        public = RESTRICTED not in path.parts[-4:-1]
        self.records[name] = {
            "kind": "output", "digest": file_digest(path, public), "public": public,
        }  # fmt: skip
        if run is not None:
            self.runs[name] = run.id
        return path


def _given(notebook: str, filename: str, given: str) -> tuple[Path, RunFolder | None]:
    path = Path(os.path.expanduser(given))
    if path.is_file():
        return path, None
    try:
        run = RunFolder(path)
        found = run.find(filename)
    except DataMismatch:
        run, found = None, path / filename
    if found is not None and found.is_file():
        return found, run
    raise ArgumentRefused(
        f"'{path.name}' is neither a file nor a run with the output {filename}.",
        f"{filename} itself, or the folder of a run of {notebook}.",
        f"Correct the path, leave it empty to take the newest run, or: synthema run {notebook}",
    )


def _newest(
    notebook: str, filename: str, beside: Path | None, wanted: str | None, cohort: str
) -> tuple[Path, RunFolder] | None:
    found = [
        (path, run)
        for run in candidates(notebook, beside)
        if (path := run.find(filename)) is not None
        and path.is_file()
        and cohort in ("", run.stable["cohort"])
    ]
    for path, run in found:
        if wanted is not None and _digest_of(path, run) == wanted:
            return path, run
    return found[0] if found else None


def _digest_of(path: Path, run: RunFolder) -> str | None:
    file = path.relative_to(run.path).as_posix()
    return next((o["digest"] for o in run.outputs if o["file"] == file), None)


def _pinned_digest(pinned: Path | None, name: str) -> str | None:
    if pinned is None:
        return None
    recorded = json.loads(pinned.read_text(encoding="utf-8"))["stable"]["inputs"]
    return recorded.get(name, {}).get("digest")
