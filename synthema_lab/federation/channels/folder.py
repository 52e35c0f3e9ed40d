"""How do a researcher and hospitals exchange messages over a folder they share?

Letters sealed with PySyft (`sealing`) in files that `fsspec` opens (`folder_shelf`).
Nothing listens anywhere: each party looks whether the next letter is there.

What whoever can read the folder sees: the parties' names, when letters are
written and how long they are. What whoever can write in it can do: hold
letters up, never read, forge, reorder or repeat one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...secure_aggregation import Identity, Member
from .clock import Clock
from .contract import LARGEST_MESSAGE, require_name
from .folder_shelf import FolderShelf
from .numbered import NumberedChannel
from .register import StoredRegister
from .sealing import PinnedSeals
from .shelf import Shelf


class FolderChannel(NumberedChannel):
    """One party's end of a channel over a shared folder.

    Parameters
    ----------
    shared : str, path or Shelf
        The folder: a path, or an address that `fsspec` opens.
    identity : Identity
        This party's name and private identity key.
    members : iterable of Member
        The other parties, with the public identity keys that are pinned for them.
    state : path
        A folder of this party's own, backed up and never shared: it holds the
        channel's keys, and what was sent and heard.
    clock : Clock, optional
    largest : int
        Bytes of a message at most.
    slowest : float
        Longest pause between two looks at the folder, in seconds.
    accounts : mapping of str to str, optional
        E-mail address by party, where PySyft knows them by real ones.

    Raises
    ------
    FolderUnusable, StateRefused, ChannelInUse

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> north, lab = Identity.new("north"), Identity.new("lab")
    >>> at_lab = FolderChannel(home / "shared", lab, [north.member()], home / "lab")
    >>> at_north = FolderChannel(home / "shared", north, [lab.member()], home / "north")
    >>> at_lab.send("north", "study-7", b"ready?")
    1
    >>> at_north.receive("study-7", "lab", timeout=1)
    Delivery(sender='lab', topic='study-7', number=1)
    >>> at_lab.close(), at_north.close()
    (None, None)
    """

    def __init__(
        self,
        shared: str | os.PathLike[str] | Shelf,
        identity: Identity,
        members: Iterable[Member],
        state: str | os.PathLike[str],
        clock: Clock | None = None,
        largest: int = LARGEST_MESSAGE,
        slowest: float = 0.05,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        require_name(identity.name)
        is_path = isinstance(shared, (str, os.PathLike))
        shelf = FolderShelf(os.fspath(shared)) if is_path else shared
        register = StoredRegister(Path(state), identity.name)
        try:
            seals = PinnedSeals(identity, members, Path(state), shelf, clock, accounts)
            super().__init__(identity.name, shelf, seals, register, clock, largest, slowest)
            self.sweep()
        except BaseException:
            register.release()
            raise
