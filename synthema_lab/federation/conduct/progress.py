"""How far is a study, and what is each site doing?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_STAGES = {
    "advertise": "exchanging keys",
    "share": "exchanging keys",
    "mask": "computing and covering vectors",
    "agree": "agreeing on who is in the sum",
    "unmask": "opening the sum",
    "end": "taking leave",
}


@dataclass(frozen=True)
class Progress:
    """A moment in a study.

    Attributes
    ----------
    opened, openings : int
        Sums that are opened, and how many there are in all.
    stage : str
        What the sites are asked for now.
    sites : mapping of str to str
        By site: "asked", "answered", "silent" or "refused".

    Examples
    --------
    >>> print(Progress(2, 12, "mask", {"north": "asked", "south": "answered"}))
    round 3 of 12, computing and covering vectors, waiting for north
    """

    opened: int
    openings: int
    stage: str = ""
    sites: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.opened >= self.openings:
            return f"{self.openings} of {self.openings} rounds, done"
        doing = _STAGES.get(self.stage, self.stage)
        asked = sorted(site for site, state in self.sites.items() if state == "asked")
        waiting = f", waiting for {', '.join(asked)}" if asked else ""
        return f"round {self.opened + 1} of {self.openings}, {doing}{waiting}"
