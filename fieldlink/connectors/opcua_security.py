"""Certificates of OPC UA: our own, loaded once; the server's, pinned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from asyncua import ua
from asyncua.crypto import security_policies
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from fieldlink.credentials import certificate_path
from fieldlink.errors import ReadError
from fieldlink.spec import ReadReason, SecuritySpec
from fieldlink.tls import sha256_of

_POLICIES: dict[str, type[security_policies.SecurityPolicy]] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_MOST_REMEMBERED = 4096

# Certificates by their pin: what a hash names cannot be exchanged under it.
_by_pin: dict[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """Our application instance certificate, its key and the ApplicationUri it was made for."""

    certificate: x509.Certificate
    key: RSAPrivateKey = field(repr=False)
    application_uri: str


def _config(code: str) -> ReadError:
    return ReadError(ReadReason.CONFIG, code)


def own_identity(security: SecuritySpec) -> OwnIdentity:
    """Our certificate and key; raises ReadError(CONFIG)."""
    if not security.client_certificate or not security.client_key:
        raise _config("ClientCertificateMissing")
    certificate = certificate_path(security.client_certificate)
    key = certificate_path(security.client_key)
    stamps = certificate.stat().st_mtime_ns, key.stat().st_mtime_ns
    try:
        return _loaded(certificate, key, stamps)
    except (OSError, ValueError, TypeError):
        raise _config("CertificateUnreadable") from None


@lru_cache(maxsize=64)
def _loaded(certificate: Path, key: Path, stamps: tuple[int, int]) -> OwnIdentity:
    """Loaded once per change of the files: checking an RSA key costs more than a session."""
    del stamps
    data, key_data = certificate.read_bytes(), key.read_bytes()
    is_pem, is_pem_key = b"-----BEGIN" in data, b"-----BEGIN" in key_data
    cert = (x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate)(data)
    private = (load_pem_private_key if is_pem_key else load_der_private_key)(key_data, None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("OPC UA's policies here need an RSA key")
    return OwnIdentity(cert, private, _application_uri(cert))


def _application_uri(certificate: x509.Certificate) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        raise ValueError("no SAN") from None
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris:
        raise ValueError("no ApplicationUri in the SAN")
    return uris[0]


def policy_of(
    security: SecuritySpec, own: OwnIdentity, certificate: bytes
) -> security_policies.SecurityPolicy:
    """The security policy of one connection."""
    mode = ua.MessageSecurityMode[security.mode]
    try:
        peer = x509.load_der_x509_certificate(certificate)
        return _POLICIES[security.policy](peer, own.certificate, own.key, mode)
    except (ValueError, TypeError):
        raise _config("CertificateUnreadable") from None


def check_pin(security: SecuritySpec, certificate: bytes | None) -> None:
    """Raise ReadError(TLS_UNTRUSTED) unless the certificate is the pinned one, if one is."""
    pin = security.server_sha256
    if pin is not None and (certificate is None or sha256_of(certificate) != pin):
        raise ReadError(ReadReason.TLS_UNTRUSTED, "ServerCertificateNotPinned")


def remember(security: SecuritySpec, offered: Iterable[ua.EndpointDescription]) -> bytes:
    """The pinned certificate among the endpoints offered; raises ReadError."""
    mode = ua.MessageSecurityMode[security.mode]
    uri = _POLICIES[security.policy].URI
    matching = [e for e in offered if e.SecurityMode == mode and e.SecurityPolicyUri == uri]
    if not matching:
        raise _config("PolicyNotOffered")
    certificate = first_certificate(matching[0].ServerCertificate or b"")
    check_pin(security, certificate)
    if len(_by_pin) >= _MOST_REMEMBERED:
        _by_pin.clear()
    _by_pin[str(security.server_sha256)] = certificate
    return certificate


def remembered(security: SecuritySpec) -> bytes | None:
    """The certificate of this pin, if it was seen before."""
    return _by_pin.get(str(security.server_sha256))


def forget(security: SecuritySpec) -> None:
    """Ask the server again next time."""
    _by_pin.pop(str(security.server_sha256), None)


def first_certificate(chain: bytes) -> bytes:
    """The first certificate of concatenated DER, which is what servers with a CA send."""
    if len(chain) < 4 or chain[:2] != b"\x30\x82":
        return chain
    return chain[: int.from_bytes(chain[2:4]) + 4]
