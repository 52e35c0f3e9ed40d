"""How is a file or a folder written whole, or not at all?

Everything is written to a temporary name beside its destination and renamed
when complete, so that an interrupt or a full disk leaves the old file or none.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(destination: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that becomes `destination` if the block succeeds.

    Parameters
    ----------
    destination : path
        The file to write. Its folder is made if it does not exist.

    Yields
    ------
    pathlib.Path
        A path in the same folder, with the same suffix, to write to.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "table.csv") as path:
    ...     _ = path.write_text("a,b")
    >>> (folder / "table.csv").read_text()
    'a,b'
    """
    destination = Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{destination.stem}-", suffix=destination.suffix, dir=destination.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, destination)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(destination: str | os.PathLike[str]) -> None:
    """Raise now what writing `destination` would raise after hours of work.

    Raises
    ------
    OSError
        If it is a folder, or its folder cannot be made or written to.
    """
    destination = Path(destination)
    if destination.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=f".{destination.stem}-", dir=destination.parent):
        return


@contextmanager
def whole_folder(destination: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder that becomes `destination` if the block succeeds.

    Raises
    ------
    FileExistsError
        If `destination` exists and is not an empty folder.
    """
    destination = Path(destination)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise FileExistsError(f"{destination} exists and is not empty")
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if destination.exists():
            destination.rmdir()
        os.replace(temporary, destination)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
