"""The network port of one device: passes bytes on, and can hang or refuse as a real one does.

Several devices may share a server behind; each has its own front, so one can fail alone.
"""

from __future__ import annotations

import asyncio
import random
import socket
from typing import cast

HOST = "127.0.0.1"
_BACKLOG = 128
# A connection that hangs is given up when so much waits on it: half an hour of MQTT messages.
_MOST_WAITING_BYTES = 1_000_000
# Below the range from which systems take the local ports of outgoing connections.
_PORTS = range(20_000, 32_000)
_MOST_TRIES = 50


def bound_socket(wanted: int | None) -> socket.socket:
    """A socket bound to the wanted port of loopback if it is free, else to another free one."""
    choice = random.SystemRandom()
    tries = [wanted] if wanted else []
    tries += [choice.choice(_PORTS) for _ in range(_MOST_TRIES)] + [0]
    for port in tries:
        found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, port))
        except OSError:
            found.close()
        else:
            # Else Linux lets others bind a port that is bound but not listened on yet.
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
            return found
    raise OSError("No free port on loopback.")


class Front:
    """Accepts for one device and passes on to the server behind, unless stalled or dropped.

    The port stays bound while dropped, without listening: connections are refused and nobody else
    takes the port.
    """

    def __init__(self, reserved: socket.socket) -> None:
        self.port: int = reserved.getsockname()[1]
        self.behind = (HOST, 0)
        self.stalled = False
        self._reserved: socket.socket | None = reserved
        self._server: asyncio.Server | None = None
        self._links: set[_Caller] = set()

    @property
    def listens(self) -> bool:
        """Whether a connection is accepted now."""
        return self._server is not None

    async def open(self, behind: tuple[str, int]) -> None:
        """Serve what listens at `behind`."""
        self.behind = behind
        await self._listen()

    async def set_state(self, *, stalled: bool, dropped: bool) -> None:
        """Become as a device that hangs, that is off the network, or that works."""
        self.stalled = stalled
        if dropped and self.listens:
            self._refuse()
        elif not dropped and not self.listens:
            await self._listen()
        if not stalled:
            for link in list(self._links):
                link.flow()

    def close(self) -> None:
        """Give the port back and end every connection."""
        self._end()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def add(self, link: _Caller) -> None:
        """Remember a connection, to end it when the device drops."""
        self._links.add(link)

    def forget(self, link: _Caller) -> None:
        """A connection ended."""
        self._links.discard(link)

    async def _listen(self) -> None:
        reserved = self._reserved or bound_socket(self.port)
        self._reserved = None
        # What a connection leaves behind inherits this, and must not keep the next start from binding.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(self), sock=reserved, backlog=_BACKLOG)

    def _refuse(self) -> None:
        self._end()
        again = bound_socket(self.port)
        if again.getsockname()[1] == self.port:
            self._reserved = again
        else:
            again.close()

    def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.abort()


class _Caller(asyncio.Protocol):
    """The side of a connection that faces the reader."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self._device: _Behind | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._waiting = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._front.add(self)
        self.flow()

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        self.flow()
        if len(self._waiting) > _MOST_WAITING_BYTES:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._front.forget(self)
        if self._connecting is not None:
            self._connecting.cancel()
        if self._device is not None:
            self._device.close()

    def flow(self) -> None:
        """Pass on what waits, in both directions; connect first where that was put off."""
        if self._front.stalled:
            return
        if self._device is None:
            if self._connecting is None:
                self._connecting = asyncio.ensure_future(self._connect())
            return
        if self._waiting:
            self._device.send(bytes(self._waiting))
            self._waiting.clear()
        self._device.flow()

    def answer(self, data: bytes) -> None:
        """Send bytes of the device to the reader."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def held(self) -> bool:
        """Whether the device hangs now."""
        return self._front.stalled

    def close(self) -> None:
        """End the connection after what is still to be sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, self._device = await loop.create_connection(lambda: _Behind(self), *self._front.behind)
        except OSError:
            self.abort()
            return
        self.flow()


class _Behind(asyncio.Protocol):
    """The side of a connection that faces the server behind."""

    def __init__(self, caller: _Caller) -> None:
        self._caller = caller
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        self.flow()
        if len(self._waiting) > _MOST_WAITING_BYTES:
            self._caller.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._caller.held:
            self.flow()
            self._caller.close()

    def flow(self) -> None:
        """Hand over what the device said, unless it hangs."""
        if self._waiting and not self._caller.held:
            self._caller.answer(bytes(self._waiting))
            self._waiting.clear()
        if self._transport is not None and self._transport.is_closing() and not self._caller.held:
            self._caller.close()

    def send(self, data: bytes) -> None:
        """Send bytes of the reader to the device."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """The reader is gone."""
        if self._transport is not None:
            self._transport.close()
