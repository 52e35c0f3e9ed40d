"""How does a folder answer the calls that PySyft makes of a drive?

PySyft's peers, data sets and jobs live in files with an owner, parents and
permissions, as Google Drive has them. `FolderDrive` keeps such files on a
`shelf`, so that they need no account: each change is a new file
``owner/drive/id.version``, below the folder of the party that made it. What
was read once is kept, since a version never changes; a call costs one listing.

Ownership is where a file lies, whatever it says. Another party than the owner
can only move a file, and only where the owner let it write, which is how
PySyft puts a message aside. Whoever can read the folder can read what PySyft
does not encrypt: mock data, and names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ... import randomness
from .drive_query import matches
from .shelf import Shelf, is_interrupted_write

_LARGEST_RECORD = 2**20


class DriveItemMissing(LookupError):
    """The drive holds no such file (404, in the words that PySyft looks for: notFound)."""


@dataclass(frozen=True)
class Item:
    """A file of the drive, or a folder.

    Parameters
    ----------
    id, name, mimeType : str
    parents : tuple of str
        Ids of the folders it is in.
    permissions : tuple of mapping
        Whom the owner let read or write.
    appProperties : mapping of str to str
    modifiedTime : str
    content : str
        Where its bytes lie; empty for a folder.
    size : int
    """  # the names are those of the Drive interface

    id: str
    name: str = "Untitled"
    mimeType: str = "application/octet-stream"  # noqa: N815
    parents: tuple[str, ...] = ()
    permissions: tuple[Mapping[str, str], ...] = ()
    appProperties: Mapping[str, str] = field(default_factory=dict)  # noqa: N815
    modifiedTime: str = ""  # noqa: N815
    content: str = ""
    size: int = 0

    @property
    def owner(self) -> str:
        """The party below whose folder it was made."""
        return self.id.partition("~")[0]


class FolderDrive:
    """A drive on a shelf, as one party sees it.

    Parameters
    ----------
    shelf : Shelf
    name : str
        This party.
    accounts : mapping of str to str
        E-mail address by party, this one included.
    """

    def __init__(self, shelf: Shelf, name: str, accounts: Mapping[str, str]) -> None:
        self._shelf, self._name, self._accounts = shelf, name, dict(accounts)
        self._read: dict[str, Item | None] = {}

    def items(self) -> dict[str, Item]:
        """All files that this party may see, by id."""
        found = self._all()
        me = self._accounts[self._name]
        return {key: one for key, one in found.items() if self._may(me, one, found)}

    def item(self, item_id: str) -> Item:
        """One file; DriveItemMissing if there is none."""
        found = self.items()
        if item_id not in found:
            raise DriveItemMissing(f"404: file {item_id} notFound")
        return found[item_id]

    def search(self, query: str, order: str = "") -> list[Item]:
        """The files that match a query of the Drive interface; see `drive_query`."""
        me = self._accounts[self._name]
        found = [one for one in self.items().values() if matches(query, one, self.account(one), me)]
        return sorted(found, key=lambda one: one.name, reverse=order.endswith("desc"))

    def account(self, item: Item) -> str:
        """E-mail address of the owner."""
        return self._accounts.get(item.owner, "")

    def make(self, content: bytes | None, **told: Any) -> Item:
        """Make a file of this party's own."""
        item_id = f"{self._name}~{randomness.random_bytes(12).hex()}"
        return self._write(Item(item_id), content, told)

    def change(self, item_id: str, content: bytes | None = None, **told: Any) -> Item:
        """Change a file: of its own in every way, of others where it lies."""
        item = self.item(item_id)
        if item.owner != self._name and (content is not None or set(told) - {"parents"}):
            raise PermissionError(f"403: insufficientFilePermissions for {item_id}")
        return self._write(item, content, told)

    def delete(self, item_id: str) -> None:
        """Remove a file of this party's own."""
        item = self.item(item_id)
        if item.owner != self._name:
            raise PermissionError(f"403: insufficientFilePermissions for {item_id}")
        for path in [one for one in self._paths(self._name) if _id_of(one) == item_id]:
            self._shelf.remove(path)
        self._shelf.remove(item.content or f"{self._name}/drive/none")

    def download(self, item_id: str) -> bytes:
        """The bytes of a file."""
        item = self.item(item_id)
        content = self._shelf.read(item.content) if item.content else b""
        if content is None:
            raise DriveItemMissing(f"404: content of {item_id} notFound")
        return content

    def _write(self, item: Item, content: bytes | None, told: Mapping[str, Any]) -> Item:
        earlier = [one for one in self._paths(self._name) if _id_of(one) == item.id]
        version = max(map(_version_of, earlier), default=0) + 1
        start = f"{self._name}/drive/{item.id}.{version:06d}"
        changed = replace(item, **told, modifiedTime=datetime.now(UTC).isoformat())
        if content is not None:
            changed = replace(changed, content=f"{start}.content", size=len(content))
            self._shelf.write(changed.content, content)
        self._shelf.write(f"{start}.json", json.dumps(asdict(changed)).encode())
        for path in earlier:
            self._shelf.remove(path)
        if content is not None and item.content:
            self._shelf.remove(item.content)
        return changed

    def _all(self) -> dict[str, Item]:
        found, moved = {}, []
        for party in self._accounts:
            for path in sorted(self._paths(party)):
                item = self._known(path, party)
                if item is None:
                    continue
                if item.owner == party:
                    found[item.id] = item
                else:
                    moved.append((party, item))
        for party, item in moved:
            original = found.get(item.id)
            if original and self._may(self._accounts[party], original, found, ("writer",)):
                found[item.id] = replace(original, parents=item.parents)
        return found

    def _known(self, path: str, party: str) -> Item | None:
        """The file in one version; None if it is no such file, or broken."""
        if path not in self._read:
            if (self._shelf.size(path) or 0) > _LARGEST_RECORD:
                return None
            content = self._shelf.read(path)
            if content is None:
                return None
            try:
                told = json.loads(content)
                item = Item(**told | {"parents": tuple(told["parents"])})
                inside = not item.content or item.content.startswith(f"{item.owner}/drive/")
                self._read[path] = item if inside and item.id == _id_of(path) else None
            except (ValueError, KeyError, TypeError, RecursionError):
                self._read[path] = None
        return self._read[path]

    def _paths(self, party: str) -> Iterator[str]:
        return (
            path
            for path in self._shelf.names(f"{party}/drive")
            if path.endswith(".json") and not is_interrupted_write(path)
        )

    def _may(
        self,
        account: str,
        item: Item,
        all_items: Mapping[str, Item],
        roles: tuple[str, ...] = ("writer", "reader"),
        depth: int = 8,
    ) -> bool:
        """Whether an account owns an item, or was let at it or at a folder it is in."""
        if self.account(item) == account:
            return True
        if any(
            one.get("emailAddress") == account and one.get("role") in roles
            for one in item.permissions
        ):
            return True
        parents = [all_items[one] for one in item.parents if one in all_items]
        return depth > 0 and any(
            self._may(account, one, all_items, roles, depth - 1) for one in parents
        )


def _id_of(path: str) -> str:
    return path.rpartition("/")[2].rsplit(".", 2)[0]


def _version_of(path: str) -> int:
    version = path.rsplit(".", 2)[1]
    return int(version) if version.isdigit() else 0
