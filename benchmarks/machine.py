"""On which machine, with which versions, was a table printed?"""

from __future__ import annotations

import importlib.metadata
import os
import platform


def described(packages: tuple[str, ...]) -> str:
    """One line: processor, cores, memory, Python and package versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return (
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, {memory:.0f} GB; "
        f"Python {platform.python_version()}; {versions}"
    )
