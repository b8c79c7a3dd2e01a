"""HTTP: GET only, to the admitted address, without redirects, proxies, cookies or compression."""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import unquote

import httpx

from fieldlink.connectors.documents import DocumentAddress, observed
from fieldlink.connectors.documents import parse as parse_document
from fieldlink.credentials import credential
from fieldlink.errors import AddressError, ReadError, after_handshake, classify
from fieldlink.link import Connector, Link
from fieldlink.sheet import Observation
from fieldlink.spec import EndpointIdentity, PointSpec, ReadReason
from fieldlink.stream import MOST_BYTES
from fieldlink.tls import client_context, sha256_of

_STATUS = {
    401: ReadReason.AUTH,
    403: ReadReason.AUTH,
    407: ReadReason.AUTH,
    404: ReadReason.NO_SUCH_POINT,
    410: ReadReason.NO_SUCH_POINT,
}


@dataclass(frozen=True, slots=True)
class _Line:
    place: int
    point: PointSpec
    address: DocumentAddress


def parse(point: PointSpec) -> DocumentAddress:
    """`path`, or `path#json.path@time.path!quality.path`; raises AddressError."""
    address = parse_document(point)
    path = address.resource
    if any(c.isspace() or not c.isprintable() for c in path) or "\\" in path:
        raise AddressError(f"{point.address!r}: the path has characters no URL has.")
    if path.startswith("//") or ".." in unquote(path.partition("?")[0]).split("/"):
        raise AddressError(f"{point.address!r}: the path stays below the endpoint's address.")
    return address


async def read(link: Link) -> None:
    """GET each path of the open points once."""
    by_path: dict[str, list[_Line]] = defaultdict(list)
    for place, point in link.sheet.open_points():
        address = parse(point)
        by_path[address.resource].append(_Line(place, point, address))
    async with _client(link) as client:
        for path, lines in by_path.items():
            await _read_path(link, client, path, lines)


def _client(link: Link) -> httpx.AsyncClient:
    verify: ssl.SSLContext | bool = _NO_TLS
    if link.target.is_tls:
        verify = client_context(link.endpoint.security)
    headers = {"Host": _host(link), "Accept": "application/json", "Accept-Encoding": "identity"}
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(verify=verify, trust_env=False, retries=0),
        headers=headers | _authorization(link),
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113 - per read, so no bound at all; the runner bounds the attempt
    )


# A context is costly to make and never used by a plain connection.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _host(link: Link) -> str:
    host = f"[{link.target.host}]" if ":" in link.target.host else link.target.host
    return f"{host}:{link.target.port}"


def _authorization(link: Link) -> dict[str, str]:
    if link.endpoint.credential is None:
        return {}
    if not link.target.is_tls and not link.endpoint.security.credential_in_clear:
        raise ReadError(ReadReason.CONFIG, "CredentialInClear")
    known = credential(link.endpoint.credential)
    if known.bearer:
        return {"Authorization": f"Bearer {known.bearer}"}
    basic = httpx.BasicAuth(known.user, known.password)
    request = next(basic.auth_flow(httpx.Request("GET", "http://localhost/")))
    return {"Authorization": request.headers["Authorization"]}


async def _read_path(link: Link, client: httpx.AsyncClient, path: str, lines: list[_Line]) -> None:
    began = perf_counter()
    payload, status = await _get(link, client, path)
    rtt_ms = (perf_counter() - began) * 1000
    if status != httpx.codes.OK:
        reason = _STATUS.get(status, ReadReason.PROTOCOL)
        for line in lines:
            link.sheet.miss(line.place, reason, f"Http{status}")
        return
    for line in lines:
        _note(link, line, payload, rtt_ms)


def _note(link: Link, line: _Line, payload: bytes, rtt_ms: float) -> None:
    try:
        seen = observed(payload, line.address, line.point, status_code="Http200", rtt_ms=rtt_ms)
    except ReadError as exc:
        link.sheet.miss(line.place, exc.reason, exc.code, heard=Observation(None, rtt_ms=rtt_ms))
    else:
        link.sheet.note(line.place, seen)


async def _get(link: Link, client: httpx.AsyncClient, path: str) -> tuple[bytes, int]:
    """Body and status of one GET; raises ReadError."""
    request = client.build_request("GET", _url(link, path))
    request.extensions["sni_hostname"] = link.target.host
    try:
        response = await client.send(request, stream=True)
        try:
            _identify(link, response)
            return await _body(response), response.status_code
        finally:
            await response.aclose()
    except httpx.HTTPError as exc:
        explained = _explained(exc)
        if link.target.is_tls and not isinstance(exc, httpx.ConnectError):
            explained = after_handshake(explained) or explained
        raise explained from exc


def _url(link: Link, path: str) -> httpx.URL:
    ip = str(link.address)
    host = f"[{ip}]" if ":" in ip else ip
    base = link.target.path.rstrip("/")
    where = f"{base}/{path.lstrip('/')}" if path else link.target.path or "/"
    return httpx.URL(f"{link.target.scheme}://{host}:{link.target.port}{where}")


async def _body(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ReadError(ReadReason.PROTOCOL, "Compressed")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ReadError(ReadReason.PROTOCOL, "TooLarge")
    return bytes(body)


def _identify(link: Link, response: httpx.Response) -> None:
    if not link.identify or link.sheet.identity is not None:
        return
    tls = response.extensions["network_stream"].get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    link.sheet.identity = EndpointIdentity(
        endpoint_uid=link.endpoint.uid,
        ip=str(link.address),
        server_sha256="" if certificate is None else sha256_of(certificate),
    )


def _explained(exc: httpx.HTTPError) -> ReadError:
    """The operating system's or TLS' own error where the library carries one."""
    chain = list(_causes(exc))
    for cause in chain:
        if isinstance(cause, ssl.SSLError) or (isinstance(cause, OSError) and cause.errno is not None):
            return ReadError(*classify(cause))
    if isinstance(exc, httpx.TimeoutException):
        return ReadError(ReadReason.TIMEOUT, "Timeout")
    if isinstance(exc, httpx.NetworkError):
        return ReadError(ReadReason.REFUSED, "ConnectionClosed")
    if isinstance(exc, httpx.RemoteProtocolError) and not any(map(_is_parse_error, chain)):
        return ReadError(ReadReason.REFUSED, "ConnectionClosed")
    return ReadError(ReadReason.PROTOCOL, "NotHttp")


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _is_parse_error(exc: BaseException) -> bool:
    """Whether the parser below httpx objected, rather than the peer just hanging up."""
    return type(exc).__module__.startswith("h11")


CONNECTOR = Connector("http", parse, read)
