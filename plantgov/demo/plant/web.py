"""A small HTTP server on asyncio: JSON in, JSON out, one request a connection."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

log = logging.getLogger(__name__)

_MOST_HEAD, _MOST_BODY = 16_384, 65_536
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body as JSON (None where there is none)."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Answer(Exception):
    """A status and a document to send."""

    def __init__(self, status: int, document: object, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.document = document
        self.headers = headers


Handler = Callable[[Request], Awaitable[Answer]]


async def serve(handler: Handler, **where: Any) -> asyncio.Server:
    """A server that answers each request by this handler; `where` is asyncio's host, port or sock."""

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            answer = await _answer_to(handler, reader)
            writer.write(_bytes_of(answer))
            await writer.drain()
        writer.close()

    return await asyncio.start_server(on_connection, limit=_MOST_HEAD, **where)


async def _answer_to(handler: Handler, reader: asyncio.StreamReader) -> Answer:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            request = await _request(reader)
        return await handler(request)
    except Answer as answer:
        return answer
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        raise
    except Exception:
        log.exception("A request to the simulated plant failed.")
        return Answer(500, {"error": "The simulated plant failed; its log says why."})


async def _request(reader: asyncio.StreamReader) -> Request:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {k.strip().lower(): v.strip() for k, _, v in (h.partition(":") for h in rest if h)}
        length = int(headers.get("content-length", "0"))
    except (ValueError, asyncio.LimitOverrunError):
        raise Answer(400, {"error": "This is not HTTP."}) from None
    if not 0 <= length <= _MOST_BODY:
        raise Answer(413, {"error": f"A body has at most {_MOST_BODY} bytes."})
    raw = await reader.readexactly(length)
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        raise Answer(400, {"error": "The body is not JSON."}) from None
    return Request(method, target.partition("?")[0], headers, body)


def _bytes_of(answer: Answer) -> bytes:
    body = json.dumps(answer.document, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Connection": "close",
    } | answer.headers
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
