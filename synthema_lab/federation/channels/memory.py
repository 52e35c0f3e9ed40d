"""How do parties in one process exchange messages?

For notebooks and tests: the numbers, the order and the errors of the channel
over a folder, with a dictionary in place of the folder. The parties trust the
process they share, so nothing is sealed.
"""

from __future__ import annotations

from .clock import Clock
from .contract import LARGEST_MESSAGE
from .errors import ChannelInUse
from .numbered import NumberedChannel
from .register import Register
from .seals import Unsealed


class MemoryShelf:
    """Files in a dictionary; see `shelf.Shelf`.

    Examples
    --------
    >>> shelf = MemoryShelf()
    >>> shelf.write("north/1", b"letter")
    >>> shelf.names("north"), shelf.read("north/2")
    (['north/1'], None)
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, path: str, content: bytes) -> None:
        """Write a file."""
        self.files[path] = content

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if there is none."""
        content = self.files.get(path)
        return None if content is None else len(content)

    def read(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        return self.files.get(path)

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        for found in [path, *self.names(path)]:
            self.files.pop(found, None)

    def names(self, folder: str) -> list[str]:
        """Paths of all files below a folder."""
        return [path for path in self.files if path.startswith(f"{folder}/")]


class MemoryRegister(Register):
    """A register that stays in the post, and that one channel holds at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.held = False

    def release(self) -> None:
        """Let another channel hold it."""
        self.held = False


class MemoryPost:
    """Joins the channels of parties in one process.

    Parameters
    ----------
    clock : Clock, optional
    largest : int
        Bytes of a message at most.

    Examples
    --------
    >>> post = MemoryPost()
    >>> north, lab = post.channel("north"), post.channel("lab")
    >>> north.send("lab", "study-7", b"ready")
    1
    >>> lab.receive("study-7", "north", timeout=0).message
    b'ready'
    """

    def __init__(self, clock: Clock | None = None, largest: int = LARGEST_MESSAGE) -> None:
        self.shelf = MemoryShelf()
        self._registers: dict[str, MemoryRegister] = {}
        self._clock, self._largest = clock, largest

    def channel(self, name: str) -> NumberedChannel:
        """One party's end; where it was closed before, it goes on.

        Raises
        ------
        ChannelInUse
            If it is open.
        """
        register = self._registers.setdefault(name, MemoryRegister())
        if register.held:
            raise ChannelInUse(
                f"{name}'s end of the channel is open.",
                "One end for each party.",
                "Use the open one, or close() it.",
            )
        channel = NumberedChannel(
            name, self.shelf, Unsealed(), register, self._clock, self._largest
        )
        register.held = True
        return channel
