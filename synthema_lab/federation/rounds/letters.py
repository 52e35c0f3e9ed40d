"""What is in a letter between the researcher and a site?

A kind, a few plain values, and parts in bytes: messages of the secure sum, a
model. Letters travel over a channel, which says who wrote them; what is in
them is believed no further than the checks that follow. The researcher writes

- ``begin``: the terms of a series of rounds, and the heads of the sites' books
  that the researcher has seen;
- ``turn``: the coordinator's message for this stage, with the model where a
  vector is wanted;
- ``end``: the study is over, and how.

A site answers every letter with one: ``answer``, or ``refused`` with the class
of the error and a reference number, under which the site's own log tells more.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import DataMismatch, LabError

BEGIN, TURN, END = "begin", "turn", "end"
ANSWER, REFUSED = "answer", "refused"
FINISHED, FAILED = "finished", "failed"
"""How a study ends, as an ``end`` letter and the logbook say it."""
INTERNAL = "InternalError"
"""What an error that is not the laboratory's own is called."""
KINDS = (BEGIN, TURN, END, ANSWER, REFUSED)
LARGEST_HEAD = 2**20
_MAGIC = b"synthema-lab letter 1\x00"
_LENGTH = struct.Struct(">I")


class LetterRefused(DataMismatch):
    """A letter is not one of this version."""


@dataclass(frozen=True, eq=False)
class Letter:
    """A letter.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    says : mapping
        Plain values.
    parts : mapping of str to bytes
    """

    kind: str
    says: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def told_of(error: Exception, reference: str = "-") -> dict[str, Any]:
    """What is said of an error to the other side: its class, its exit code, a reference.

    An error that speaks for one elsewhere names that one in its attribute ``error``.

    Examples
    --------
    >>> told_of(LetterRefused("A value.", "None.", "Stop."))["error"], told_of(KeyError(3))["error"]
    ('LetterRefused', 'InternalError')
    """
    known = isinstance(error, LabError)
    return {
        "error": getattr(error, "error", type(error).__name__) if known else INTERNAL,
        "exit_code": error.exit_code if known else 1,
        "reference": reference,
    }


def pack(letter: Letter) -> bytes:
    """A letter as bytes.

    Examples
    --------
    >>> unpack(pack(Letter("turn", {"opening": 3}, {"message": b"..."}))).says["opening"]
    3
    """
    sizes = [[name, len(part)] for name, part in letter.parts.items()]
    content = {"kind": letter.kind, "says": dict(letter.says), "parts": sizes}
    head = json.dumps(content, sort_keys=True, allow_nan=False).encode("ascii")
    return b"".join([_MAGIC, _LENGTH.pack(len(head)), head, *letter.parts.values()])


def unpack(content: bytes) -> Letter:
    """The letter in some bytes.

    Raises
    ------
    LetterRefused
        If they are anything else, or not exactly as long as they say.
    """
    start = len(_MAGIC) + _LENGTH.size
    if content[: len(_MAGIC)] != _MAGIC or len(content) < start:
        raise _refused()
    size = _LENGTH.unpack_from(content, len(_MAGIC))[0]
    if size > LARGEST_HEAD or len(content) < start + size:
        raise _refused()
    parts: dict[str, bytes] = {}
    sound = False
    try:
        told = json.loads(content[start : start + size])
        place = start + size
        for name, length in told["parts"]:
            if not isinstance(name, str) or type(length) is not int or length < 0:
                raise ValueError
            parts[name], place = content[place : place + length], place + length
        kind, says = told["kind"], told["says"]
        sound = kind in KINDS and isinstance(says, dict) and place == len(content)
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise _refused()
    return Letter(kind, says, parts)


def _refused() -> LetterRefused:
    return LetterRefused(
        "A letter cannot be read.",
        "A letter of this version of the workbench.",
        "Bring both sides to the same version, and submit the study again.",
    )
