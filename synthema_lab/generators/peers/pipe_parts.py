"""How do two processes tell each other's messages apart on a pipe?"""

from __future__ import annotations

from typing import BinaryIO

FOLDER = "synthema-peer-"
"""How the name of a learning process's working folder begins."""


def write_part(stream: BinaryIO, content: bytes) -> None:
    """Write the length in eight bytes, then the content.

    Examples
    --------
    >>> import io
    >>> pipe = io.BytesIO()
    >>> write_part(pipe, b"twelve")
    >>> _ = pipe.seek(0)
    >>> read_part(pipe), read_part(pipe)
    (b'twelve', b'')
    """
    stream.write(len(content).to_bytes(8, "big") + content)
    stream.flush()


def read_part(stream: BinaryIO) -> bytes:
    """A part as `write_part` wrote it; empty or shorter where the stream ended."""
    return stream.read(int.from_bytes(stream.read(8), "big"))
