"""Who holds the data, what was approved, how do rounds run?

Rounds of `secure_aggregation` in one process: `MemoryChannel`, and over it
`secure_sum` and `secure_total`. `statistics` asks sites for tables, curves and
regressions by sums; `multiparty` computes on shares what is more than a sum;
`averaging` trains a torch module by averaged updates; `channels` carry the
messages between hospitals; `study` says what a researcher asks for, `site`
what a hospital keeps of it.
`connect` looks at hospitals through the folders they share, `local_hospitals`
starts some on this machine; `service` is what runs at a hospital, `worker`
where its table is read, `conduct` the researcher's side of the rounds,
`procedures` what a study computes.
`rehearse` shows what happens when someone cheats in a secure sum, `watch` what
the coordinator sees, `measure_cost` what it costs.
"""

from __future__ import annotations

import importlib
from typing import Any

from .memory import MemoryChannel, Transcript
from .secure_sum import SecureTotal, secure_sum, secure_total

__all__ = [
    "MemoryChannel",
    "PeerAnchors",
    "SecureTotal",
    "SignedStudy",
    "SiteFolder",
    "Study",
    "Transcript",
    "averaging",
    "channels",
    "conduct",
    "connect",
    "local_hospitals",
    "measure_cost",
    "multiparty",
    "procedures",
    "rehearse",
    "secure_sum",
    "secure_total",
    "service",
    "site",
    "statistics",
    "study",
    "watch",
    "window",
    "worker",
]

_ROOMS = (
    "averaging", "channels", "conduct", "multiparty", "procedures", "service", "site",
    "statistics", "study", "window", "worker",
)  # fmt: skip
_ROOM_OF = {
    "PeerAnchors": "site",
    "SignedStudy": "study",
    "SiteFolder": "site",
    "Study": "study",
    "connect": "window",
    "local_hospitals": "local",
    "measure_cost": "rehearsal",
    "rehearse": "rehearsal",
    "watch": "rehearsal",
}


def __getattr__(name: str) -> Any:
    """Load what is seldom needed when it is first asked for: a sum needs none of it."""
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _ROOM_OF:
        return getattr(importlib.import_module(f".{_ROOM_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
