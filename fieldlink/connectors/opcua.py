"""OPC UA: one session, one Read service call per hundred nodes, closed whatever happens.

asyncua's own connect sequence leaves its socket open when cancelled, accepts any server
certificate, asks for a session of an hour and buffers without bound; this module therefore drives
its stages one by one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import perf_counter

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import BadTooManyOperations, UaError, UaStatusCodeError

from fieldlink.connectors.opcua_nodes import moment, observed, parse, reason_of
from fieldlink.connectors.opcua_security import (
    check_pin,
    forget,
    own_identity,
    policy_of,
    remember,
    remembered,
)
from fieldlink.connectors.opcua_transport import FieldClient
from fieldlink.credentials import Credential, credential
from fieldlink.errors import ReadError
from fieldlink.link import Connector, Link
from fieldlink.sheet import Observation
from fieldlink.spec import EndpointIdentity, PointSpec, ReadReason
from fieldlink.tls import sha256_of

_SESSION_TIMEOUT_MS = 15_000
_CHANNEL_LIFETIME_MS = 60_000
_GOODBYE_S = 0.5
_NODES_PER_READ = 100

# The library logs what a peer sent, tracebacks included; a reason code says it shorter.
logging.getLogger("asyncua.client").setLevel(logging.CRITICAL + 1)
logging.getLogger("asyncua.uaprotocol").setLevel(logging.CRITICAL + 1)

_NAMESPACES = ua.NodeId(ua.Int32(ObjectIds.Server_NamespaceArray))
_IDENTITY_NODES = tuple(
    ua.NodeId(ua.Int32(number))
    for number in (
        ObjectIds.Server_ServerArray,
        ObjectIds.Server_ServerStatus_BuildInfo_ManufacturerName,
        ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
        ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion,
    )
)


@dataclass(frozen=True, slots=True)
class _Session:
    """An activated session: reads, nothing else."""

    client: FieldClient
    server_sha256: str

    async def read(self, nodes: list[ua.NodeId]) -> list[ua.DataValue]:
        """One value per node, in their order, however few the server takes at a time."""
        values: list[ua.DataValue] = []
        for start in range(0, len(nodes), _NODES_PER_READ):
            values += await self._read_some(nodes[start : start + _NODES_PER_READ])
        return values

    async def _read_some(self, nodes: list[ua.NodeId]) -> list[ua.DataValue]:
        params = ua.ReadParameters()
        params.MaxAge = 0
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        params.NodesToRead = [_value_of(node) for node in nodes]
        try:
            values: list[ua.DataValue] = await self.client.transport.session.read(params)
        except BadTooManyOperations:
            if len(nodes) == 1:
                raise
            half = len(nodes) // 2
            return await self._read_some(nodes[:half]) + await self._read_some(nodes[half:])
        if len(values) != len(nodes):
            raise ReadError(ReadReason.PROTOCOL, "WrongCount")
        return values


def _value_of(node: ua.NodeId) -> ua.ReadValueId:
    wanted = ua.ReadValueId()
    wanted.NodeId = node
    wanted.AttributeId = AttributeIds.Value
    return wanted


async def read(link: Link) -> None:
    """Read all open points of the sheet in one session."""
    try:
        async with _session(link) as session:
            await _read_points(link, session)
            if link.identify and link.sheet.identity is None:
                link.sheet.identity = await _identity(link, session)
    except UaStatusCodeError as exc:
        raise ReadError(*reason_of(exc.code)) from exc
    except UaError as exc:
        raise ReadError(ReadReason.PROTOCOL, type(exc).__name__) from exc


async def _read_points(link: Link, session: _Session) -> None:
    lines = await _located(link, session)
    began = perf_counter()
    values = await session.read([node for _, _, node in lines]) if lines else []
    rtt_ms = (perf_counter() - began) * 1000
    for (place, point, _), value in zip(lines, values, strict=True):
        try:
            link.sheet.note(place, observed(value, point, rtt_ms=rtt_ms))
        except ReadError as exc:
            heard = Observation(None, source_time=moment(value.SourceTimestamp), rtt_ms=rtt_ms)
            link.sheet.miss(place, exc.reason, exc.code, heard=heard)


async def _located(link: Link, session: _Session) -> list[tuple[int, PointSpec, ua.NodeId]]:
    """The open points with their node ids; a namespace by URI is looked up in this server."""
    lines = [(place, point, parse(point)) for place, point in link.sheet.open_points()]
    namespaces: list[str] = []
    if any(node.uri for _, _, node in lines):
        (value,) = await session.read([_NAMESPACES])
        namespaces = [str(uri) for uri in _list_of(value)]
    located = []
    for place, point, node in lines:
        if node.uri and node.uri not in namespaces:
            link.sheet.miss(place, ReadReason.NO_SUCH_POINT, "NoSuchNamespace")
        else:
            located.append((place, point, node.in_namespaces(namespaces)))
    return located


async def _identity(link: Link, session: _Session) -> EndpointIdentity:
    values = await session.read(list(_IDENTITY_NODES))
    uris = _list_of(values[0])
    manufacturer, product, version = (_text_of(value) for value in values[1:])
    return EndpointIdentity(
        endpoint_uid=link.endpoint.uid,
        ip=str(link.address),
        application_uri=str(uris[0]) if uris else "",
        manufacturer=manufacturer,
        product=product,
        software_version=version,
        server_sha256=session.server_sha256,
    )


def _list_of(value: ua.DataValue) -> list[object]:
    held = None if value.Value is None else value.Value.Value
    return held if isinstance(held, list) else []


def _text_of(value: ua.DataValue) -> str:
    held = None if value.Value is None else value.Value.Value
    return "".join(c for c in held if c.isprintable())[:200] if isinstance(held, str) else ""


@asynccontextmanager
async def _session(link: Link) -> AsyncIterator[_Session]:
    """An activated session whose socket is closed on every way out, cancellation included."""
    security = link.endpoint.security
    user = None if link.endpoint.credential is None else credential(link.endpoint.credential)
    if user is not None and user.bearer:
        raise ReadError(ReadReason.CONFIG, "CredentialMalformed")
    if (user or security.policy != "None") and not security.server_sha256:
        raise ReadError(ReadReason.CONFIG, "ServerCertificateNotPinned")
    client = await _secured_client(link)
    try:
        await _open(link, client, user)
        certificate = client.security_policy.peer_certificate
        yield _Session(client, sha256_of(certificate) if certificate else "")
        await _say_goodbye(client)
    except Exception as exc:
        await _say_goodbye(client)
        if client.transport.failure is not None:
            raise client.transport.failure from exc
        raise
    finally:
        client.transport.abort()


def _plain_client(link: Link) -> FieldClient:
    """A client of asyncua on our bounded transport; its own time-outs end after ours."""
    client = FieldClient(link.endpoint.url, timeout_s=link.left_s() + 1)
    client.session_timeout = _SESSION_TIMEOUT_MS
    client.secure_channel_timeout = _CHANNEL_LIFETIME_MS
    client.name = client.description = "fieldlink"
    client.application_uri = client.product_uri = "urn:fieldlink:reader"
    return client


async def _secured_client(link: Link) -> FieldClient:
    security = link.endpoint.security
    client = _plain_client(link)
    if security.policy == "None":
        return client
    own = own_identity(security)
    certificate = remembered(security)
    client.is_certificate_remembered = certificate is not None
    if certificate is None:
        certificate = await _discovered(link)
    client.application_uri = own.application_uri
    client.secure(policy_of(security, own, certificate))
    return client


async def _discovered(link: Link) -> bytes:
    """The server's certificate, asked for without security and worth nothing but by its pin."""
    security = link.endpoint.security
    client = _plain_client(link)
    try:
        await client.transport.connect_socket(str(link.address), link.target.port)
        await client.send_hello()
        await client.open_secure_channel()
        offered = await client.get_endpoints()
    except Exception as exc:
        if client.transport.failure is not None:
            raise client.transport.failure from exc
        raise
    finally:
        client.transport.abort()
    return remember(security, offered)


async def _open(link: Link, client: FieldClient, user: Credential | None) -> None:
    security = link.endpoint.security
    if security.policy == "None":
        await _open_session(link, client)
    else:
        await _open_secured(link, client)
    check_pin(security, client.security_policy.peer_certificate)
    if user is None:
        await client.activate_session()
        return
    _refuse_clear_password(client)
    await client.activate_session(username=user.user, password=user.password)


async def _open_session(link: Link, client: FieldClient) -> None:
    await client.transport.connect_socket(str(link.address), link.target.port)
    await client.send_hello()
    await client.open_secure_channel()
    await client.create_session()


async def _open_secured(link: Link, client: FieldClient) -> None:
    """Where it fails, ask for the certificate anew: TLS_UNTRUSTED if that has changed since.

    A server that cannot decrypt what was meant for its old certificate may just stay silent.
    """
    security = link.endpoint.security
    patience_s = link.left_s() / 2 if client.is_certificate_remembered else None
    try:
        async with asyncio.timeout(patience_s):
            await _open_session(link, client)
    except Exception as exc:
        client.transport.abort()
        forget(security)
        await _discovered(link)
        raise _refused(exc) from exc


def _refused(exc: Exception) -> Exception:
    """asyncua loses the reason when a server rejects our certificate: an assertion fails."""
    if isinstance(exc, AssertionError | AttributeError):
        return ReadError(ReadReason.CLIENT_CERT_REJECTED, "SecureChannelRefused")
    if isinstance(exc, ConnectionError):
        return ReadError(ReadReason.CLIENT_CERT_REJECTED, "SecureChannelClosed")
    return exc


def _refuse_clear_password(client: FieldClient) -> None:
    policy = client.server_policy(ua.UserTokenType.UserName).SecurityPolicyUri
    is_clear = not policy or policy.endswith("#None")
    if is_clear and client.security_policy.Mode != ua.MessageSecurityMode.SignAndEncrypt:
        raise ReadError(ReadReason.CONFIG, "CredentialInClear")


async def _say_goodbye(client: FieldClient) -> None:
    """Small controllers have few sessions: give ours back, but wait for no one."""
    if client.transport.failure is not None or not client.transport.has_session:
        return
    with suppress(UaError, OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            await client.close_session()
            await client.close_secure_channel()


CONNECTOR = Connector("opcua", parse, read)
