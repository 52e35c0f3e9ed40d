"""Are a run's files as they were written, and does it give the same numbers again?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ArgumentRefused, LabError, NotReproduced
from .comparison import differences, notes
from .fingerprints import RESTRICTED, file_digest, is_keyed, key_name
from .folder import RunFolder, open_runs
from .manifest import NAME as MANIFEST
from .parameters import declared
from .paths import find_notebook
from .progress import bar
from .provenance import source_digest
from .runner import cell_count, execute
from .values import Resolved, convert

_OTHER_KEY = "restricted files and private inputs were hashed in another workspace: not compared"


@dataclass(frozen=True)
class Verification:
    """What was checked and found to be as recorded.

    Attributes
    ----------
    runs : int
        One, or the number of runs in a demo's folder.
    files : int
        Files whose digest was compared.
    rerun : bool
        Whether the notebooks were run again.
    notes : sequence of str
        What has changed without changing a number.
    """

    runs: int
    files: int
    rerun: bool
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        said = (
            f"{self.files} files of results are as they were written (the report and the executed "
            "notebook are not compared)."
        )
        if self.rerun:
            said += " Run again with the recorded parameters: every number is the same."
        return "\n".join([said, *(f"  Note: {note}." for note in self.notes)])


def verify(
    run_folder: str | os.PathLike[str], rerun: bool = False, progress: bool = True
) -> Verification:
    """Check the files of a run or of a demo, and run it again where asked.

    Parameters
    ----------
    run_folder : path
    rerun : bool
        Run each notebook again, in a folder that is thrown away. Noisy sums
        that were paid for are replayed, so that nothing is charged.
    progress : bool
        Show a bar in a terminal.

    Raises
    ------
    NotReproduced
        Lists what differs.
    DataMismatch
        If the folder holds no finished run.
    """
    runs = open_runs(Path(run_folder).resolve())  # kernels stand elsewhere
    files = 0
    changed: list[str] = []
    for run in runs:
        checked, wrong = _check_files(run)
        files += checked
        changed += wrong
    if changed:
        raise _refused(changed, "Restore the folder, or run the notebook again: synthema run")
    told = [_OTHER_KEY for run in runs if not _same_key(run)][:1]
    if rerun:
        for run in runs:
            different, noted = _check_numbers(run, progress)
            changed += [f"{run.notebook}: {what}" for what in different]
            told += [f"{run.notebook}: {what}" for what in noted]
        if changed:
            raise _refused(
                [*changed, *(f"({note})" for note in told)],
                "Compare commit and lock in the manifest with yours: git log, synthema doctor",
            )
    return Verification(len(runs), files, rerun, tuple(told))


def _check_files(run: RunFolder) -> tuple[int, list[str]]:
    recorded = dict(run.manifest["volatile"]["files"])
    for output in run.outputs:
        recorded[output["file"]] = output["digest"]
    for release in run.stable["releases"]:
        if (run.path / release["file"]).is_file():
            recorded[release["file"]] = release["digest"]
    if not _same_key(run):
        recorded = {file: kept for file, kept in recorded.items() if not is_keyed(kept)}
    wrong = []
    for file, expected in sorted(recorded.items()):
        path = run.path / file
        if not path.is_file():
            wrong.append(f"{run.notebook}: {file} (is gone)")
        elif file_digest(path, public=not file.startswith(f"{RESTRICTED}/")) != expected:
            wrong.append(f"{run.notebook}: {file}")
    return len(recorded), wrong


def _check_numbers(run: RunFolder, progress: bool) -> tuple[list[str], list[str]]:
    resolved, told = _as_recorded(run)
    with (
        tempfile.TemporaryDirectory(prefix="synthema-") as temporary,
        bar(cell_count(resolved), progress) as report,
    ):
        try:
            again = execute(
                resolved, Path(temporary) / "rerun", progress=report, beside=run.path.parent,
                pinned=run.path / MANIFEST, replay=run.path / "releases",
            )  # fmt: skip
        except LabError as error:
            if error.exit_code not in (1, NotReproduced.exit_code):
                raise
            raise NotReproduced(
                f"The rerun of {run.notebook} did not come to its end: {error.happened}",
                "A notebook that runs to its end with the recorded parameters.",
                error.next_step,
            ) from None
        now = again.stable
    return differences(run.stable, now, _same_key(run)), told + notes(run.stable, now)


def _same_key(run: RunFolder) -> bool:
    return run.manifest["volatile"].get("key") == key_name()


def _as_recorded(run: RunFolder) -> tuple[Resolved, list[str]]:
    """The recorded notebook with its recorded values; the executed copy where it has changed."""
    recorded = run.stable["notebook"]
    told: list[str] = []
    try:
        _, source = find_notebook(run.notebook)
    except ArgumentRefused:
        source = None
    if source is None or source_digest(source) != recorded["source"]:
        if run.executed is None and source is None:
            raise NotReproduced(
                f"The notebook {run.notebook} is gone, and the run holds no copy of it.",
                f"notebooks/{run.notebook}.ipynb as it was.",
                "Restore the notebook from git.",
            )
        if run.executed is not None:
            source = run.executed
            told.append("the notebook has changed since; its recorded copy was run")
    known = declared(source)
    given = run.stable["parameters"]
    values = {
        name: convert(known[name], given[name]["value"], run.notebook)
        for name in given
        if name in known
    }
    provenance = {name: given[name]["from"] for name in values}
    return Resolved(run.notebook, source, run.stable["preset"], values, provenance), told


def _refused(changed: Sequence[str], following: str) -> NotReproduced:
    return NotReproduced(
        f"{len(changed)} thing{'s differ' if len(changed) > 1 else ' differs'} from what was "
        "recorded:\n    " + "\n    ".join(changed),
        "Every file and every number as recorded in manifest.json.",
        following,
    )
