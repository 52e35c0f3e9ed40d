"""Whose letters are opened, and for whom are they sealed?

PySyft's envelopes under keys that the roster vouches for. PySyft believes any
key bundle that it finds, and the sender that an envelope states; here a bundle
counts only under the identity key that is pinned for its party (`shown_keys`),
and the sender is the owner of the folder, whose keys must fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ...secure_aggregation import Identity, Member
from . import pysyft, shown_keys
from .clock import Clock
from .errors import SiteNotJoined, StateRefused
from .seals import SealBroken
from .shelf import Shelf


def accounts_of(names: Iterable[str]) -> dict[str, str]:
    """The e-mail addresses by which PySyft knows parties; nothing is ever mailed there.

    Examples
    --------
    >>> accounts_of(["north"])
    {'north': 'north@synthema.invalid'}
    """
    return {name: f"{name}@synthema.invalid" for name in names}


class PinnedSeals:
    """Seals letters in PySyft's envelopes, under keys that identity keys vouch for.

    Parameters
    ----------
    identity : Identity
        Signs this party's key bundle.
    members : iterable of Member
        The parties whose letters are opened, with their pinned keys.
    state : pathlib.Path
        Private; the keys are made there the first time.
    shelf : Shelf
        Where the parties show their key bundles.
    clock : Clock, optional
        For the expiry of identity keys.
    accounts : mapping of str to str, optional
        E-mail address by party, where they have real ones.

    Raises
    ------
    StateRefused
        If the keys are damaged, or others were shown under this identity before.
    """

    overhead = 16 * 1024

    def __init__(
        self,
        identity: Identity,
        members: Iterable[Member],
        state: Path,
        shelf: Shelf,
        clock: Clock | None = None,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        self._shelf, self._clock = shelf, clock or Clock()
        self._members = {member.name: member for member in members}
        self.accounts = dict(accounts or accounts_of((identity.name, *self._members)))
        self._bundles: dict[str, pysyft.Bundle] = {}
        self._keys = pysyft.Keys.kept(state, self.accounts[identity.name])
        self._show(identity)

    def seal(self, receiver: str, letter: bytes) -> bytes:
        """Seal for `receiver` alone; see `seals.Seals`."""
        bundle = self.bundle(receiver)
        if bundle is None:
            raise SiteNotJoined(
                f"{receiver} has shown no keys that its pinned identity key signed.",
                f"A site {receiver} that has opened its end of the channel, and whose "
                "identity key has not expired.",
                f"Start the site of {receiver}, compare the fingerprints of its identity key, "
                "and send again.",
            )
        return self._keys.sealed(self.accounts[receiver], bundle, letter)

    def opened(self, sender: str, sealed: bytes) -> bytes:
        """The letter, if `sender` sealed it for this party; see `seals.Seals`."""
        bundle = self.bundle(sender)
        if bundle is None:
            raise SealBroken(f"{sender} has shown no keys that its pinned identity key signed.")
        return self._keys.opened(bundle, sealed)

    def bundle(self, name: str) -> pysyft.Bundle | None:
        """A party's public keys, if its identity key vouches for them now."""
        member = self._members.get(name)
        if member is None or (member.expires and self._clock.now() >= member.expires):
            return None
        if name not in self._bundles:
            shown = self._shown(member)
            if shown is None:
                return None
            self._bundles[name] = shown
        return self._bundles[name]

    def require_peer(self, client: pysyft.Client, name: str) -> None:
        """Refuse a peer of PySyft's client whose keys no identity key vouches for.

        Raises
        ------
        SiteNotJoined
        """
        given, pinned = client.peer_bundle(self.accounts[name]), self.bundle(name)
        if given is None or pinned is None or given.fingerprint != pinned.fingerprint:
            raise SiteNotJoined(
                f"PySyft has other keys for {name}, or none, than its pinned identity key signed.",
                f"The keys that {name} shows in the folder.",
                f"Do not approve this peer; compare the fingerprints of {name}'s identity key.",
            )

    def _show(self, identity: Identity) -> None:
        """Show this party's bundle; refuse if another one is shown under this identity."""
        before = self._shown(identity.member())
        if before is None:
            shown_keys.show(self._shelf, identity, self._keys.bundle().document)
        elif before.fingerprint != self._keys.bundle().fingerprint:
            raise StateRefused(
                "The keys in the state folder are not those that "
                f"{identity.name} has shown before.",
                f"The state folder with which {identity.name} joined the shared folder.",
                "Restore it from its backup; if it is lost, enrol a new identity and remove "
                f"{identity.name} from the shared folder.",
            )

    def _shown(self, member: Member) -> pysyft.Bundle | None:
        document = shown_keys.shown(self._shelf, member)
        return None if document is None else pysyft.Bundle.read(document)
