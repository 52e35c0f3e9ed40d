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

from ...errors import GateFailed
from .kernel import NEW_NET, NEW_USER, landlock_version

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
    own_network : bool
        Whether a worker can have a network of its own, with nothing in it.

    Examples
    --------
    >>> Confinement(False, 0).sound
    False
    >>> print(Confinement(False, 0).advice)
    Install bubblewrap (Debian, Ubuntu, Fedora: the package is called bubblewrap).
    """

    bubblewrap: bool
    landlock: int
    own_network: bool = False

    @property
    def sound(self) -> bool:
        """Whether the system, not only Python, keeps it from files and networks."""
        # Landlock alone closes TCP (from 4), never UDP.
        return self.bubblewrap or (self.landlock > 0 and self.own_network)

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
            partly = "no TCP, but UDP" if self.landlock >= 4 else "network not closed"
            network = "no network" if self.own_network else partly
            return f"Landlock {self.landlock}: no other files, {network}"
        return "inside Python only: sockets and programs are refused"


@lru_cache(maxsize=1)
def confinement() -> Confinement:
    """What this machine offers; it is tried once."""
    return Confinement(_bubblewrap_works(), landlock_version(), _network_of_its_own())


def require_sound() -> None:
    """Refuse to go on where only Python would keep a worker from files and networks.

    Raises
    ------
    GateFailed
    """
    how = confinement()
    if not how.sound:
        raise GateFailed(
            f"A worker that reads the table is not shut in by the system here ({how}).",
            "bubblewrap, or a kernel with Landlock and networks of one's own.",
            f"{how.advice} Only for invented or public patients: add --weakly-confined.",
        )


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


def _network_of_its_own() -> bool:
    """Whether a process can give itself one; tried by a process that ends at once."""
    if not sys.platform.startswith("linux"):
        return False
    code = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({NEW_USER | NEW_NET}) != 0)"
    return _succeeds([sys.executable, "-I", "-S", "-c", code])


def _bubblewrap_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    return _succeeds([*_sandbox(needed_to_run(), "/tmp"), sys.executable, "-I", "-S", "-c", ""])


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
