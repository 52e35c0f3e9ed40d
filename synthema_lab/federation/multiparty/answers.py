"""Did all parties open the same thing, and what did it cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import PartiesDisagree
from .pipe import Frame

_OWN = {"seconds", "sent", "salt"}


@dataclass(frozen=True)
class Cost:
    """What a computation among parties took.

    Parameters
    ----------
    parties : tuple of str
        All sites, in roster order.
    threshold : int
        How many of them may pool what they see without learning more than the result.
    seconds : float
        Wall clock of the slowest party of this caller, from question to answer.
    sent : mapping of str to int
        Bytes that each site of this caller sent to the others, TLS not counted.

    Examples
    --------
    >>> print(Cost(("east", "north", "south"), 1, 0.125, {"east": 4000, "north": 4100}))
    3 parties, 0.12 s, at most 4,100 bytes sent by one; no one of them learns more
    """

    parties: tuple[str, ...]
    threshold: int
    seconds: float
    sent: Mapping[str, int]

    def __str__(self) -> str:
        few = "no one of them learns" if self.threshold == 1 else f"no {self.threshold} learn"
        return (
            f"{len(self.parties)} parties, {self.seconds:.2f} s, at most "
            f"{max(self.sent.values()):,} bytes sent by one; {few} more"
        )


@dataclass(frozen=True)
class Answer:
    """What was opened.

    Parameters
    ----------
    told : mapping
        The same at all sites.
    opened : numpy.ndarray of int64
        The same at all sites.
    own : mapping of str to mapping
        What each site of this caller keeps to itself.
    cost : Cost
    """

    told: Mapping[str, Any]
    opened: np.ndarray = field(repr=False)
    own: Mapping[str, Mapping[str, Any]] = field(repr=False)
    cost: Cost


def same_answer(names: Sequence[str], answers: Mapping[str, Frame]) -> Answer:
    """The one answer of all parties; PartiesDisagree if there are several."""
    public = {
        name: ({k: v for k, v in header.items() if k not in _OWN}, block)
        for name, (header, block) in answers.items()
    }
    first, *rest = public.values()
    if any(other != first for other in rest):
        raise PartiesDisagree(
            "The parties opened different results.",
            "One result, the same at every site.",
            "Discard it; a party did not follow the protocol. Compare the versions at the sites.",
        )
    headers = {name: header for name, (header, _) in answers.items()}
    cost = Cost(
        tuple(names),
        (len(names) - 1) // 2,
        max(header["seconds"] for header in headers.values()),
        {name: header["sent"] for name, header in headers.items()},
    )
    return Answer(first[0], np.frombuffer(first[1], dtype="<i8").astype(np.int64), headers, cost)
