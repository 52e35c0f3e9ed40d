"""How do a caller and the party process it started exchange frames?

Over the process's standard input and output, which no other process reads: a
frame is a small JSON header and a block of bytes. A vector travels in the
block, so it is never on a command line, in the environment or in a file.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_HEAD = struct.Struct(">IQ")

Frame = tuple[dict[str, Any], bytes]


def write_frame(stream: BinaryIO, header: dict[str, Any], block: bytes = b"") -> None:
    """Write one frame.

    Parameters
    ----------
    stream : binary file
    header : dict
        Of what JSON knows.
    block : bytes

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> write_frame(stream, {"kind": "table"}, b"1234")
    >>> read_frame(io.BytesIO(stream.getvalue()))
    ({'kind': 'table'}, b'1234')
    """
    text = json.dumps(header).encode()
    stream.write(_HEAD.pack(len(text), len(block)) + text + block)
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame, or None where the other end has gone."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    header_length, block_length = _HEAD.unpack(head)
    rest = stream.read(header_length + block_length)
    if len(rest) < header_length + block_length:
        return None
    return json.loads(rest[:header_length]), rest[header_length:]
