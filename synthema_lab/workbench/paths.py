"""Where does everything lie: notebooks, presets, runs, references?"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ..dictionary.spelling import did_you_mean
from ..errors import ArgumentRefused

PROJECT = "SYNTHEMA_PROJECT"
RUNS = "SYNTHEMA_RUNS"


def project_root(start: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds ``notebooks/`` and this project's ``pyproject.toml``.

    Looked for in ``SYNTHEMA_PROJECT``, then upwards from `start` (the current
    folder by default), then beside the package where it is installed editable.

    Raises
    ------
    ArgumentRefused
        If there is no checkout of the project in any of them.
    """
    named = os.environ.get(PROJECT)
    if named:
        candidates = [Path(named).resolve()]
    else:
        here = Path(start or Path.cwd()).resolve()
        candidates = [here, *here.parents, Path(__file__).resolve().parents[2]]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and _is_ours(folder / "pyproject.toml"):
            return folder
    raise ArgumentRefused(
        "No notebooks of this project were found from the current folder upwards.",
        "A checkout of synthema-lab: a folder with pyproject.toml and notebooks/.",
        "cd to the checkout, or set SYNTHEMA_PROJECT to its folder.",
    )


def notebooks_folder() -> Path:
    """The folder of notebook sources."""
    return project_root() / "notebooks"


def presets_folder() -> Path:
    """The folder of presets, one YAML file each."""
    return project_root() / "presets"


def presets() -> Mapping[str, Path]:
    """Name and file of each preset."""
    return {path.stem: path for path in sorted(presets_folder().glob("*.yaml"))}


def runs_folder() -> Path:
    """Where runs are kept: ``SYNTHEMA_RUNS``, else ``runs/`` in the checkout."""
    named = os.environ.get(RUNS)
    return Path(named).resolve() if named else project_root() / "runs"


def reference_folder() -> Path:
    """Executed smoke runs on public or synthetic data, which are committed."""
    return project_root() / "reports" / "reference"


def notebooks() -> Mapping[str, Path]:
    """Name and file of each notebook; a name has no suffix and uses ``/``."""
    folder = notebooks_folder()
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*.ipynb"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def find_notebook(name: str | os.PathLike[str]) -> tuple[str, Path]:
    """Name and file of a notebook given by its name or by a path.

    Raises
    ------
    ArgumentRefused
        If there is no such notebook; the nearest name is offered.
    """
    text = os.fspath(name)
    if text.endswith(".ipynb") and Path(text).is_file():
        path = Path(text).resolve()
        for known, source in _notebooks_if_any().items():
            if source.resolve() == path:
                return known, path
        return path.stem, path
    known = notebooks()
    wanted = text.removesuffix(".ipynb")
    if wanted in known:
        return wanted, known[wanted]
    raise ArgumentRefused(
        f"There is no notebook called '{wanted}'.",
        f"One of: {', '.join(known) or '(the folder notebooks/ is empty)'}.",
        f"{did_you_mean(wanted, known)} See: synthema list",
    )


def slug(notebook: str) -> str:
    """A notebook's name as one part of a file name.

    Examples
    --------
    >>> slug("teaching/01_first steps")
    'teaching-01_first-steps'
    """
    return re.sub(r"[^A-Za-z0-9_.]+", "-", notebook).strip("-.") or "notebook"


def _notebooks_if_any() -> Mapping[str, Path]:
    try:
        return notebooks()
    except ArgumentRefused:
        return {}


def _is_ours(pyproject: Path) -> bool:
    if not pyproject.is_file():
        return False
    try:
        described = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return False
    return described.get("project", {}).get("name") == "synthema-lab"
