"""What went wrong in a notebook, in three parts and without a patient's value?"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from .. import errors
from ..errors import LabError

# The message of any other error may quote a value of the data, and is left in the notebook.
_SAFE = ("ModuleNotFoundError", "ImportError", "NameError", "SyntaxError", "IndentationError")
_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class NotebookFailed(LabError):
    """A notebook stopped with an error that is none of the workbench's own."""

    exit_code = 1


def from_cell(notebook: str, cell: int, kind: str, message: str, kept: Path | None) -> LabError:
    """The error to raise for an error that stopped a cell.

    Parameters
    ----------
    notebook : str
    cell : int
        Position of the cell in the executed notebook, from 1.
    kind, message : str
        Class and text of the error in the kernel.
    kept : pathlib.Path or None
        Where the executed notebook was kept.
    """
    look = f"Look at cell {cell} in {kept}" if kept else f"Run {notebook} in JupyterLab."
    parts = _parts(message)
    if parts is not None:
        happened, expected, following = parts
        return _class_of(kind)(happened, expected, f"{following}\n            {look}")
    if f"[Errno {errno.ENOSPC}]" in message:
        return no_space(notebook)
    said = f"{kind}: {message}" if kind in _SAFE else kind
    return NotebookFailed(
        f"{notebook} stopped in cell {cell} with {said}.",
        "A notebook that runs from the first cell to the last.",
        look,
    )


def kernel_died(notebook: str, kept: Path | None) -> LabError:
    """The error to raise when the kernel is gone."""
    return NotebookFailed(
        f"The Python process of {notebook} ended before the notebook was done.",
        "A process that runs to the end; the usual cause is that memory ran out.",
        f"Use --preset smoke, or fewer rows.{f' The notebook so far: {kept}' if kept else ''}",
    )


def not_finished(notebook: str, kept: Path | None) -> LabError:
    """The error to raise when a notebook never finished its run."""
    return NotebookFailed(
        f"{notebook} ran to its end but did not finish its run, so there is no manifest.",
        f'run = lab.start("{notebook}") after the parameters, and run.finish() at the end.',
        f"Add both to the notebook.{f' The executed copy: {kept}' if kept else ''}",
    )


def no_space(notebook: str) -> LabError:
    """The error to raise when the disk is full."""
    return LabError(
        f"There is no space left on the disk to run {notebook}.",
        "Room for the run's folder; nothing half-written was left.",
        "Free some space, or choose another disk with --out DIR or SYNTHEMA_RUNS.",
    )


def is_no_space(error: BaseException) -> bool:
    """Whether an error says that the disk, or a quota on it, is full."""
    return isinstance(error, OSError) and error.errno in _SPACE


def _parts(message: str) -> tuple[str, str, str] | None:
    happened, found, rest = message.partition("\n  Expected: ")
    expected, also, following = rest.partition("\n  Next:     ")
    return (happened, expected, following) if found and also else None


def _class_of(kind: str) -> type[LabError]:
    known = {each.__name__: each for each in _subclasses(LabError)}
    return known.get(kind, getattr(errors, kind, NotebookFailed))


def _subclasses(base: type[LabError]) -> Iterator[type[LabError]]:
    yield base
    for each in base.__subclasses__():
        yield from _subclasses(each)
