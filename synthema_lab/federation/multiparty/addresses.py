"""Where does each party listen, and does the way there stay on this machine?

An address is ``host:port``, with brackets around an IPv6 host. Only
``localhost`` and loopback addresses count as this machine; the name of a host
never does, whatever it resolves to today.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from ...secure_aggregation import Roster
from .errors import AddressRefused

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A place to listen at.

    Parameters
    ----------
    host : str
        IPv4 or IPv6 address, or a host name.
    port : int
        1 to 65535; 0 for any free port, on this machine only.

    Examples
    --------
    >>> Address.parsed("north", "[2001:db8::7]:7001")
    Address(host='2001:db8::7', port=7001)
    >>> Address.parsed("north", "127.0.0.1:7001").on_this_machine
    True
    """

    host: str
    port: int

    @classmethod
    def parsed(cls, site: str, text: str) -> Address:
        """The address of `site` from ``host:port``; AddressRefused if it is none."""
        host, colon, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
        host = host.removeprefix("[").removesuffix("]")
        number = int(port) if port.isascii() and port.isdigit() else 0
        if not (colon and host and 1 <= number <= 65535):
            raise AddressRefused(
                f"The address of {site} cannot be used.",
                "host:port with a port from 1 to 65535.",
                'Write it as "127.0.0.1:7001" or "hospital.example:7001".',
            )
        return cls(LOOPBACK if host == "localhost" else host, number)

    @property
    def on_this_machine(self) -> bool:
        """Whether what is sent there never leaves this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def agreed_addresses(
    roster: Roster, addresses: Mapping[str, str] | None, encrypted: bool
) -> tuple[Address, ...]:
    """One address for each site, in roster order.

    Parameters
    ----------
    roster : Roster
    addresses : mapping of str to str, or None
        Site to ``host:port``; free ports on this machine if None.
    encrypted : bool
        Whether the parties talk over TLS.

    Raises
    ------
    AddressRefused
        If an address is missing, doubled or malformed, or leaves this machine
        without TLS.

    Examples
    --------
    >>> from synthema_lab.secure_aggregation import Identity
    >>> roster = Roster.of(Identity.new(name).member() for name in ("east", "north", "south"))
    >>> agreed_addresses(roster, None, encrypted=True)[0]
    Address(host='127.0.0.1', port=0)
    """
    if addresses is None:
        return (Address(LOOPBACK, 0),) * len(roster)
    if set(addresses) != set(roster.names):
        raise AddressRefused(
            f"Addresses of {len(addresses)} sites were given for a roster of {len(roster)}.",
            "One address for each site of the roster, under its name there.",
            "Give a mapping from every site's name to host:port.",
        )
    agreed = tuple(Address.parsed(name, addresses[name]) for name in roster.names)
    if len(set(agreed)) != len(agreed):
        raise AddressRefused(
            "Two sites have the same address.",
            "A host and port of its own for each site.",
            "Correct the addresses; on one machine, give different ports.",
        )
    away = [n for n, a in zip(roster.names, agreed, strict=True) if not a.on_this_machine]
    if away and not encrypted:
        raise AddressRefused(
            f"Shares for {', '.join(away)} would leave this machine in the clear.",
            "TLS wherever a party listens beyond loopback.",
            "Leave encrypted=True, which is the default.",
        )
    return agreed
