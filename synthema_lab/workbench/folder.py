"""What is in the folder of a finished run, and which run is the newest?

    runs/20260304-101500-40_generate-1a2b/
        40_generate.ipynb   the executed notebook
        manifest.json
        figures/  tables/    what was declared, with a sidecar each
        data/  models/      whole tables and fitted models
        releases/           opened noisy sums that were paid for
        restricted/         what never goes into a report

A demo's folder holds one such folder a notebook, and a report.
"""

from __future__ import annotations

import datetime
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from ..errors import DataMismatch
from . import manifest as manifests
from .paths import runs_folder, slug


@dataclass(frozen=True)
class RunFolder(os.PathLike):
    """The folder of a finished run; usable wherever a path is.

    Attributes
    ----------
    path : pathlib.Path
    """

    path: Path

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.path.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The run's manifest."""
        return manifests.read(self.path)

    @property
    def stable(self) -> Mapping[str, Any]:
        """What a rerun must give again."""
        return self.manifest["stable"]

    @property
    def notebook(self) -> str:
        """Name of the notebook that was run."""
        return self.stable["notebook"]["name"]

    @property
    def executed(self) -> Path | None:
        """The executed notebook; None for a run made by hand in JupyterLab."""
        path = self.path / executed_name(self.notebook)
        return path if path.is_file() else None

    @property
    def headlines(self) -> Sequence[Mapping[str, Any]]:
        """The numbers that the run put first."""
        return self.stable["headlines"]

    @property
    def outputs(self) -> Sequence[Mapping[str, Any]]:
        """Figures, tables and models in the order in which they were made."""
        return self.stable["outputs"]

    def find(self, filename: str) -> Path | None:
        """An output by its file name, with or without its folder."""
        for output in self.outputs:
            for file in filter(None, (output["file"], output.get("image"))):
                if filename == file or filename == Path(file).name:
                    return self.path / file
        return None

    def __str__(self) -> str:
        return f"{self.notebook}: {self.path}"

    def _repr_html_(self) -> str:
        return f"<p>Run of <strong>{escape(self.notebook)}</strong> in {escape(str(self.path))}</p>"


def new_id(notebook: str) -> str:
    """An id for a new run: time in UTC, notebook, four hexadecimal digits."""
    time = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    return f"{time}-{slug(notebook)}-{secrets.token_hex(2)}"


def executed_name(notebook: str) -> str:
    """File name of the executed notebook in a run's folder."""
    return f"{slug(notebook)}.ipynb"


def open_runs(folder: str | os.PathLike[str]) -> list[RunFolder]:
    """The run in a folder, or the runs in a demo's folder, in order.

    Raises
    ------
    DataMismatch
        If there is neither.
    """
    folder = Path(folder)
    if (folder / manifests.NAME).is_file():
        return [RunFolder(folder)]
    runs = list(_runs_in(folder))
    if not runs:
        manifests.read(folder)  # says what is missing
    return sorted(runs, key=lambda run: run.manifest["volatile"].get("started", ""))


def finished_runs() -> list[RunFolder]:
    """All finished runs of this workspace, oldest first; those of demos included."""
    found = list(_runs_in(runs_folder()))
    for folder in _folders(runs_folder()):
        if not (folder / manifests.NAME).is_file():
            found += _runs_in(folder)
    return sorted(found, key=lambda run: (run.manifest["volatile"]["finished"], run.id))


def candidates(notebook: str, beside: Path | None) -> Iterator[RunFolder]:
    """Finished runs of a notebook, the best first: beside this run, then the newest."""
    if beside is not None:
        yield from (run for run in _runs_in(beside) if run.notebook == notebook)
    yield from (run for run in reversed(finished_runs()) if run.notebook == notebook)


def _runs_in(folder: Path) -> Iterator[RunFolder]:
    for path in _folders(folder):
        if (path / manifests.NAME).is_file():
            run = RunFolder(path)
            try:
                _ = run.manifest
            except DataMismatch:
                continue  # a run of another format, or changed by hand, is never picked
            yield run


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
