"""Why does a computation among parties end without a result?

`PartyLost` and its kin (exit code 5) end a computation that had begun: no
result is given, since a result without one party would be another statistic.
`AddressRefused` (exit code 2) is raised before anything is sent. Messages name
sites, ports and limits and hold no value of a vector.
"""

from __future__ import annotations

from ...errors import ArgumentRefused, GateFailed


class AddressRefused(ArgumentRefused):
    """An address is none, is missing, or would carry shares in the clear between machines."""


class PartyLost(GateFailed):
    """A party never came, went away or fell silent; nothing was opened without it."""


class CertificateRefused(PartyLost):
    """A party could not prove with its pinned identity key who it is."""


class PartiesDisagree(GateFailed):
    """The parties were asked for different things, or opened different things."""


class TailTooSmall(GateFailed):
    """A quantile would rest on so few patients that it could show one of them."""
