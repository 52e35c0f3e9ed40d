"""Whose keys are these?

Each party shows the keys for its letters on the shelf, signed with its identity
key. They count only under the identity key that the roster pins for that name:
whoever can write in the folder cannot put keys of their own in place of a
site's.
"""

from __future__ import annotations

import json

from ...secure_aggregation import Identity, Member
from .shelf import Shelf

_STATEMENT = b"synthema-lab channel keys 1\x00"
_LARGEST = 64 * 1024


def show(shelf: Shelf, identity: Identity, keys: str) -> None:
    """Show keys, as text, under a signature.

    Examples
    --------
    >>> from synthema_lab.federation.channels.memory import MemoryShelf
    >>> shelf, north = MemoryShelf(), Identity.new("north")
    >>> show(shelf, north, "the keys")
    >>> shown(shelf, north.member())
    'the keys'
    >>> shown(shelf, Identity.new("north").member()) is None
    True
    """
    signature = identity.sign(_statement(identity.name, keys)).hex()
    content = json.dumps({"keys": keys, "signature": signature})
    shelf.write(place(identity.name), content.encode())


def shown(shelf: Shelf, member: Member) -> str | None:
    """The keys that a party shows; None if there are none that its identity key signed."""
    if (shelf.size(place(member.name)) or 0) > _LARGEST:
        return None
    try:
        content = json.loads(shelf.read(place(member.name)) or b"")
        keys, signature = content["keys"], bytes.fromhex(content["signature"])
        return keys if member.verifies(signature, _statement(member.name, keys)) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def place(name: str) -> str:
    """Where a party shows its keys."""
    return f"{name}/keys.json"


def _statement(name: str, keys: str) -> bytes:
    return _STATEMENT + name.encode() + b"\x00" + keys.encode()
