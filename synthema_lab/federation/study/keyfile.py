"""Where is a signing key kept, and who may read it?

Sites, approvers and researchers each sign with an Ed25519 key of their own, in
a file that only its owner can read. It is made once and never written over.
"""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from ...deidentify.keys import private_file
from ...secure_aggregation import Identity
from .errors import KeyFileRefused

WHAT = "Synthema Lab signing key. Whoever holds it signs in its owner's name: never send it."
_SECRET = re.compile(r"[0-9a-f]{64}")


def make_key(path: str | os.PathLike[str], name: str, expires: int = 0) -> Identity:
    """Draw a key and write its file, readable by the owner only.

    Parameters
    ----------
    path : path
    name : str
        Whose key it is; letters, digits, dots, dashes and underscores.
    expires : int
        Unix time in seconds; 0 for never.

    Raises
    ------
    KeyFileRefused
        If the file exists.
    RosterRefused
        If the name cannot be used.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "north.key"
    >>> made = make_key(path, "north")
    >>> load_key(path) == made, oct(path.stat().st_mode & 0o777)
    (True, '0o600')
    """
    made = Identity.new(name, expires)
    member = made.member()
    content = {
        "what": WHAT, "name": name, "public": member.key.hex(), "expires": expires,
        "secret": made.private_key.hex(),
    }  # fmt: skip
    exists = False
    try:
        with private_file(path) as stream:
            json.dump(content, stream)
    except FileExistsError:
        exists = True
    if exists:
        raise KeyFileRefused(
            f"The key file {Path(path).name} exists.",
            "A new file: a key that is written over is lost.",
            "Use the key that is there, or give another name.",
        )
    return made


def load_key(path: str | os.PathLike[str]) -> Identity:
    """Read a key from its file.

    Raises
    ------
    KeyFileRefused
        If there is none, others may read it, or it holds no key.
    """
    path = Path(path)
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read(10_000) if stat.S_ISREG(mode) else ""
    except OSError:
        mode, text = 0, None
    if text is None:
        raise KeyFileRefused(
            f"The key file {path.name} does not exist or cannot be read.",
            "A key file of its owner.",
            "Give the file that was made at the first use.",
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileRefused(
            f"The key file {path.name} can be read by others than its owner.",
            "Permissions 0600.",
            f"Type: chmod 600 {path}  and make a new key if others had access to it.",
        )
    found = _read(text)
    if found is None:
        raise KeyFileRefused(
            f"{path.name} is not a signing key.",
            "A file that this workbench made.",
            "Give the file that was made at the first use.",
        )
    return found


def key_at(path: str | os.PathLike[str], name: str) -> tuple[Identity, bool]:
    """The key in a file, made at the first use; and whether it was made just now."""
    if Path(path).exists():
        return load_key(path), False
    return make_key(path, name), True


def place(given: str | os.PathLike[str] | None, variable: str, name: str) -> Path:
    """Where a key is: the file given, the one an environment variable names, or the usual place."""
    usual = Path("~/.config/synthema") / f"{name}.key"
    return Path(given or os.environ.get(variable) or usual).expanduser()


def fingerprint(key: bytes | str) -> str:
    """A public key in groups, short enough to compare by telephone.

    Examples
    --------
    >>> fingerprint(bytes(32))
    '6668 7aad f862 bd77 6c8f c18b'
    """
    import hashlib

    raw = bytes.fromhex(key) if isinstance(key, str) else key
    digits = hashlib.sha256(raw).hexdigest()[:24]
    return " ".join(digits[at : at + 4] for at in range(0, 24, 4))


def _read(text: str) -> Identity | None:
    try:
        content = json.loads(text)
        name, secret, expires = content["name"], content["secret"], content["expires"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(name, str) or not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        return None
    if isinstance(expires, bool) or not isinstance(expires, int) or expires < 0:
        return None
    identity = Identity(name, bytes.fromhex(secret), expires)
    return identity if content.get("public") == identity.member().key.hex() else None
