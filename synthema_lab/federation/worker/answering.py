"""How does a worker answer the calls of its site?

Two calls: ``begin`` with all that a study's task needs to know, then ``turn``
for each vector. Of an error the site is told the class, the exit code and a
reference number; the traceback is printed, and so goes into the site's log.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ... import randomness
from ..procedures import SiteTask
from ..rounds.letters import ANSWER, BEGIN, REFUSED, TURN, Letter, told_of
from ..service.computing import task_of
from .frames import read_letter, write_letter


def answer_calls(calls: BinaryIO, answers: BinaryIO, how: Mapping[str, Any]) -> None:
    """Answer until the pipe closes.

    Parameters
    ----------
    calls, answers : binary streams
    how : mapping
        How this process has confined itself; told with the first answer.
    """
    task: SiteTask | None = None
    while (call := read_letter(calls)) is not None:
        try:
            if call.kind == BEGIN:
                task = task_of(dict(call.says))
                answer = Letter(ANSWER, dict(how))
            elif call.kind == TURN and task is not None:
                answer = _vector(task, call)
            else:
                answer = Letter(REFUSED, {"error": "LetterRefused", "exit_code": 2})
        except Exception as error:
            answer = _told(error)
        write_letter(answers, answer)


def _vector(task: SiteTask, call: Letter) -> Letter:
    made = task.contribution(call.says["opening"], call.parts.get("model", b""))
    vector = np.ascontiguousarray(made.vector)
    parts = {"vector": vector.tobytes(), "model": made.model}
    return Letter(ANSWER, {"type": vector.dtype.str}, parts)


def _told(error: Exception) -> Letter:
    reference = randomness.random_bytes(4).hex()
    print(f"--- {reference}", file=sys.stderr)
    traceback.print_exception(error)
    sys.stderr.flush()
    return Letter(REFUSED, told_of(error, reference))
