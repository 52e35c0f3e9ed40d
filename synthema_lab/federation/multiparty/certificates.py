"""By which certificate does a party show that it is the site in the roster?

A site's identity key (Ed25519, pinned in the roster) signs a certificate for a
TLS key that lives as long as the session. Nobody needs to hand certificates
round: each party makes, for itself and in memory, a trust anchor out of every
key that the roster pins. Both ends of a connection must show a certificate
(mutual TLS 1.3). After the handshake the certificate is checked once more
against the one member that the other end claims to be, since a chain alone
would let one enrolled site speak in the name of another.

Python's `ssl` reads a private key from a file only, so the key passes through
a file that is encrypted under a random password and removed at once.
"""

from __future__ import annotations

import datetime
import hashlib
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ... import randomness
from ...secure_aggregation import Identity, Member, Roster

_TAG = b"synthema-lab multiparty 1 "
_VALID_FOR = datetime.timedelta(days=7)
_CLOCKS_DIFFER_BY = datetime.timedelta(days=1)


def session_digest(roster: Roster, session: bytes) -> bytes:
    """SHA-256 of the roster and of what the study calls this session."""
    return hashlib.sha256(_TAG + session + b"\x00" + roster.canonical()).digest()


def certificate_name(digest: bytes, site: str) -> str:
    """The DNS name that a site's certificate carries in one session.

    Examples
    --------
    >>> len(certificate_name(bytes(32), "north"))
    46
    """
    return hashlib.sha256(digest + site.encode("ascii")).hexdigest()[:40] + ".party"


def session_certificate(identity: Identity, digest: bytes, now: int) -> tuple[bytes, bytes]:
    """A TLS key for one session and its certificate, signed by the identity key.

    Parameters
    ----------
    identity : Identity
    digest : bytes
        Of the session, see `session_digest`.
    now : int
        Unix time in seconds. The certificate holds for a week.

    Returns
    -------
    (bytes, bytes)
        Raw private key, 32 bytes, and certificate in DER.
    """
    private = randomness.random_bytes(32)
    name = certificate_name(digest, identity.name)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _certificate(name, identity.name, _key(private).public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(_key(identity.private_key), None)
    )
    return private, certificate.public_bytes(Encoding.DER)


def shows(certificate: bytes | None, member: Member, digest: bytes) -> bool:
    """Whether a DER certificate was made by `member` for this session."""
    if certificate is None:
        return False
    shown = x509.load_der_x509_certificate(certificate)
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    expected = [certificate_name(digest, member.name)]
    return names.get_values_for_type(x509.DNSName) == expected and member.verifies(
        shown.signature, shown.tbs_certificate_bytes
    )


def tls_context(
    server: bool, private: bytes, certificate: bytes, peers: Sequence[Member], now: int
) -> ssl.SSLContext:
    """A context that shows one certificate and asks for one that a peer's key signed.

    Parameters
    ----------
    server : bool
        For the end that listens, else for the end that connects.
    private, certificate : bytes
        As from `session_certificate`.
    peers : sequence of Member
    now : int
        Unix time in seconds.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    maker = _key(randomness.random_bytes(32))
    for peer in peers:
        context.load_verify_locations(cadata=_anchor(peer, maker, now))
    password = randomness.random_bytes(32).hex()
    pem = _key(private).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    shown = ssl.DER_cert_to_PEM_cert(certificate).encode()
    with tempfile.TemporaryDirectory() as folder:  # only its owner may enter it
        path = Path(folder) / "party.pem"
        path.write_bytes(pem + shown)
        context.load_cert_chain(path, password=password)
    return context


def _anchor(member: Member, maker: Ed25519PrivateKey, now: int) -> bytes:
    """A member's pinned key as something that OpenSSL trusts to sign certificates."""
    key = Ed25519PublicKey.from_public_bytes(member.key)
    return (
        _certificate(member.name, "roster", key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(maker, None)
        .public_bytes(Encoding.DER)
    )


def _certificate(
    subject: str, issuer: str, key: Ed25519PublicKey, now: int
) -> x509.CertificateBuilder:
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(1 + int.from_bytes(randomness.random_bytes(15), "big"))
        .not_valid_before(moment - _CLOCKS_DIFFER_BY)
        .not_valid_after(moment + _VALID_FOR)
    )


def _key(raw: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(raw)
