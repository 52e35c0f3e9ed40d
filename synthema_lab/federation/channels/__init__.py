"""How do a researcher and the sites exchange messages, so that a round needs nothing else?

`contract.Channel` says what holds for every channel. `MemoryPost` joins parties
in one process; `FolderChannel` joins a researcher and hospitals over a folder
that they share, sealed with PySyft. Loaded when asked for: PySyft is only
needed for the folder.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from ...errors import ExtraMissing
from .clock import Clock
from .contract import LARGEST_MESSAGE, Channel, Delivery, Trouble
from .memory import MemoryPost

__all__ = [
    "LARGEST_MESSAGE",
    "Channel",
    "Clock",
    "Delivery",
    "FolderChannel",
    "MemoryPost",
    "Trouble",
    "open_channel",
]

_LATER = {"FolderChannel": ".folder", "open_channel": ".opening"}


def __getattr__(name: str) -> Any:
    """Load what needs PySyft or a file system when it is first asked for."""
    if name in _LATER:
        if any(importlib.util.find_spec(one) is None for one in ("syft_crypto_python", "fsspec")):
            raise ExtraMissing(
                "PySyft, with which messages are sealed, is not installed.",
                "The extra 'federation'.",
                "Type: pip install 'synthema-lab[federation]'",
            )
        return getattr(importlib.import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
