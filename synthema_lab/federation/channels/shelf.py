"""What must a place for sealed letters be able to do?

Little enough that a folder, an object store, a drive or a dictionary can be
one. Paths begin with the name of the party whose file it is: each party writes
only below its own name.
"""

from __future__ import annotations

import posixpath
from typing import Protocol

TEMPORARY = "."
"""How the name of a file begins that is not complete yet."""


class Shelf(Protocol):
    """Files by path, relative and with forward slashes."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file whole or not at all; FolderUnusable if it cannot be."""
        ...

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        ...

    def read(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        ...

    def names(self, folder: str) -> list[str]:
        """Paths of all files below a folder."""
        ...


def is_interrupted_write(path: str) -> bool:
    """Whether a file is what an interrupted write left behind."""
    return posixpath.basename(path).startswith(TEMPORARY)
