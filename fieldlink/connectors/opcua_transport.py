"""asyncua's transport with two things it lacks: a bound on what a peer may send, a hard close."""

from __future__ import annotations

from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.crypto.security_policies import SecurityPolicy
from asyncua.ua.uaerrors import UaStatusCodeError

from fieldlink.errors import ReadError
from fieldlink.spec import ReadReason

_MOST_MESSAGE = 1 << 20
_MOST_BYTES = 8 << 20
_KINDS = (b"ACK", b"ERR", b"OPN", b"MSG", b"CLO")


class _BoundedProtocol(UASocketProtocol):
    """Drops a peer at the first byte that is not OPC UA, or that is one too many."""

    seen = 0
    failure: ReadError | None = None
    has_given_up = False
    has_status = False

    def data_received(self, data: bytes) -> None:
        self.seen += len(data)
        head = ((self.receive_buffer or b"")[:8] + data[:8])[:8]
        if code := self._objection(head):
            self._drop(code)
            return
        super().data_received(data)
        if self.has_given_up and not self.has_status:
            self._drop("NotOpcUa")

    def disconnect_socket(self) -> None:
        """What asyncua calls when it could not parse a message, among other occasions."""
        self.has_given_up = True
        super().disconnect_socket()

    def _fail_all_pending(self, exc: Exception) -> None:
        self.has_status = self.has_status or isinstance(exc, UaStatusCodeError)
        super()._fail_all_pending(exc)

    def _drop(self, code: str) -> None:
        self.failure = self.failure or ReadError(ReadReason.PROTOCOL, code)
        self._fail_all_pending(self.failure)
        self.hard_close()

    def _objection(self, head: bytes) -> str:
        if self.seen > _MOST_BYTES:
            return "TooLarge"
        if not any(head.startswith(kind[: len(head)]) for kind in _KINDS):
            return "NotOpcUa"
        size = int.from_bytes(head[4:8], "little")
        if len(head) == 8 and not 8 <= size <= _MOST_MESSAGE:
            return "NotOpcUa" if size < 8 else "TooLarge"
        return ""

    def hard_close(self) -> None:
        """Close the socket now, whatever is still unsent."""
        if self.transport is not None:
            self.transport.abort()


class BoundedUaClient(UaClient):
    """The low-level client on the bounded protocol."""

    bounded: _BoundedProtocol | None = None

    def _make_protocol(self) -> UASocketProtocol:
        self.bounded = _BoundedProtocol(self._timeout, security_policy=self.security_policy)
        self.protocol = self.bounded
        self.bounded.on_connection_lost = self._on_transport_lost
        self.bounded.is_session_closing = self._is_session_closing
        return self.bounded

    @property
    def failure(self) -> ReadError | None:
        """Why the bounded protocol dropped the peer, if it did."""
        return None if self.bounded is None else self.bounded.failure

    def abort(self) -> None:
        """Close the socket on every way out; safe to call twice."""
        if self.bounded is not None:
            self.bounded.hard_close()


class FieldClient(Client):
    """asyncua's client on the bounded transport; its own time-outs end after ours."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        super().__init__(url)
        self.transport = BoundedUaClient(timeout_s)
        self.uaclient = self.transport
        self.is_certificate_remembered = False

    def secure(self, policy: SecurityPolicy) -> None:
        """Protect channel and messages by this policy; before connecting."""
        self.security_policy = policy  # type: ignore[assignment] # asyncua types it too narrowly
        self.transport.set_security(policy)
