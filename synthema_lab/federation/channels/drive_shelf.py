"""How do letters lie in Google Drive?

For institutions that have PySyft's Drive transport and no shared folder. Each
party keeps its letters in one folder of its own Drive, which the others may
read; a file's name is its whole path, and the owner that Drive states must be
the party whose letter it is. Tried against `drive_calls.DriveService`, which
answers the same calls; not against Google.

A look costs one call to Google: open such a channel with ``slowest=5``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import FolderUnusable

_FOLDER = "synthema_lab_letters"
_FOLDER_TYPE = "application/vnd.google-apps.folder"


class DriveShelf:
    """A shelf in Google Drive, as one party sees it; see `shelf.Shelf`.

    Parameters
    ----------
    connection : syft.sync.connections.drive.gdrive_transport.GDriveConnection
        See `pysyft.drive_connection`.
    name : str
        This party.
    accounts : mapping of str to str
        E-mail address by party, this one included.

    Raises
    ------
    FolderUnusable
        If Drive refuses.
    """

    def __init__(self, connection: Any, name: str, accounts: Mapping[str, str]) -> None:
        self._drive, self._name, self._accounts = connection, name, dict(accounts)
        self._folder = self._own_folder()

    def write(self, path: str, content: bytes) -> None:
        """Write a file; Drive shows it when it is complete."""
        self._require_own(path)
        media, _ = self._drive.create_file_payload(bytes(content))
        known = self._found(path)
        files = self._drive.drive_service.files()
        if known is None:
            body = {"name": path, "parents": [self._folder]}
            self._asked(files.create(body=body, media_body=media, fields="id"))
        else:
            self._asked(files.update(fileId=known["id"], media_body=media))

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        found = self._found(path)
        return None if found is None else int(found.get("size", 0))

    def read(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        found = self._found(path)
        if found is None:
            return None
        try:
            return self._drive.download_file(found["id"])
        except Exception as error:
            raise _refused(error) from None

    def remove(self, path: str) -> None:
        """Remove a file of this party's, or a folder with all that is in it."""
        self._require_own(path)
        for found in [self._found(path), *self._below(path)]:
            if found is not None:
                self._asked(self._drive.drive_service.files().delete(fileId=found["id"]))

    def names(self, folder: str) -> list[str]:
        """Paths of all files below a folder."""
        return [found["name"] for found in self._below(folder)]

    def _found(self, path: str) -> dict | None:
        owner = self._owner(path)
        if owner is None:
            return None
        query = f"name='{path}' and '{owner}' in owners and trashed=false"
        return next(iter(self._listed(query)), None)

    def _below(self, folder: str) -> list[dict]:
        owner, start = self._owner(folder), f"{folder}/"
        if owner is None:
            return []
        # Drive takes "contains" for names that begin so, and may give more.
        query = f"name contains '{start}' and '{owner}' in owners and trashed=false"
        return [found for found in self._listed(query) if found["name"].startswith(start)]

    def _listed(self, query: str) -> list[dict]:
        found: list[dict] = []
        page = ""
        while page is not None:
            answer = self._asked(
                self._drive.drive_service.files().list(
                    q=query,
                    fields="files(id, name, size), nextPageToken",
                    pageToken=page or None,
                )
            )
            found += answer.get("files", [])
            page = answer.get("nextPageToken")
        return found

    def _own_folder(self) -> str:
        """The folder of this party's letters, which the others may read."""
        query = (
            f"name='{_FOLDER}' and mimeType='{_FOLDER_TYPE}' and 'me' in owners and trashed=false"
        )
        found = self._listed(query)
        folder = found[0]["id"] if found else self._drive.create_folder(_FOLDER, "")
        for party, account in self._accounts.items():
            if party != self._name:
                self._drive.add_permission(folder, account, write=False)
        return folder

    def _owner(self, path: str) -> str | None:
        return self._accounts.get(path.partition("/")[0])

    def _require_own(self, path: str) -> None:
        if path.partition("/")[0] != self._name:
            raise FolderUnusable(
                f"{self._name} was to write below the folder of another party.",
                "A path that begins with its own name.",
                "Use the channel, which knows where letters lie.",
            )

    def _asked(self, request: Any) -> Any:
        try:
            return request.execute()
        except Exception as error:
            raise _refused(error) from None


def _refused(error: Exception) -> FolderUnusable:
    return FolderUnusable(
        f"Google Drive did not answer ({type(error).__name__}).",
        "A Drive that this party's token opens.",
        "Check the token and the network, then repeat; nothing was half-sent.",
    )
