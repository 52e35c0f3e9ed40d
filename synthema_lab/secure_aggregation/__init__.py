"""How is a sum opened without opening a part?

Bytes in, bytes out; no network. Secure aggregation after Bonawitz et al. 2017
in the variant against a coordinator that breaks the protocol. Nothing about a
site's vector is learnt beyond the sum over the agreed survivors; a round ends
with that sum or stops with a reason. It does not stop a site that lies within
its clip.
"""

from __future__ import annotations

from .coordinator import Coordinator
from .encoding import decode, default_scale, encode
from .opened import OpenedSum
from .roster import Identity, Member, Roster
from .settings import RoundSettings, default_threshold
from .site import Site
from .steady_coordinator import SteadyCoordinator
from .steady_site import SteadySite

__all__ = [
    "Coordinator",
    "Identity",
    "Member",
    "OpenedSum",
    "Roster",
    "RoundSettings",
    "Site",
    "SteadyCoordinator",
    "SteadySite",
    "decode",
    "default_scale",
    "default_threshold",
    "encode",
]
