"""MQTT 3.1.1: connect, subscribe at QoS 0, hear one message per topic, disconnect.

Our own small reader on a stream: it keeps its deadline where a socket is accepted and silent or
its SYN is dropped, tells TLS errors apart, leaves nothing behind when cancelled, and has no code
that could send a message to a topic.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
from collections import defaultdict
from dataclasses import dataclass
from time import perf_counter

from fieldlink.connectors.documents import DocumentAddress, observed
from fieldlink.connectors.documents import parse as parse_document
from fieldlink.credentials import Credential, credential
from fieldlink.errors import AddressError, ReadError, after_handshake
from fieldlink.link import Connector, Link
from fieldlink.sheet import Sheet
from fieldlink.spec import EndpointIdentity, PointSpec, ReadReason
from fieldlink.stream import Stream
from fieldlink.tls import client_context, sha256_of

_CONNECT, _CONNACK, _MESSAGE, _SUBSCRIBE, _SUBACK, _DISCONNECT = 0x10, 2, 3, 0x82, 9, 0xE0
_KEEPALIVE_S = 60
_MOST_TOPICS = 1000
_REFUSALS = {
    1: (ReadReason.PROTOCOL, "UnacceptableProtocolVersion"),
    2: (ReadReason.REFUSED, "IdentifierRejected"),
    3: (ReadReason.REFUSED, "ServerUnavailable"),
    4: (ReadReason.AUTH, "BadUserNameOrPassword"),
    5: (ReadReason.AUTH, "NotAuthorized"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    place: int
    point: PointSpec
    address: DocumentAddress


def parse(point: PointSpec) -> DocumentAddress:
    """`topic`, or `topic#json.path@time.path!quality.path`; raises AddressError."""
    address = parse_document(point)
    topic = address.resource
    if not topic or "+" in topic or "\x00" in topic or len(topic.encode()) > 65_535:
        raise AddressError(f"{point.address!r}: one topic, without wildcards, before the #.")
    return address


async def read(link: Link) -> None:
    """Hear each topic of the open points once; what stays silent is a time-out of that point."""
    context = client_context(link.endpoint.security) if link.target.is_tls else None
    user = _credential(link)
    waiting: dict[str, list[_Line]] = defaultdict(list)
    for place, point in link.sheet.open_points():
        address = parse(point)
        waiting[address.resource].append(_Line(place, point, address))
    began = perf_counter()
    async with await Stream.open(link.target, link.address, context=context) as stream:
        stream.send(_connect(user))
        try:
            await _accepted(stream)
        except (OSError, asyncio.IncompleteReadError) as exc:
            if context is not None and (rejected := after_handshake(exc)):
                raise rejected from exc
            raise
        if link.identify:
            link.sheet.identity = _identity(link, stream)
        stream.send(_subscribe(list(waiting)))
        await _listen(link.sheet, stream, waiting, began)
        stream.send(bytes((_DISCONNECT, 0)))


async def _listen(sheet: Sheet, stream: Stream, waiting: dict[str, list[_Line]], began: float) -> None:
    topics = list(waiting)
    while waiting:
        kind, body = await _packet(stream)
        if kind >> 4 == _MESSAGE:
            topic, payload = _message(kind, body)
            code = "Retained" if kind & 1 else "Live"
            for line in waiting.pop(topic, ()):
                _note(sheet, line, payload, code, (perf_counter() - began) * 1000)
        elif kind >> 4 == _SUBACK:
            _granted(sheet, body, topics, waiting)
            sheet.may_retry = False  # the broker is fine: a topic without a message stays silent


def _note(sheet: Sheet, line: _Line, payload: bytes, code: str, rtt_ms: float) -> None:
    try:
        seen = observed(payload, line.address, line.point, status_code=code, rtt_ms=rtt_ms)
    except ReadError as exc:
        sheet.miss(line.place, exc.reason, exc.code)
    else:
        sheet.note(line.place, seen)


def _credential(link: Link) -> Credential | None:
    if link.endpoint.credential is None:
        return None
    if not link.target.is_tls and not link.endpoint.security.credential_in_clear:
        raise ReadError(ReadReason.CONFIG, "CredentialInClear")
    user = credential(link.endpoint.credential)
    if user.bearer:
        raise ReadError(ReadReason.CONFIG, "CredentialMalformed")
    return user


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _framed(kind: int, body: bytes) -> bytes:
    length, head = len(body), bytearray((kind,))
    while True:
        length, low = divmod(length, 128)
        head.append(low | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def _connect(user: Credential | None) -> bytes:
    flags, identity = 0x02, b""
    if user is not None:
        flags |= 0xC0
        identity = _text(user.user) + _text(user.password)
    head = _text("MQTT") + struct.pack(">BBH", 4, flags, _KEEPALIVE_S)
    return _framed(_CONNECT, head + _text(f"fieldlink-{secrets.token_hex(6)}") + identity)


def _subscribe(topics: list[str]) -> bytes:
    if len(topics) > _MOST_TOPICS:
        raise ReadError(ReadReason.CONFIG, "TooManyTopics")
    return _framed(_SUBSCRIBE, b"\x00\x01" + b"".join(_text(t) + b"\x00" for t in topics))


async def _packet(stream: Stream) -> tuple[int, bytes]:
    (kind,) = await stream.exactly(1)
    length = 0
    for shift in (0, 7, 14, 21):
        (digit,) = await stream.exactly(1)
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            return kind, await stream.exactly(length)
    raise ReadError(ReadReason.PROTOCOL, "NotMqtt")


async def _accepted(stream: Stream) -> None:
    head = await stream.exactly(2)
    if head[0] >> 4 != _CONNACK or head[1] != 2:
        raise ReadError(ReadReason.PROTOCOL, "NotMqtt")
    _, code = await stream.exactly(2)
    if code:
        raise ReadError(*_REFUSALS.get(code, (ReadReason.PROTOCOL, "UnknownReturnCode")))


def _message(kind: int, body: bytes) -> tuple[str, bytes]:
    size = int.from_bytes(body[:2])
    start = 2 + size + (2 if kind & 0x06 else 0)
    if len(body) < start:
        raise ReadError(ReadReason.PROTOCOL, "NotMqtt")
    return body[2 : 2 + size].decode(errors="replace"), body[start:]


def _granted(sheet: Sheet, body: bytes, topics: list[str], waiting: dict[str, list[_Line]]) -> None:
    if len(body) != 2 + len(topics):
        raise ReadError(ReadReason.PROTOCOL, "WrongCount")
    for topic, code in zip(topics, body[2:], strict=True):
        if code >= 0x80:
            for line in waiting.pop(topic, ()):
                sheet.miss(line.place, ReadReason.AUTH, "SubscriptionRefused")


def _identity(link: Link, stream: Stream) -> EndpointIdentity:
    certificate = stream.peer_certificate()
    return EndpointIdentity(
        endpoint_uid=link.endpoint.uid,
        ip=str(link.address),
        server_sha256="" if certificate is None else sha256_of(certificate),
    )


CONNECTOR = Connector("mqtt", parse, read)
