"""How is a notebook run from outside, whole or not at all?

The only caller of papermill. Papermill accepts a misspelt parameter, records
only what was overridden and starts wherever the caller stands; here every
parameter is checked and injected, and the working folder is the run's own.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentRefused, LabError
from ..storage import whole_folder
from . import failures, kernel
from .executed import headings, prepared, write_executed
from .folder import RunFolder, executed_name, new_id
from .manifest import NAME as MANIFEST
from .paths import PROJECT, RUNS, project_root, runs_folder
from .progress import Progress, bar
from .provenance import source_digest
from .record import REPLAY
from .session import SPECIFICATION
from .values import Resolved, resolve

if TYPE_CHECKING:
    from nbformat import NotebookNode

FAILED = "failed"


def run_notebook(
    name: str | os.PathLike[str],
    preset: str = "standard",
    parameters: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> RunFolder:
    """Run a notebook into a folder of its own.

    Parameters
    ----------
    name : str or path
        Name of a notebook, or a path to one.
    preset : str
        ``smoke``, ``standard`` or ``full``.
    parameters : mapping of str to value
        Overrides; text is read as the declared type.
    out : path, optional
        A new or empty folder, instead of ``runs/<id>``.
    progress : bool
        Show a bar by cell in a terminal.

    Returns
    -------
    RunFolder
        Usable as a path.

    Raises
    ------
    ArgumentRefused
        Before anything runs: unknown name, wrong type, folder not empty.
    NotebookFailed
        If a cell fails; errors of the workbench keep their own class. The
        executed notebook is kept below ``runs/failed/``.
    """
    resolved = resolve(name, preset, parameters)
    run_id = new_id(resolved.notebook)
    destination = Path(out).resolve() if out is not None else runs_folder() / run_id
    with bar(cell_count(resolved), progress) as report:
        return execute(resolved, destination, run_id=run_id, progress=report)


def cell_count(resolved: Resolved) -> int:
    """How many cells a run will go through."""
    return len(prepared(resolved.source, resolved.values).cells)


def execute(
    resolved: Resolved,
    destination: Path,
    *,
    run_id: str | None = None,
    progress: Progress = lambda done, what: None,
    beside: Path | None = None,
    pinned: Path | None = None,
    replay: Path | None = None,
) -> RunFolder:
    """Run a notebook whose parameters are resolved.

    Parameters
    ----------
    resolved : Resolved
    destination : pathlib.Path
        New or empty.
    run_id : str, optional
        Names the folder of a failed notebook.
    progress : callable
        ``progress(cells done, heading)``.
    beside : pathlib.Path, optional
        A folder whose runs are looked at first for inputs.
    pinned : pathlib.Path, optional
        The manifest of a run that is being repeated.
    replay : pathlib.Path, optional
        Opened noisy sums that are taken instead of new ones.
    """
    refuse_used(destination)
    run_id = run_id or new_id(resolved.notebook)
    try:
        with (
            interruptible(),
            kernel.control_folder() as control,
            whole_folder(destination) as folder,
        ):
            specification = {
                "notebook": resolved.notebook,
                "source": source_digest(resolved.source),
                "folder": str(folder),
                "preset": resolved.preset,
                "values": dict(resolved.values),
                "provenance": dict(resolved.provenance),
                "beside": str(beside) if beside else None,
                "pinned": str(pinned) if pinned else None,
            }
            (control / "run.json").write_text(json.dumps(specification), encoding="utf-8")
            environment = kernel.environment(control, _names(control, replay))
            _run_cells(resolved, folder, control, environment, progress, run_id)
    except OSError as error:
        raise _explained(error, resolved.notebook, destination) from error
    return RunFolder(destination)


def refuse_used(destination: Path) -> None:
    """Refuse a destination that holds something already.

    Raises
    ------
    ArgumentRefused
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise ArgumentRefused(
            f"'{destination.name}' exists already and is not an empty folder.",
            "A folder that does not exist yet, or an empty one.",
            "Choose another folder for --out, or leave --out away.",
        )


@contextmanager
def interruptible() -> Iterator[None]:
    """Treat a request to terminate like Ctrl-C, so that nothing half-written is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_cells(
    resolved: Resolved,
    folder: Path,
    control: Path,
    environment: Mapping[str, str],
    progress: Progress,
    run_id: str,
) -> None:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    notebook = prepared(resolved.source, resolved.values)
    engine = _engine(folder, control, environment, progress)
    kept = runs_folder() / FAILED / run_id / executed_name(resolved.notebook)

    def keep() -> Path | None:
        if engine.notebook is None:
            return None
        write_executed(engine.notebook, kept)
        return kept

    try:
        papermill.execute_notebook(
            notebook, None, engine_name=engine.name, kernel_name=kernel.NAME, language="python",
            progress_bar=False,
        )  # fmt: skip
    except PapermillExecutionError as error:
        raise failures.from_cell(
            resolved.notebook, error.cell_index + 1, error.ename, error.evalue, keep()
        ) from None
    except RuntimeError as error:
        if not isinstance(error, DeadKernelError) and "died" not in str(error):
            raise
        raise failures.kernel_died(resolved.notebook, keep()) from None
    if not (folder / MANIFEST).is_file():
        raise failures.not_finished(resolved.notebook, keep())
    write_executed(engine.notebook, folder / executed_name(resolved.notebook))


def _engine(folder: Path, control: Path, environment: Mapping[str, str], progress: Progress) -> Any:
    """An engine of papermill with a kernel of our own, which works in `folder`."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines

    class Client(PapermillNotebookClient):
        """Ends the kernel at once, instead of waiting for its cell, when interrupted."""

        def papermill_execute_cells(self) -> None:
            try:
                super().papermill_execute_cells()
            except BaseException:
                self.shutdown_kernel = "immediate"
                raise

    class OwnKernel(Engine):
        """Runs the cells in a kernel that is always started the same way."""

        name = control.name  # one engine a run: runs in several threads do not meet
        notebook: NotebookNode | None = None

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **given: Any) -> Any:
            cls.notebook = nb_man.nb
            under = headings(nb_man.nb)
            started = kernel.manager(control)
            client = Client(
                nb_man, km=started, kernel_name=kernel_name, record_timing=False,
                on_cell_start=lambda cell, cell_index: progress(cell_index, under[cell_index]),
            )  # fmt: skip
            try:
                with open(control / "kernel.log", "wb") as log:
                    client.execute(
                        cleanup_kc=True, cwd=str(folder), env=dict(environment), stdout=log,
                        stderr=log,
                    )  # fmt: skip
                progress(len(under), "")
            finally:
                kernel.end_group(getattr(started.provisioner, "pgid", None))
            return nb_man.nb

        @classmethod
        def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
            return kernel.NAME

        @classmethod
        def nb_language(cls, nb: Any, language: str | None = None) -> str:
            return "python"

    papermill_engines.register(OwnKernel.name, OwnKernel)
    return OwnKernel


def _names(control: Path, replay: Path | None) -> dict[str, str]:
    """What the notebook's session and the rooms below find in their environment."""
    named = {SPECIFICATION: str(control / "run.json"), RUNS: str(runs_folder())}
    with suppress(ArgumentRefused):  # a notebook outside any checkout runs as well
        named[PROJECT] = str(project_root())
    return named | ({REPLAY: str(replay)} if replay else {})


def _explained(error: OSError, notebook: str, destination: Path) -> LabError:
    if failures.is_no_space(error):
        return failures.no_space(notebook)
    return LabError(
        f"The folder of the run cannot be written ({type(error).__name__}).",
        f"A place where you may write: {destination.parent}",
        "Choose another folder with --out DIR, or set SYNTHEMA_RUNS.",
    )
