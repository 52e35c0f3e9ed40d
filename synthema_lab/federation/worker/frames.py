"""How do a site and its worker speak over a pipe?

Letters (see `rounds.letters`), each with its length before it.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from ..rounds.letters import Letter, LetterRefused, pack, unpack

LARGEST = 2**31
_LENGTH = struct.Struct(">Q")


def write_letter(stream: BinaryIO, letter: Letter) -> None:
    """Write a letter, and flush.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> write_letter(stream, Letter("answer", {"well": True}))
    >>> read_letter(io.BytesIO(stream.getvalue())).says
    {'well': True}
    """
    content = pack(letter)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_letter(stream: BinaryIO) -> Letter | None:
    """The next letter; None where the other side has closed the pipe.

    Raises
    ------
    LetterRefused
        If it is none, or longer than `LARGEST`.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    if length > LARGEST:
        raise LetterRefused(
            f"A letter of {length:,} bytes was announced.", f"At most {LARGEST:,} bytes.",
            "Stop the worker.",
        )  # fmt: skip
    content = stream.read(length)
    return unpack(content) if len(content) == length else None
