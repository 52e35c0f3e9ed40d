"""Where is the secret that turns identifiers into pseudonyms, and who may read it?

The site's key is a file that stays at the site: 32 bytes from the operating
system, readable by its owner alone. Every study gets a key of its own, derived
from it, so that two studies of the same patients cannot be linked by their
pseudonyms. Whoever holds the file can link everything: it never travels with a
table.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from synthema_lab.errors import ArgumentRefused
from synthema_lab.randomness import random_bytes

WHAT = "Synthema Lab site key. It stays at the site and never travels with a table."
DEFAULT = Path("~/.config/synthema/site.key")
VARIABLE = "SYNTHEMA_SITE_KEY"
BYTES = 32


class SiteKey:
    """A site's secret. It is never printed, compared by eye or pickled.

    Attributes
    ----------
    id : str
        A name for the key, 8 hexadecimal digits, that says nothing about it.

    Examples
    --------
    >>> key = SiteKey.temporary()
    >>> len(key.id), len(key.derived("pseudonym", "survival"))
    (8, 32)
    >>> key.derived("pseudonym", "survival") == key.derived("pseudonym", "anaemia")
    False
    """

    __slots__ = ("__secret", "id")

    def __init__(self, secret: bytes) -> None:
        if not isinstance(secret, bytes) or len(secret) != BYTES:
            raise ArgumentRefused(
                "The site key is not a key.", f"{BYTES} bytes.", "Make one: SiteKey.make(path)."
            )
        self.__secret = secret
        self.id = self.derived("name of this key").hex()[:8]

    @classmethod
    def temporary(cls) -> SiteKey:
        """A key that is kept nowhere; pseudonyms made with it can never be made again."""
        return cls(random_bytes(BYTES))

    @classmethod
    def make(cls, path: str | os.PathLike[str]) -> SiteKey:
        """Make a key and its file, readable by the owner only.

        Raises
        ------
        ArgumentRefused
            If the file exists: a key that is overwritten is lost for good.
        """
        secret = random_bytes(BYTES)
        key = cls(secret)
        try:
            with private_file(path) as stream:
                json.dump({"what": WHAT, "id": key.id, "secret": secret.hex()}, stream)
        except FileExistsError:
            exists = True
        else:
            exists = False
        if exists:
            raise ArgumentRefused(
                f"{Path(path).name} exists.",
                "A new file: a key that is overwritten is lost, and with it the way back.",
                "Use the key that is there, or choose another name.",
            )
        return key

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> SiteKey:
        """Read a key from its file.

        Raises
        ------
        ArgumentRefused
            If there is none, others than the owner may read it, or it holds no key.
        """
        path = Path(path)
        try:
            with open(path, encoding="ascii", errors="replace") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                text = stream.read(10_000) if stat.S_ISREG(mode) else ""
        except OSError as problem:
            missing = problem.errno in (errno.ENOENT, errno.ENOTDIR)
            mode, text = 0, None
        if text is None:
            raise ArgumentRefused(
                f"The key file {path.name} {'does not exist' if missing else 'cannot be read'}.",
                "A site key that its owner can read.",
                "Leave --key out to use the site's own, or give a new name to have one made.",
            )
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ArgumentRefused(
                f"The key file {path.name} can be read by others than its owner.",
                "Permissions 0600.",
                f"Type: chmod 600 {path}  and rotate the key if others had access to it.",
            )
        secret = _secret_in(text)
        if secret is None:
            raise ArgumentRefused(
                f"{path.name} is not a site key.", "A file made by this workbench.",
                "Give the file that was made at the first use, or a new name to have one made.",
            )  # fmt: skip
        return cls(secret)

    @staticmethod
    def place(path: str | os.PathLike[str] | None = None) -> Path:
        """Where the site's key is: the file given, ``SYNTHEMA_SITE_KEY``, or the usual place."""
        return Path(path or os.environ.get(VARIABLE) or DEFAULT).expanduser()

    @classmethod
    def at_site(cls, path: str | os.PathLike[str] | None = None) -> tuple[SiteKey, Path, bool]:
        """The key in a file, made at the first use.

        Parameters
        ----------
        path : path, optional
            By default ``SYNTHEMA_SITE_KEY``, else ``~/.config/synthema/site.key``.

        Returns
        -------
        key : SiteKey
        path : pathlib.Path
        made : bool
            Whether it was made just now.
        """
        found = cls.place(path)
        if found.exists():
            return cls.load(found), found, False
        return cls.make(found), found, True

    def derived(self, purpose: str, study: str = "") -> bytes:
        """A key for one purpose and one study; it tells nothing about any other."""
        return keyed(self.__secret, "synthema-lab de-identification 1", purpose, study)

    def __repr__(self) -> str:
        return f"SiteKey(id={self.id})"

    def __reduce__(self) -> NoReturn:
        raise ArgumentRefused(
            "A site key cannot be copied into a file or another process.",
            "Its own file, at the site.",
            "Read it there: SiteKey.load(path).",
        )


def keyed(secret: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 over parts, each with its length, so that no two lists look alike."""
    message = b"".join(
        len(part).to_bytes(8, "big") + part for part in (text.encode("utf-8") for text in parts)
    )
    return hmac.digest(secret, message, "sha256")


@contextmanager
def private_file(path: str | os.PathLike[str]) -> Iterator[object]:
    """A text file that only the owner can read, written whole, and never over another.

    `storage.whole_file` follows the umask and replaces what is there; a secret
    wants neither.

    Raises
    ------
    FileExistsError
        If there is a file of that name.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)
    finally:
        os.unlink(temporary)


def _secret_in(text: str) -> bytes | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    secret = content.get("secret") if isinstance(content, dict) else None
    if not isinstance(secret, str) or not re.fullmatch(f"[0-9a-f]{{{2 * BYTES}}}", secret):
        return None
    return bytes.fromhex(secret)
