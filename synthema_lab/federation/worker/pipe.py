"""How does a site speak with a worker that may never read or answer?

Over pipes that do not block: whatever the worker does, a call ends when its
time is over. A half-written answer is no answer.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from typing import IO

_LOOKS_EVERY = 0.25
_AT_ONCE = 2**20


class TimedPipe:
    """One end of a worker's pipe, with a moment at which waiting ends.

    Parameters
    ----------
    stream : file
        Unbuffered; made non-blocking.
    gone : callable
        Whether the process at the other end has ended.

    Examples
    --------
    >>> taken, given = (os.fdopen(end, mode, 0) for end, mode in zip(os.pipe(), ("rb", "wb")))
    >>> reader = TimedPipe(taken, lambda: False)
    >>> given.write(b"two"), reader.wait_for(5.0), reader.read(3)
    (3, None, b'two')
    >>> given.close(); reader.read(1); taken.close()
    b''
    """

    def __init__(self, stream: IO[bytes], gone: Callable[[], bool]) -> None:
        self._stream, self._gone, self._until = stream, gone, 0.0
        os.set_blocking(stream.fileno(), False)

    def wait_for(self, seconds: float) -> None:
        """Let all that is read or written from now on take this long together."""
        self._until = time.monotonic() + seconds

    def read(self, length: int) -> bytes:
        """This many bytes; fewer where the other end is closed.

        Raises
        ------
        TimeoutError
            If they do not come in time.
        """
        content = bytearray()
        while len(content) < length:
            self._wait(reading=True)
            got = self._stream.read(min(_AT_ONCE, length - len(content)))
            if got == b"":
                break
            content += got or b""
        return bytes(content)

    def write(self, content: bytes) -> None:
        """Write it all.

        Raises
        ------
        TimeoutError
            If it is not taken in time.
        BrokenPipeError
            If nobody reads any more.
        """
        left = memoryview(content)
        while left:
            self._wait(reading=False)
            left = left[self._stream.write(left[:_AT_ONCE]) or 0 :]

    def flush(self) -> None:
        """Nothing: what is written is on its way."""

    def _wait(self, reading: bool) -> None:
        while True:
            # What was inside a sandbox that was killed may hold the pipe for a moment yet.
            gone = self._gone()
            left = self._until - time.monotonic()
            ends = ([self._stream], []) if reading else ([], [self._stream])
            if any(select.select(*ends, [], max(0.0, min(_LOOKS_EVERY, left)))):
                return
            if gone or left <= 0:
                raise TimeoutError
