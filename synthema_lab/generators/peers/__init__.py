"""How do other people's generators compare? (the plug-ins of synthcity)

A plug-in learns in a process of its own, under limits of time and memory, and
what is kept of it is a pool of rows that it drew. It states no privacy here,
whatever it claims for itself. Neither synthcity nor torch is imported in this
process.
"""

from __future__ import annotations

from .catalogue import available
from .model import PoolModel
from .settings import PeerSettings, describe_plugin
from .synthcity import Synthcity

__all__ = ["PeerSettings", "PoolModel", "Synthcity", "available", "describe_plugin"]
