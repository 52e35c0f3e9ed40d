"""Is the other end of a connection the party it says it is?

`Gate` holds what one party knows of the others and decides, for each
connection, before a share or a key is sent over it. It also remembers who has
gone, so that nobody waits for a party that cannot answer.
"""

from __future__ import annotations

import ssl
from asyncio import AbstractEventLoop, BaseTransport
from collections.abc import Sequence

from ...secure_aggregation import Member
from .certificates import certificate_name, shows, tls_context


class Gate:
    """Who may connect to a party, and under which certificate.

    Parameters
    ----------
    number : int
        This party's place in the roster.
    members : sequence of Member
        The roster.
    digest : bytes
        Of the session.
    shown : (bytes, bytes) or None
        This party's TLS key and certificate; None where connections are plain,
        which is for parties of one machine alone.
    now : int
        Unix time in seconds.
    loop : asyncio.AbstractEventLoop
    """

    def __init__(
        self,
        number: int,
        members: Sequence[Member],
        digest: bytes,
        shown: tuple[bytes, bytes] | None,
        now: int,
        loop: AbstractEventLoop,
    ) -> None:
        self.number, self._members, self._digest = number, members, digest
        self._encrypted = shown is not None
        self.listening = self.connecting = None
        if shown is not None:
            self.listening = tls_context(True, *shown, members[:number], now)
            self.connecting = tls_context(False, *shown, members[number + 1 :], now)
        self.admitted: set[int] = set()
        self.ended = loop.create_future()  # becomes (reason, party) once one is gone

    def expected_name(self, party: int) -> str | None:
        """The name that the certificate of `party` must carry."""
        return (
            certificate_name(self._digest, self._members[party].name) if self._encrypted else None
        )

    def admits(self, transport: BaseTransport, party: int, from_below: bool) -> bool:
        """Whether the other end of `transport` is `party`; admits it once at most.

        Parameters
        ----------
        transport : asyncio.BaseTransport
        party : int
            Who the other end says it is, or who was called.
        from_below : bool
            Whether it called: a party calls those that come after it in the roster.
        """
        in_turn = party < self.number if from_below else party < len(self._members)
        if not in_turn or party in self.admitted:
            return False
        if self._encrypted:
            connection = transport.get_extra_info("ssl_object")
            shown = None if connection is None else connection.getpeercert(binary_form=True)
            if not shows(shown, self._members[party], self._digest):
                return False
        self.admitted.add(party)
        return True

    def missing(self) -> list[int]:
        """Parties that are not connected."""
        return [
            party
            for party in range(len(self._members))
            if party != self.number and party not in self.admitted
        ]

    def end(self, reason: str, party: int) -> None:
        """Note that `party` is "lost" or was refused for its "certificate"."""
        if not self.ended.done():
            self.ended.set_result((reason, party))

    def gone(self, party: int, error: Exception | None) -> None:
        """Note a closed connection; an alert of TLS is a refusal of our certificate."""
        self.end("unadmitted" if isinstance(error, ssl.SSLError) else "lost", party)
