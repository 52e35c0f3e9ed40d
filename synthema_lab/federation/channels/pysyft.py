"""What is taken from PySyft 0.10?

The only module that imports PySyft. Two things are taken from it.

*Its envelopes and keys* (`Keys`) seal every letter: X3DH on X25519,
XChaCha20-Poly1305, signed with Ed25519. `sealing` decides whose keys count.
X3DH runs without one-time keys: whoever steals a party's key file can open
letters to it that were kept.

*Its peers, data sets with mock and private parts, and jobs* (`Client`) run over
the same folder, or over Google Drive, with encryption always on.

Rounds do not go over PySyft's own messages, for what was read and measured. A
message is a change of a file that must be UTF-8 text, is ordered by its sender's
clock, and is told to every peer who may read that file. Messages stay, so that
lists grow: 400 kB to one site and back took 0.3 s over a folder at first and
1.4 s after twelve, where a round of three sites is thirty such messages. A
letter of 400 kB sealed under PySyft's keys costs 2 ms and is found without a
list: a whole round takes 0.3 to 0.5 s on the same machine, and does not grow.
"""

from __future__ import annotations

import json
import os
import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import syft_crypto_python as crypto

from ...storage import whole_file
from .errors import StateRefused
from .seals import SealBroken

KEY_FILE = "crypto_keys.json"


@dataclass(frozen=True)
class Bundle:
    """A party's public keys.

    Parameters
    ----------
    keys : SyftPublicKeyBundle
    document : str
        The keys as PySyft's DID document, in JSON.
    """

    keys: crypto.SyftPublicKeyBundle = field(repr=False)
    document: str = field(repr=False)

    @property
    def fingerprint(self) -> bytes:
        """The public key that signs this party's envelopes."""
        return bytes(self.keys.identity_key_bytes)

    @classmethod
    def read(cls, document: str) -> Bundle | None:
        """The keys in a document; None if it is none."""
        try:
            keys = crypto.SyftPublicKeyBundle.from_did_document(json.loads(document))
        except (ValueError, KeyError, TypeError):
            return None
        return cls(keys, document)


class Keys:
    """A party's private keys.

    Parameters
    ----------
    own : str
        The party's e-mail address.
    keys : SyftPrivateKeys
    """

    def __init__(self, own: str, keys: crypto.SyftPrivateKeys) -> None:
        self._own, self._keys = own, keys

    @classmethod
    def kept(cls, state: Path, own: str) -> Keys:
        """The keys in PySyft's file in the state folder, made the first time.

        Raises
        ------
        StateRefused
        """
        path = state / KEY_FILE
        if not path.exists():
            made = crypto.SyftRecoveryKey.generate().derive_keys()
            content = {"email": own, "keys_jwk": made.to_jwks(), "peer_bundles": {}}
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            with whole_file(path) as temporary:
                temporary.write_text(json.dumps(content))
            path.chmod(0o600)
        try:
            content = json.loads(path.read_text())
            keys, owner = crypto.SyftPrivateKeys.from_jwks(content["keys_jwk"]), content["email"]
        except (ValueError, KeyError, TypeError):
            owner = None
        if owner != own:
            raise StateRefused(
                f"{path} is damaged, or belongs to another party.",
                f"The key file that was made for {own}.",
                "Restore the state folder from its backup.",
            )
        return cls(own, keys)

    def bundle(self) -> Bundle:
        """The public keys."""
        public = self._keys.to_public_bundle()
        document = public.to_did_document(f"did:syft:{self._own}")
        return Bundle(public, json.dumps(document, sort_keys=True))

    def sealed(self, receiver: str, bundle: Bundle, letter: bytes) -> bytes:
        """An envelope that the holder of `bundle`, at that address, can open."""
        recipient = crypto.EncryptionRecipient(receiver, bundle.keys)
        return bytes(crypto.encrypt_message(self._own, self._keys, [recipient], letter))

    def opened(self, sender: Bundle, sealed: bytes) -> bytes:
        """What is in an envelope that `sender` sealed for this party; else SealBroken."""
        try:
            envelope = crypto.parse_envelope(sealed)
        except ValueError:
            raise SealBroken("It is half-written or corrupt.") from None
        try:
            crypto.verify_envelope_signature(envelope, sender.keys.identity_key_bytes)
        except ValueError:
            reason = "It was not sealed by the owner of the inbox, or was altered."
            raise SealBroken(reason, foreign=True) from None
        try:
            return bytes(crypto.decrypt_message(self._own, self._keys, sender.keys, envelope))
        except ValueError:
            reason = "It was altered, or sealed for another, or for keys that are gone."
            raise SealBroken(reason) from None


class Client:
    """PySyft's peers, data sets and jobs for one party, with encryption on.

    Parameters
    ----------
    own : str
        The party's e-mail address.
    state : pathlib.Path
        Private. PySyft keeps its files in ``syftbox`` there, and uses the keys
        that seal this party's letters.
    owns_data : bool
        True at a site, False for a researcher.
    service : object, optional
        What answers the calls of the Drive interface; see `drive_calls.DriveService`.
    token : pathlib.Path, optional
        A Google token file, in place of a service: PySyft's own Drive transport.

    Attributes
    ----------
    syft : syft_rds.SyftRDSClient
        Everything that PySyft offers.

    Notes
    -----
    Mock data can be read by whoever can read the folder. PySyft takes the keys
    of its peers on trust: ask `sealing.PinnedSeals.require_peer` before one is
    approved. PySyft keeps its approvals in the folder, below the owner's name:
    they let a peer see mock data and hand in jobs, and must not mean more.
    Reading `syft.jobs`, `peers` and `datasets` synchronises first unless the
    environment has ``PRE_SYNC=false``.
    """

    def __init__(
        self,
        own: str,
        state: Path,
        owns_data: bool,
        service: Any = None,
        token: Path | None = None,
    ) -> None:
        Keys.kept(state, own)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from syft.sync.connections.drive import grdrive_config
            from syft_rds.client import SyftRDSClient

            kind = _folder_config()
        if token is None:
            connection = kind(email=own, service=service)
        else:
            connection = grdrive_config.GdriveConnectionConfig(email=own, token_path=token)
        self.syft = SyftRDSClient.from_config(_configured(own, state, owns_data, connection))
        self.syft.peer_manager.write_own_version()

    def peer_bundle(self, peer: str) -> Bundle | None:
        """The keys that PySyft has for a peer, or would take if it were approved."""
        found = self.syft.peer_manager.get_cached_peer(peer)
        told = found and found.public_encryption_bundle
        if not told:
            shown = self.syft.peer_manager.connection_router.read_peer_encryption_bundle(peer)
            told = json.loads(shown or "{}").get("public_encryption_bundle")
        return Bundle.read(json.dumps(told)) if told else None

    def ask(self, peer: str) -> None:
        """Ask a data owner to become a peer."""
        self.syft.add_peer(peer, sync=False, verbose=False)

    def approve(self, peer: str) -> None:
        """Let a researcher who asked become a peer, able to see mock data and submit jobs."""
        self.syft.load_peers()
        self.syft.approve_peer_request(peer, verbose=False)


def drive_connection(own: str, token: str | os.PathLike[str]) -> Any:
    """PySyft's connection to Google Drive, for `drive_shelf.DriveShelf`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from syft.sync.connections.drive.gdrive_transport import GDriveConnection
    return GDriveConnection.from_token_path(own, Path(token))


def folder_connection(own: str, service: Any) -> Any:
    """PySyft's Drive connection over a service of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kind = _folder_config()
    return kind.connection_type.from_service(own, service)


def _configured(own: str, state: Path, owns_data: bool, connection: Any) -> Any:
    """What PySyft's own log-in makes, with a connection, a folder and keys of our choice."""
    from syft.sync import syftbox_manager as manager
    from syft_rds import config as rds

    box = state / "syftbox"
    kept = {"email": own, "syftbox_folder": box, "use_in_memory_cache": False}
    joined = {"email": own, "syftbox_folder": box, "connection_configs": [connection]}
    roles = {"has_do_role": owns_data, "has_ds_role": not owns_data}
    specs, collections = rds.DATASET_COLLECTION_SPECS, box / own / rds.COLLECTION_SUBPATH
    owner_cache = manager.DataSiteOwnerEventCacheConfig(**kept, collections_folder=collections)
    watcher_cache = manager.DataSiteWatcherCacheConfig(
        **kept, collection_specs=specs, connection_configs=[connection]
    )
    sync = manager.SyftboxManagerConfig(
        **kept,
        **roles,
        datasite_owner_syncer_config=manager.DatasiteOwnerSyncerConfig(
            **joined,
            collections_folder=collections,
            collection_specs=specs,
            cache_config=owner_cache,
        ),
        datasite_watcher_syncer_config=manager.DatasiteWatcherSyncerConfig(
            **joined, datasite_watcher_cache_config=watcher_cache
        ),
        peer_manager_config=manager.PeerManagerConfig(
            **joined, **roles, use_encryption=True, crypto_keys_path=state / KEY_FILE
        ),
    )
    return rds.SyftRDSClientConfig._compose(sync)


@cache
def _folder_config() -> type:
    """The hook by which PySyft makes a connection: its Drive connection over our service."""
    from syft.sync.connections.base_connection import ConnectionConfig
    from syft.sync.connections.drive.gdrive_transport import GDriveConnection

    class FolderConnection(GDriveConnection):
        """PySyft's Drive connection, with bytes read and copies made our way."""

        @classmethod
        def from_config(cls, config: Any) -> Any:
            return cls.from_service(config.email, config.service)

        def copy(self) -> Any:
            return type(self).from_service(self.email, self.drive_service)

        def download_file(self, file_id: str) -> bytes:
            return self.drive_service.files().get_media(fileId=file_id).execute()

    class FolderConfig(ConnectionConfig):
        """What such a connection is made of."""

        connection_type: ClassVar[type] = FolderConnection
        email: str
        service: Any

    return FolderConfig
