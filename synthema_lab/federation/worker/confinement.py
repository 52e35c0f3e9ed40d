"""How is a worker confined on this machine?

In a bubblewrap sandbox where that is installed and works: other processes,
files, users and networks do not exist for it. In any case the worker confines
itself by what the kernel offers (see `kernel`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .kernel import landlock_version

_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime")
_HOME = Path(__file__).resolve().parents[2]
"""The package, which may lie outside the interpreter's folders."""


@dataclass(frozen=True)
class Confinement:
    """What confines a worker here.

    Attributes
    ----------
    bubblewrap : bool
    landlock : int
        Version of Landlock; 0 where the kernel has none.

    Examples
    --------
    >>> print(Confinement(False, 0).advice)
    Install bubblewrap (Debian, Ubuntu, Fedora: the package is called bubblewrap).
    """

    bubblewrap: bool
    landlock: int

    @property
    def sound(self) -> bool:
        """Whether the system, not only Python, keeps it from files and networks."""
        return self.bubblewrap or self.landlock >= 4

    @property
    def advice(self) -> str:
        """What would be better; empty if nothing."""
        if self.bubblewrap:
            return ""
        return "Install bubblewrap (Debian, Ubuntu, Fedora: the package is called bubblewrap)."

    def __str__(self) -> str:
        if self.bubblewrap:
            return "bubblewrap: no network, no other files or processes"
        if self.landlock:
            network = "no TCP" if self.landlock >= 4 else "network not closed by it"
            return f"Landlock {self.landlock}: no other files, {network}"
        return "inside Python only: sockets and programs are refused"


@lru_cache(maxsize=1)
def confinement() -> Confinement:
    """What this machine offers; bubblewrap is tried once."""
    return Confinement(_bubblewrap_works(), landlock_version())


def needed_to_run() -> list[str]:
    """Places that the interpreter and the package are read from."""
    # Not sys.path: it may begin with the folder that the site was started in, keys and all.
    libraries = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    places = [*_SYSTEM, sys.prefix, sys.base_prefix, *libraries, str(_HOME)]
    return [place for place in dict.fromkeys(places) if os.path.exists(place)]


def wrapped(command: Sequence[str], readable: Sequence[str], writable: str) -> list[str]:
    """A command in a sandbox, where there is one.

    Parameters
    ----------
    command : sequence of str
    readable : sequence of str
        Files and folders, absolute.
    writable : str
        The one folder.

    Notes
    -----
    It is to be started in a session of its own, without a terminal: its processes
    are then one group, which can be ended together.
    """
    if not confinement().bubblewrap:
        return list(command)
    return [*_sandbox([*needed_to_run(), *readable], writable), *command]


def _sandbox(readable: Sequence[str], writable: str) -> list[str]:
    line = [
        "bwrap", "--unshare-all", "--die-with-parent", "--clearenv",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
    ]  # fmt: skip
    for place in readable:
        if place in _SYSTEM and os.path.islink(place):
            line += ["--symlink", os.readlink(place), place]
        else:
            line += ["--ro-bind", place, place]
    return [*line, "--bind", writable, writable, "--chdir", writable]


def _bubblewrap_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    tried = [*_sandbox(needed_to_run(), "/tmp"), sys.executable, "-I", "-S", "-c", ""]
    try:
        return subprocess.run(tried, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
