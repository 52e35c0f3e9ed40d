"""How much memory does a process come to hold while it does one thing?

Resident memory as the Linux kernel counts it. The peak is reset through
``/proc/self/clear_refs`` (proc(5), value 5), so that what was held before does
not hide what is held now. Where that cannot be done, what is told is by how much
the peak of the process's whole life has grown, which may be less.
"""

from __future__ import annotations

import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path

_PROCESS = Path("/proc/self")


def watched() -> Callable[[], int]:
    """Begin to watch; the function returned gives the bytes above now that were held at most."""
    try:
        (_PROCESS / "clear_refs").write_text("5")
    except OSError:
        before = _peak_of_life()
        return lambda: _peak_of_life() - before
    held = _kilobytes("VmRSS")
    return lambda: 1024 * max(0, _kilobytes("VmHWM") - held)


def _kilobytes(field: str) -> int:
    status = (_PROCESS / "status").read_text(encoding="ascii")
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, flags=re.MULTILINE)[1])


def _peak_of_life() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
