"""HTTP: one server, a document per device, GET only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from plantgov.demo.plant import web
from plantgov.demo.plant.behaviour import Image
from plantgov.demo.plant.front import HOST
from plantgov.demo.plant.model import Device
from plantgov.demo.plant.servers.documents import document


class HttpPlant:
    """The HTTP part of the plant."""

    def __init__(self, devices: Iterable[Device], image_now: Callable[[Device], Image]) -> None:
        self._devices = {device.path: device for device in devices}
        self._image_now = image_now
        self._server: asyncio.Server | None = None

    async def start(self) -> tuple[str, int]:
        """Listen on a free port; the address."""
        self._server = await web.serve(self._answer, host=HOST, port=0)
        return HOST, self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, request: web.Request) -> web.Answer:
        if request.method != "GET":
            return web.Answer(405, {"error": "This device is read with GET."}, Allow="GET")
        device = self._devices.get(request.path)
        if device is None:
            return web.Answer(404, {"error": "There is no such device here."})
        return web.Answer(200, document(device, self._image_now(device)))
