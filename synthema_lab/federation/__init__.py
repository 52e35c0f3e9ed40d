"""Who holds the data, what was approved, how do rounds run?

Rounds of `secure_aggregation` in one process: `MemoryChannel`, and over it
`secure_sum` and `secure_total`. `rehearse` shows what happens when someone
cheats in them, `watch` what the coordinator sees, `measure_cost` what they cost.
"""

from __future__ import annotations

import importlib
from typing import Any

from .memory import MemoryChannel, Transcript
from .secure_sum import SecureTotal, secure_sum, secure_total

__all__ = [
    "MemoryChannel",
    "SecureTotal",
    "Transcript",
    "measure_cost",
    "rehearse",
    "secure_sum",
    "secure_total",
    "watch",
]

_REHEARSED = ("measure_cost", "rehearse", "watch")


def __getattr__(name: str) -> Any:
    """Load the rehearsal when it is first asked for: a sum needs none of it."""
    if name in _REHEARSED:
        return getattr(importlib.import_module(".rehearsal", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
