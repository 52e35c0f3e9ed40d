"""What does a hospital show to a researcher who has not asked for anything yet?

`publish_window` puts invented patients and the data dictionary of each cohort
into the outbox, signed; `connect` reads the windows of several hospitals, and
from there a study is drafted, submitted and waited for. What a hospital needs
of this room, and what a command does, is loaded without the rest.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULE_OF = {
    "Hospital": "hospital",
    "Hospitals": "hospitals",
    "Submission": "submission",
    "connect": "connecting",
    "publish_window": "shown",
}

__all__ = ["Hospital", "Hospitals", "Submission", "connect", "publish_window"]


def __getattr__(name: str) -> Any:
    """Load a part when it is first asked for."""
    if name in _MODULE_OF:
        return getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
