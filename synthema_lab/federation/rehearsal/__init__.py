"""What happens when someone cheats in a secure sum?

A rehearsal: attacks that have opened other protocols are played against the
state machines that run in hospitals. Beside it, what the coordinator sees of
an honest round (`watch`) and what a round costs (`measure_cost`).
"""

from __future__ import annotations

from .attack import Answer, Attack
from .cost import Cost, measure_cost
from .limit import Limit, Shown
from .rehearsal import CATALOGUE, Rehearsal, rehearse
from .watch import Watched, watch

__all__ = [
    "CATALOGUE",
    "Answer",
    "Attack",
    "Cost",
    "Limit",
    "Rehearsal",
    "Shown",
    "Watched",
    "measure_cost",
    "rehearse",
    "watch",
]
