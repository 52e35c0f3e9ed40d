"""Which code, which lock and which machine made these numbers?"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ..errors import ArgumentRefused
from .fingerprints import digest, file_digest
from .parameters import read_notebook, source_of, tags_of
from .paths import project_root

UNKNOWN = "unknown"
_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGES = (
    "synthema-lab", "numpy", "pandas", "scipy", "scikit-learn", "lifelines",
    "matplotlib", "torch", "opacus", "syft", "papermill", "ipykernel",
)  # fmt: skip


def code_state(package: Path = _PACKAGE) -> dict[str, str]:
    """The commit of the package's code, and the hash of what differs from it.

    Returns
    -------
    dict
        ``commit``: the hash, or ``"unknown"`` outside git. ``patch``: ``"none"``
        for a clean tree, else the hash of the changes to tracked files and of
        all files of the package that are not tracked.
    """
    commit = _git(package, "rev-parse", "HEAD")
    if commit is None:
        return {"commit": UNKNOWN, "patch": UNKNOWN}
    changed = _git(package, "diff", "HEAD", "--binary", "--no-ext-diff", "--", str(package)) or b""
    new = _git(package, "ls-files", "--others", "--exclude-standard", "-z", "--", ".") or b""
    content = hashlib.sha256(changed)
    for name in sorted(filter(None, new.split(b"\0"))):
        path = package / os.fsdecode(name)
        if path.is_file():
            content.update(name + b"\0" + path.read_bytes())
    clean = not changed and not new
    return {
        "commit": commit.decode().strip(),
        "patch": "none" if clean else f"sha256:{content.hexdigest()}",
    }


def lock_digest() -> str:
    """The hash of the lock file, or ``"unknown"`` without one."""
    try:
        path = project_root() / "requirements.lock"
    except ArgumentRefused:
        return UNKNOWN
    return file_digest(path) if path.is_file() else UNKNOWN


def source_digest(notebook: str | os.PathLike[str]) -> str:
    """The hash of a notebook's cells, the same for its source and its executed copy.

    Outputs, metadata and the injected parameters are left out.
    """
    parts = [
        f"{cell['cell_type']}\n{source_of(cell).strip()}"
        for cell in read_notebook(notebook)["cells"]
        if "injected-parameters" not in tags_of(cell)
    ]
    return digest("\n\0\n".join(parts).encode())


def machine() -> dict[str, Any]:
    """Versions, platform and size of the machine; never its name or a path."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def peak_memory_mib() -> int | None:
    """The most memory that this process has held; None where unknown."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _git(folder: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
