"""Which calls of the Drive interface does PySyft make, and what do they answer?

Files, permissions, the account and batches of calls, as `FolderDrive` answers
them. Each call returns a request that is answered when it is executed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from .drive import FolderDrive, Item


class Request:
    """A call that is made when it is executed."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.execute = call


class DriveService:
    """What PySyft is given in place of Google's client.

    Parameters
    ----------
    drive : FolderDrive
    account : str
        E-mail address of this party.
    """

    def __init__(self, drive: FolderDrive, account: str) -> None:
        self._files, self._permissions = Files(drive), Permissions(drive)
        self._account = account

    def files(self) -> Files:
        """Calls on files."""
        return self._files

    def permissions(self) -> Permissions:
        """Calls on permissions."""
        return self._permissions

    def about(self) -> DriveService:
        """Calls on the account."""
        return self

    def get(self, fields: str = "") -> Request:
        """Whose account this is."""
        return Request(lambda: {"user": {"emailAddress": self._account}})

    def new_batch_http_request(self, callback: Callable | None = None) -> Batch:
        """Several requests in one."""
        return Batch(callback)


class Files:
    """Calls on files; the parameters are those of the Drive interface."""

    def __init__(self, drive: FolderDrive) -> None:
        self._drive = drive

    def list(self, q: str = "", orderBy: str = "", **_: object) -> Request:  # noqa: N803
        """Files that match a query, all on one page."""
        return Request(
            lambda: {"files": [self._told(one) for one in self._drive.search(q, orderBy)]}
        )

    def get(self, fileId: str, **_: object) -> Request:  # noqa: N803
        """What is known about a file."""
        return Request(lambda: self._told(self._drive.item(fileId)))

    def get_media(self, fileId: str) -> Request:  # noqa: N803
        """What is in a file."""
        return Request(lambda: self._drive.download(fileId))

    def create(self, body: dict, media_body: Any = None, **_: object) -> Request:
        """Make a file."""
        return Request(lambda: self._told(self._drive.make(_content(media_body), **_fields(body))))

    def update(
        self,
        fileId: str,  # noqa: N803
        body: dict | None = None,
        media_body: Any = None,
        addParents: str = "",  # noqa: N803
        removeParents: str = "",  # noqa: N803
        **_: object,
    ) -> Request:
        """Change what is in a file, what is known about it, or where it lies."""

        def changed() -> dict:
            told = _fields(body or {})
            if addParents or removeParents:
                away = removeParents.split(",")
                kept = [one for one in self._drive.item(fileId).parents if one not in away]
                told["parents"] = (*kept, *filter(None, addParents.split(",")))
            return self._told(self._drive.change(fileId, _content(media_body), **told))

        return Request(changed)

    def delete(self, fileId: str) -> Request:  # noqa: N803
        """Remove a file."""
        return Request(lambda: self._drive.delete(fileId))

    def _told(self, item: Item) -> dict:
        return asdict(item) | {
            "owners": [{"emailAddress": self._drive.account(item)}],
            "size": str(item.size),
            "parents": [*item.parents],
        }


class Permissions:
    """Calls on permissions."""

    def __init__(self, drive: FolderDrive) -> None:
        self._drive = drive

    def list(self, fileId: str, **_: object) -> Request:  # noqa: N803
        """Whom the owner let read or write."""
        return Request(lambda: {"permissions": [*self._drive.item(fileId).permissions]})

    def create(self, fileId: str, body: dict, **_: object) -> Request:  # noqa: N803
        """Let another party read or write."""

        def allowed() -> dict:
            kept = self._drive.item(fileId).permissions
            self._drive.change(fileId, permissions=(*kept, body))
            return body

        return Request(allowed)


class Batch:
    """Several requests in one; an error goes to the callback where there is one."""

    def __init__(self, callback: Callable | None) -> None:
        self._callback, self._requests = callback, []

    def add(self, request: Request, request_id: str | None = None) -> None:
        """Add a request."""
        self._requests.append((request_id or str(len(self._requests)), request))

    def execute(self) -> None:
        """Execute them in turn."""
        for request_id, request in self._requests:
            response, refused = None, None
            try:
                response = request.execute()
            except (LookupError, PermissionError) as error:
                if self._callback is None:
                    raise
                refused = error
            if self._callback is not None:
                self._callback(request_id, response, refused)


def _fields(body: dict) -> dict:
    told = {name: body[name] for name in ("name", "mimeType", "appProperties") if name in body}
    return told | ({"parents": tuple(body["parents"])} if "parents" in body else {})


def _content(media: Any) -> bytes | None:
    return None if media is None else media.getbytes(0, media.size())
