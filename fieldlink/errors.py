"""From whatever went wrong on the wire to one reason code; texts of the peer never travel."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

from fieldlink.spec import ReadReason


class ReadError(Exception):
    """A reading that failed for a known reason; `code` is ours or the protocol's, no banner."""

    def __init__(self, reason: ReadReason, code: str = "") -> None:
        super().__init__(f"{reason.value}: {code}" if code else reason.value)
        self.reason = reason
        self.code = code


class AddressError(ReadError):
    """An address or a datatype that does not fit the protocol's grammar."""

    def __init__(self, text: str) -> None:
        super().__init__(ReadReason.CONFIG, "BadAddress")
        self.text = text

    def __str__(self) -> str:
        return self.text


_ERRNO = {
    errno.ENETUNREACH: ReadReason.UNREACHABLE,
    errno.EHOSTUNREACH: ReadReason.UNREACHABLE,
    errno.ENETDOWN: ReadReason.UNREACHABLE,
    errno.EHOSTDOWN: ReadReason.UNREACHABLE,
    errno.EADDRNOTAVAIL: ReadReason.UNREACHABLE,
    errno.EACCES: ReadReason.POLICY_DENIED,
    errno.EPERM: ReadReason.POLICY_DENIED,
    errno.ETIMEDOUT: ReadReason.TIMEOUT,
    errno.EMFILE: ReadReason.CONFIG,
    errno.ENFILE: ReadReason.CONFIG,
}

# The narrower type first: all of them are OSErrors.
_BY_TYPE: tuple[tuple[type[BaseException], tuple[ReadReason, str]], ...] = (
    (ssl.SSLCertVerificationError, (ReadReason.TLS_UNTRUSTED, "CertificateVerifyFailed")),
    (socket.gaierror, (ReadReason.DNS, "NameNotResolved")),
    (TimeoutError, (ReadReason.TIMEOUT, "Timeout")),
    (ConnectionRefusedError, (ReadReason.REFUSED, "ConnectionRefused")),
    (ConnectionError, (ReadReason.REFUSED, "ConnectionClosed")),
)

# What a server's TLS alert says about *our* certificate.
_CLIENT_ALERTS = (
    "ALERT_UNKNOWN_CA",
    "ALERT_BAD_CERTIFICATE",
    "CERTIFICATE_REQUIRED",
    "ALERT_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_ACCESS_DENIED",
)


def classify(exc: BaseException) -> tuple[ReadReason, str]:
    """The reason code of an exception, and a short enumerable status code."""
    if isinstance(exc, ReadError):
        return exc.reason, exc.code
    if isinstance(exc, asyncio.IncompleteReadError):
        return _cut_short(exc)
    for kind, known in _BY_TYPE:
        if isinstance(exc, kind):
            return known
    if isinstance(exc, ssl.SSLError):
        return _tls(exc)
    if isinstance(exc, OSError):
        return _ERRNO.get(exc.errno or 0, ReadReason.UNREACHABLE), _errno_name(exc)
    return ReadReason.PROTOCOL, type(exc).__name__


def after_handshake(exc: Exception) -> ReadError | None:
    """TLS 1.3 servers reject our certificate after the handshake, and some just hang up.

    For a connection over TLS that ended before the first byte of an answer; None if it did not.
    """
    reason, _ = classify(exc)
    if reason is not ReadReason.REFUSED:
        return None
    return ReadError(ReadReason.CLIENT_CERT_REJECTED, "ClosedAfterHandshake")


def _tls(exc: ssl.SSLError) -> tuple[ReadReason, str]:
    name = exc.reason or ""
    if any(alert in name for alert in _CLIENT_ALERTS):
        return ReadReason.CLIENT_CERT_REJECTED, "TlsAlert"
    return ReadReason.PROTOCOL, "TlsFailed"


def _cut_short(exc: asyncio.IncompleteReadError) -> tuple[ReadReason, str]:
    if exc.partial:
        return ReadReason.PROTOCOL, "CutShort"
    return ReadReason.REFUSED, "ConnectionClosed"


def _errno_name(exc: OSError) -> str:
    return errno.errorcode.get(exc.errno or 0, type(exc).__name__)
