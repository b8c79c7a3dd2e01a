"""The control channel: HTTP on loopback, for whoever holds the token of the data directory."""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from plantgov.demo.plant import web
from plantgov.demo.plant.model import PlantRefused

Act = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """`GET /status`, `POST /<verb>` with the verb's arguments as JSON; `act` carries them out."""

    def __init__(self, *, token: str, act: Act) -> None:
        self._token = token
        self._act = act
        self._server: asyncio.Server | None = None

    async def start(self, reserved: socket.socket) -> None:
        """Listen on this socket."""
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server = await web.serve(self._answer, sock=reserved)

    def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, request: web.Request) -> web.Answer:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return web.Answer(401, {"error": "The control token is missing or wrong."})
        if request.method not in ("GET", "POST"):
            return web.Answer(405, {"error": "GET /status, or POST /<verb>."}, Allow="GET, POST")
        verb = request.path.strip("/")
        if (request.method == "GET") != (verb == "status"):
            return web.Answer(405, {"error": "GET /status, or POST /<verb>."}, Allow="GET, POST")
        arguments = request.body if isinstance(request.body, dict) else {}
        try:
            return web.Answer(200, await self._act(verb, arguments))
        except PlantRefused as refused:
            return web.Answer(409, {"error": str(refused)})
