"""How is a letter sealed for one reader, and by whom was it sealed?

The contract between a channel and its cryptography. `Unsealed` is for parties
in one process, where there is nobody to seal against.
"""

from __future__ import annotations

from typing import Protocol


class SealBroken(Exception):
    """A sealed letter does not open.

    Parameters
    ----------
    reason : str
        In one sentence, without anything of the letter.
    foreign : bool
        Whether it is whole, and not sealed by the party it should be from.
    """

    def __init__(self, reason: str, foreign: bool = False) -> None:
        self.reason = reason
        self.foreign = foreign
        super().__init__(reason)


class Seals(Protocol):
    """What seals and opens letters for one party."""

    overhead: int
    """Bytes that a seal adds, at most."""

    def seal(self, receiver: str, letter: bytes) -> bytes:
        """Seal for `receiver` alone; SiteNotJoined if its keys are not there yet."""
        ...

    def opened(self, sender: str, sealed: bytes) -> bytes:
        """The letter, if `sender` sealed it for this party; else SealBroken."""
        ...


class Unsealed:
    """Leaves letters as they are.

    Examples
    --------
    >>> Unsealed().opened("north", Unsealed().seal("lab", b"letter"))
    b'letter'
    """

    overhead = 0

    def seal(self, receiver: str, letter: bytes) -> bytes:
        """The letter."""
        return letter

    def opened(self, sender: str, sealed: bytes) -> bytes:
        """The letter."""
        return sealed
