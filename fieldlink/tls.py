"""TLS as a client: verified against a CA, or against one pinned certificate. Never unverified."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from fieldlink.credentials import certificate_path
from fieldlink.errors import ReadError
from fieldlink.spec import ReadReason, SecuritySpec


def sha256_of(der: bytes) -> str:
    """The fingerprint a certificate is pinned by."""
    return hashlib.sha256(der).hexdigest()


def client_context(security: SecuritySpec) -> ssl.SSLContext:
    """A context made once per set of files and pin; raises ReadError(CONFIG)."""
    files = tuple(
        None if reference is None else _stamped(certificate_path(reference))
        for reference in (security.ca, security.client_certificate, security.client_key)
    )
    try:
        return _context(files, security.server_sha256)
    except (OSError, ssl.SSLError):
        raise ReadError(ReadReason.CONFIG, "CertificateUnreadable") from None


def _stamped(path: Path) -> tuple[str, int]:
    """A file with its time of change, so that a renewed certificate is read anew."""
    return str(path), path.stat().st_mtime_ns


@lru_cache(maxsize=64)
def _context(files: tuple[tuple[str, int] | None, ...], pin: str | None) -> ssl.SSLContext:
    ca, certificate, key = (None if f is None else f[0] for f in files)
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    if pin is not None:
        if ca is None:
            # The pin alone decides, checked in the handshake, before anything is sent.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.sslobject_class = _pinned(pin)
    return context


def _no_passphrase() -> str:
    """Without this OpenSSL would ask at the terminal and block."""
    raise ReadError(ReadReason.CONFIG, "KeyIsEncrypted")


def _pinned(pin: str) -> type[ssl.SSLObject]:
    handshake: Callable[[ssl.SSLObject], None] = ssl.SSLObject.do_handshake

    class PinnedSSLObject(ssl.SSLObject):
        """Refuses any server certificate but the pinned one."""

        def do_handshake(self) -> None:
            handshake(self)
            der = self.getpeercert(binary_form=True)
            if der is None or sha256_of(der) != pin:
                raise ssl.SSLCertVerificationError("pinned certificate differs")

    return PinnedSSLObject
