"""What can a process forbid itself, before it reads anything?

Run by a worker as its first act, while it has a single thread: no new
privileges, death with its owner, no core dumps or huge files, a network of its own with
nothing in it, and Landlock rules (Linux 5.13) that leave it a few readable
places and one writable folder. Nothing of this can be undone by the process.
It needs no privileges; what the kernel does not offer is left out, and told.
Landlock does not govern connections to sockets that lie in the file system;
there only the sandbox and `watch` stand.

This module imports nothing outside the standard library: it is loaded by its
path, since whatever else were imported first might start threads.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
NEW_USER, NEW_NET = 0x10000000, 0x40000000
_READ_FILE, _READ_FOLDER, _RUN = 1 << 2, 1 << 3, 1 << 0
_ALL_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""By version of Landlock, all rights over files that it knows."""
LARGEST_FILE = 2**30
"""Bytes; a worker that prints without end must not fill the disk that the books lie on."""
_FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15

_REFUSED = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    f"os.{act}" for act in ("remove", "rename", "rmdir", "mkdir", "link", "symlink", "truncate",
                            "chmod", "chown")
}  # fmt: skip


def confine(readable: Sequence[str], writable: Sequence[str]) -> dict[str, object]:
    """Forbid this process everything but these places.

    Parameters
    ----------
    readable, writable : sequence of str
        Files and folders, with all that is in them.

    Returns
    -------
    dict
        ``landlock`` (the version, 0 where there is none) and ``own_network``.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    largest = LARGEST_FILE if most == resource.RLIM_INFINITY else min(LARGEST_FILE, most)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    if not sys.platform.startswith("linux"):
        return {"landlock": 0, "own_network": False}
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    own_network = libc.unshare(NEW_NET) == 0 or libc.unshare(NEW_USER | NEW_NET) == 0
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return {"landlock": _landlock(libc, readable, writable), "own_network": own_network}


def landlock_version() -> int:
    """The version of Landlock that the kernel offers; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _landlock(libc: ctypes.CDLL, readable: Sequence[str], writable: Sequence[str]) -> int:
    version = landlock_version()
    if version == 0:
        return 0
    rights = _ALL_OF[max(known for known in _ALL_OF if known <= version)]
    network = 3 if version >= 4 else 0
    scoped = 3 if version >= 6 else 0
    fields = [rights, network, scoped][: 1 + (version >= 4) + (version >= 6)]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = libc.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return 0
    for place in readable:
        _allow(libc, ruleset, place, rights & (_READ_FILE | _READ_FOLDER | _RUN))
    for place in writable:
        _allow(libc, ruleset, place, rights)
    restricted = libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0
    os.close(ruleset)
    return version if restricted else 0


def _allow(libc: ctypes.CDLL, ruleset: int, place: str, rights: int) -> None:
    if not os.path.exists(place):
        return
    handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(place):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, handle)
        libc.syscall(_ADD_RULE, ruleset, 1, rule, ctypes.c_uint32(0))
    finally:
        os.close(handle)


def watch(readable: Sequence[str], writable: Sequence[str]) -> None:
    """Refuse sockets, other programs and other files also inside Python.

    No wall against hostile native code, which the kernel's rules are for; it
    stops libraries that call home, and is all there is on other systems.

    Parameters
    ----------
    readable, writable : sequence of str
        As for `confine`.
    """
    may_write = tuple(map(os.path.realpath, writable))
    may_read = (*map(os.path.realpath, readable), *may_write)

    def hook(event: str, details: tuple) -> None:
        allowed = True
        if event.startswith(_REFUSED):
            allowed = event in ("socket.__new__", "socket.gethostname")
        elif event == "open":
            allowed = _within(details[0], may_write if details[2] & _WRITES else may_read)
        elif event in _CHANGES:
            allowed = all(_within(detail, may_write) for detail in details)
        if not allowed:
            raise PermissionError(f"A site's worker may not do this: {event}")

    sys.addaudithook(hook)


def _within(path: object, places: Sequence[str]) -> bool:
    """Whether a path, if it is one, lies in one of these places; an open file may be used."""
    if not isinstance(path, str | bytes | os.PathLike):
        return True
    real = os.path.realpath(os.fsdecode(path))
    return any(real == place or real.startswith(place.rstrip("/") + "/") for place in places)
