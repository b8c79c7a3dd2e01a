"""Servers that misbehave, one way each; every one binds to a free port on loopback."""

import asyncio
import os
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]

# What a peer must have said so that a drip or a flood is plausible to the reader.
OPENINGS = {
    "opcua": b"ACKF\x1c\x00\x01\x00",
    "modbus": b"\x00\x01\x00\x00\x00\xfb\x01",
    "mqtt": b"\x20\x02\x00\x00\x90\x04\x00\x01\x00\x00\x30\xff\xff\x03",
    "http": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
}


@asynccontextmanager
async def listening(behaviour: Behaviour, **options: object) -> AsyncIterator[int]:
    """A server that treats every connection the same way, closed with all its connections."""
    writers: list[asyncio.StreamWriter] = []
    tasks: set[asyncio.Task] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            await behaviour(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(random.Random(7).randbytes(4096))
    await asyncio.sleep(60)


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _drip(opening: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in opening:
            writer.write(bytes((byte,)))
        while not writer.is_closing():
            writer.write(b"1")
            await asyncio.sleep(0.02)

    return behave


def _flood(opening: bytes, filling: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening)
        while True:
            writer.write(filling)
            await writer.drain()

    return behave


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(1.5)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")


@asynccontextmanager
async def refused() -> AsyncIterator[int]:
    """A port that is taken and not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@asynccontextmanager
async def syn_dropped() -> AsyncIterator[int]:
    """A full backlog: further connects get no answer at all."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(sock.getsockname())
        await asyncio.sleep(0.02)
        try:
            yield sock.getsockname()[1]
        finally:
            for client in waiting:
                client.close()


def fault(name: str, protocol: str) -> object:
    """The context manager of a fault, as it looks to one protocol; yields the port."""
    match name:
        case "refused":
            return refused()
        case "syn_dropped":
            return syn_dropped()
        case "drip":
            return listening(_drip(OPENINGS[protocol]))
        case "flood":
            return listening(_flood(OPENINGS[protocol], b"1" * 65_536))
        case "zeros":
            return listening(_flood(b"", bytes(65_536)))
    behaviours = {"silent": _hold, "garbage": _garbage, "reset": _reset, "hang_up": _hang_up, "late": _late}
    return listening(behaviours[name])


def open_descriptors() -> int:
    """How many files and sockets this process holds."""
    return len(os.listdir("/dev/fd"))


def connections_to(port: int) -> int:
    """How many sockets of this process are connected to a port, whoever holds them."""
    return sum(_peer_port(int(name)) == port for name in os.listdir("/dev/fd"))


def _peer_port(descriptor: int) -> int | None:
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None  # the listing's own descriptor
    try:
        sock = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
    with sock, suppress(OSError):
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            return sock.getpeername()[1]
    return None
