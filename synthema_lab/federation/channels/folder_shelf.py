"""How do sealed letters lie in a folder that all parties can reach?

On a disk, a network share, or whatever else `fsspec` opens. Each party writes
only below the folder of its own name and only reads elsewhere, so that the
folder's owner can grant exactly that. Files have names that the reader can work
out: nothing is found by listing, which is why many rounds do not make a channel
slow.
"""

from __future__ import annotations

import errno
import os
import posixpath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ... import randomness
from ...storage import whole_file
from .errors import FolderFull, FolderReadOnly, FolderUnusable
from .shelf import TEMPORARY

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class FolderShelf:
    """A shelf in a folder; see `shelf.Shelf`.

    Parameters
    ----------
    folder : str
        A path, or an address that `fsspec` opens, such as ``sftp://host/exchange``.
    options : mapping
        Of the file system; see `fsspec`.

    Raises
    ------
    FolderUnusable
        If the folder does not exist and cannot be made.

    Examples
    --------
    >>> shelf = FolderShelf("memory://exchange-of-an-example")
    >>> shelf.write("north/1", b"sealed")
    >>> shelf.read("north/1"), shelf.size("north/2")
    (b'sealed', None)
    """

    def __init__(self, folder: str, **options: Any) -> None:
        self._files, self._root = fsspec.core.url_to_fs(
            str(folder), use_listings_cache=False, **options
        )
        self._local = isinstance(self._files, LocalFileSystem)
        self._folder = folder
        try:
            self._files.makedirs(self._root, exist_ok=True)
        except OSError as error:
            raise self._refused(error) from None

    def __repr__(self) -> str:
        return f"FolderShelf({str(self._folder)!r})"

    def write(self, path: str, content: bytes) -> None:
        """Write to a temporary name, then rename."""
        place = self._place(path)
        try:
            if self._local:
                with whole_file(place) as temporary:
                    temporary.write_bytes(content)
                return
            folder, name = posixpath.split(place)
            self._files.makedirs(folder, exist_ok=True)
            temporary = f"{folder}/{TEMPORARY}{randomness.random_bytes(8).hex()}-{name}"
            self._files.pipe_file(temporary, content)
            try:
                self._files.mv(temporary, place)
            except OSError:  # such as SFTP, which renames onto no file that is there
                self._files.rm(place)
                self._files.mv(temporary, place)
        except OSError as error:
            raise self._refused(error) from None

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        try:
            found = self._files.info(self._place(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._refused(error) from None
        return found["size"] if found["type"] == "file" else None

    def read(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        try:
            return self._files.cat_file(self._place(path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self._refused(error) from None

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        place = self._place(path)
        try:
            self._files.rm(place, recursive=self._files.isdir(place))
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise self._refused(error) from None

    def names(self, folder: str) -> list[str]:
        """Paths of all files below a folder, those of interrupted writes included."""
        try:
            found = self._files.find(self._place(folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._refused(error) from None
        start = len(self._root.rstrip("/")) + 1
        return [path[start:] for path in found]

    def _place(self, path: str) -> str:
        place = f"{self._root.rstrip('/')}/{path}"
        if self._local:
            # Others may write in the folder: a link there must not lead out of it.
            root, folder = (os.path.realpath(one) for one in (self._root, os.path.dirname(place)))
            if os.path.commonpath([root, folder]) != root:
                raise self._refused(OSError(errno.ELOOP, "a link leads out of the folder"))
        return place

    def _refused(self, error: OSError) -> FolderUnusable:
        kind = FolderUnusable
        if error.errno in _READ_ONLY:
            kind = FolderReadOnly
        elif error.errno in _FULL:
            kind = FolderFull
        happened, following = _TOLD[kind]
        return kind(
            f"The shared folder {self._folder} {happened} ({type(error).__name__}).",
            "A folder in which this party may write below its own name, with room left.",
            following,
        )


_TOLD = {
    FolderReadOnly: (
        "may not be written or read here",
        "Ask whoever runs the folder for that right, then repeat; nothing was half-sent.",
    ),
    FolderFull: (
        "has no room left",
        "Make room, then repeat; nothing was half-sent.",
    ),
    FolderUnusable: (
        "cannot be used",
        "Check that it is mounted and reachable, then repeat; nothing was half-sent.",
    ),
}
