"""How does a notebook start its run: under the runner, in JupyterLab, or under a checker?

Under the runner, ``SYNTHEMA_RUN`` names a file with the run's folder and its
resolved parameters. Otherwise the run makes a folder of its own, hidden until
it is finished, and reads the current values of the parameters from the
session's namespace.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ArgumentRefused
from .folder import new_id
from .parameters import declared
from .paths import find_notebook, runs_folder
from .provenance import UNKNOWN, source_digest
from .run import Run
from .setting import Setting

SPECIFICATION = "SYNTHEMA_RUN"
_unfinished: dict[str, Path] = {}


def start(notebook: str) -> Run:
    """Start the run of a notebook; called in the cell after the parameters.

    Parameters
    ----------
    notebook : str
        The notebook's own name, such as ``"40_generate"``.

    Returns
    -------
    Run

    Raises
    ------
    ArgumentRefused
        If the name is not the name of the notebook that is running.
    """
    specification = os.environ.get(SPECIFICATION)
    if specification:
        return _started_by_runner(notebook, Path(specification))
    return _started_by_hand(notebook)


def _started_by_runner(notebook: str, specification: Path) -> Run:
    given = json.loads(specification.read_text(encoding="utf-8"))
    if notebook.rpartition("/")[2] != given["notebook"].rpartition("/")[2]:
        raise ArgumentRefused(
            f"The notebook {given['notebook']} starts a run called '{notebook}'.",
            "The notebook's own name.",
            f'Write: run = lab.start("{given["notebook"]}")',
        )
    setting = Setting(
        notebook=given["notebook"],
        values=given["values"],
        provenance=given["provenance"],
        preset=given["preset"],
        source=given["source"],
        headless=True,
        beside=Path(given["beside"]) if given["beside"] else None,
        pinned=Path(given["pinned"]) if given["pinned"] else None,
    )
    return Run(Path(given["folder"]), setting)


def _started_by_hand(notebook: str) -> Run:
    name, values, provenance, source = _current(notebook)
    run_id = new_id(name)
    folder = runs_folder() / f".{run_id}"
    _forget(name)  # a run of this notebook that was started before and never finished
    folder.mkdir(parents=True)
    if not _unfinished:
        atexit.register(_forget_all)
    _unfinished[name] = folder

    def publish(written: Path) -> Path:
        final = runs_folder() / run_id
        if written != final:
            written.rename(final)
        _unfinished.pop(name, None)
        return final

    return Run(folder, Setting(name, values, provenance, source=source), publish)


def _current(notebook: str) -> tuple[str, dict[str, Any], dict[str, str], str]:
    """Name, values, their origin and the digest of the source, from the session."""
    namespace = _namespace()
    try:
        name, path = find_notebook(notebook)
        known = declared(path)
    except ArgumentRefused:  # a copy that was renamed or moved works as well
        values = {key: value for key, value in namespace.items() if _is_plain(key, value)}
        return notebook, values, dict.fromkeys(values, "session"), UNKNOWN
    values = {key: namespace.get(key, parameter.default) for key, parameter in known.items()}
    provenance = {
        key: "default" if values[key] == parameter.default else "session"
        for key, parameter in known.items()
    }
    return name, values, provenance, source_digest(path)


def _namespace() -> Mapping[str, Any]:
    if "IPython" in sys.modules:
        shell = sys.modules["IPython"].get_ipython()
        if shell is not None:
            return {k: v for k, v in shell.user_ns.items() if k not in shell.user_ns_hidden}
    return vars(sys.modules["__main__"])


def _is_plain(key: str, value: Any) -> bool:
    if key.startswith("_") or key in ("In", "Out"):
        return False
    if isinstance(value, list):
        return all(isinstance(item, (int, float, str)) for item in value)
    return value is None or isinstance(value, (int, float, str))


def _forget(name: str) -> None:
    folder = _unfinished.pop(name, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_all() -> None:
    for name in list(_unfinished):
        _forget(name)
