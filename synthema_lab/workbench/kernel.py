"""How is a kernel started the same way every time?

With this Python, over sockets in a private folder instead of network ports,
with a fixed environment: no personal start-up files, fixed hash seed, thread
count, time zone and locale.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager

NAME = "python3"
THREADS = "1"
_SOCKET_LIMIT = 100  # bytes that the path of a socket may have; 104 on macOS, 108 on Linux
_NO_STYLE = "matplotlibrc"  # empty: a personal one would change figures
_FIXED = {
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "MPLBACKEND": "agg",
    "TQDM_DISABLE": "1",  # the bar in the terminal counts cells; bars inside cells would be stored
    "JAX_PLATFORMS": "cpu",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        ),
        THREADS,
    ),
}


def environment(control: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a kernel: the caller's, the fixed part, then what is given.

    Examples
    --------
    >>> environment(Path("control"), {"SYNTHEMA_RUN": "run.json"})["PYTHONHASHSEED"]
    '0'
    """
    own = {"IPYTHONDIR": str(control / "ipython"), "MATPLOTLIBRC": str(control / _NO_STYLE)}
    return {**os.environ, **_FIXED, **own, **given}


@contextmanager
def control_folder() -> Iterator[Path]:
    """A private folder for sockets and logs whose path is short enough for a socket."""
    base = tempfile.gettempdir()
    short = os.path.join(os.sep, "tmp")
    needed = len(os.fsencode(base)) + len("/synthema-xxxxxxxx/kernel-ipc-65535")
    if needed > _SOCKET_LIMIT and os.path.isdir(short):
        base = short
    folder = Path(tempfile.mkdtemp(prefix="synthema-", dir=base))
    (folder / _NO_STYLE).touch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def manager(control: Path) -> AsyncKernelManager:
    """A manager for one kernel of this Python, not started yet."""
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

    class ThisPython(KernelSpecManager):
        """Knows one kernel, whatever is installed elsewhere under that name."""

        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    return AsyncKernelManager(
        kernel_name=NAME,
        kernel_spec_manager=ThisPython(),
        transport="ipc" if os.name == "posix" else "tcp",
        connection_file=str(control / "kernel.json"),
        shutdown_wait_time=10.0,
    )


def end_group(group: int | None) -> None:
    """End what a kernel that is gone has left running in its process group."""
    if group is None or os.name != "posix" or group == os.getpgrp():
        return
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing is left, which is the usual case
