"""Which channel does a configuration name?

`open_channel` takes what stands in a site's or a researcher's configuration:
the path or `fsspec` address of a shared folder, or a Google token file with the
accounts of all parties, which switches to PySyft's Drive transport.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...errors import ArgumentRefused
from ...secure_aggregation import Identity, Member
from .clock import Clock
from .contract import LARGEST_MESSAGE
from .drive_shelf import DriveShelf
from .folder import FolderChannel
from .pysyft import drive_connection

_DRIVE_PAUSE = 5.0


def open_channel(
    identity: Identity,
    members: Iterable[Member],
    state: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    google_token: str | os.PathLike[str] | None = None,
    google_accounts: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    largest: int = LARGEST_MESSAGE,
) -> FolderChannel:
    """One party's end of the channel that a configuration names.

    Parameters
    ----------
    identity, members, state, clock, largest
        See `FolderChannel`.
    folder : str or path, optional
        The shared folder.
    google_token : path, optional
        In place of a folder: a token file, as PySyft's log-in takes it. This way
        has not been tried against Google.
    google_accounts : mapping of str to str, optional
        With a token: the Google account of each party, this one included.

    Raises
    ------
    ArgumentRefused
        If neither or both ways are named, or an account is missing.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with open_channel(Identity.new("lab"), [], home / "lab", folder=home / "shared") as lab:
    ...     lab
    FolderChannel('lab')
    """
    members = list(members)
    if (folder is None) == (google_token is None):
        raise ArgumentRefused(
            "A channel needs a folder or a Google token, and one of them alone.",
            "The path of a shared folder, or a token file with google_accounts.",
            "Use folder='/srv/exchange'.",
        )
    accounts = None
    if google_token is None:
        shared = folder
    else:
        accounts = dict(google_accounts or {})
        missing = {identity.name, *(member.name for member in members)} - set(accounts)
        if missing:
            raise ArgumentRefused(
                f"No Google account is named for {', '.join(sorted(missing))}.",
                "One for each party.",
                "Add them to google_accounts.",
            )
        connection = drive_connection(accounts[identity.name], Path(google_token))
        shared = DriveShelf(connection, identity.name, accounts)
    return FolderChannel(
        shared,
        identity,
        members,
        state,
        clock,
        largest,
        slowest=0.05 if google_token is None else _DRIVE_PAUSE,
        accounts=accounts,
    )
