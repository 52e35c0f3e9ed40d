"""How is a file recognised again, without giving away what is in it?

Public content is hashed with SHA-256. Content with patients behind it is
hashed with HMAC-SHA-256 under a key that stays in this workspace: nobody else
can check a guess against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd

from .. import randomness
from .paths import runs_folder

RESTRICTED = "restricted"


def workspace_key() -> bytes:
    """The key of this workspace; made once in ``runs/.key``, readable by the owner only.

    Runs that start together make it together: the first to be linked is the
    key of all of them.
    """
    path = runs_folder() / ".key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".key-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(randomness.random_bytes(32))
            with suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
    return path.read_bytes()


def key_name() -> str:
    """A name for the workspace's key, so that digests under another are not compared."""
    return hmac.new(workspace_key(), b"name of this key", hashlib.sha256).hexdigest()[:8]


def is_keyed(digest: str | None) -> bool:
    """Whether a digest was made under a workspace's key."""
    return digest is not None and digest.startswith("hmac-")


def digest(content: bytes, public: bool = True) -> str:
    """``sha256:...`` of public bytes, ``hmac-sha256:...`` of others.

    Examples
    --------
    >>> digest(b"abc")[:15]
    'sha256:ba7816bf'
    """
    if public:
        return f"sha256:{hashlib.sha256(content).hexdigest()}"
    return f"hmac-sha256:{hmac.new(workspace_key(), content, hashlib.sha256).hexdigest()}"


def file_digest(path: str | os.PathLike[str], public: bool = True) -> str:
    """The digest of a file's bytes, read in pieces."""
    with open(path, "rb") as stream:
        if public:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
        keyed = hmac.new(workspace_key(), digestmod=hashlib.sha256)
        while block := stream.read(1 << 20):
            keyed.update(block)
    return f"hmac-sha256:{keyed.hexdigest()}"


def table_digest(table: pd.DataFrame, public: bool = True) -> str:
    """The digest of a table's values as CSV, whatever file it came from."""
    return digest(table.to_csv(index=False, lineterminator="\n").encode(), public)


def digests_in(folder: Path, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Digest of each file in a folder by its path; keyed below ``restricted/``."""
    return {
        name: file_digest(folder / name, public=not name.startswith(f"{RESTRICTED}/"))
        for name in files_in(folder)
        if name not in skip
    }


def files_in(folder: Path) -> Iterator[str]:
    """Files of a folder as ``/`` paths, hidden ones left out."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix()
