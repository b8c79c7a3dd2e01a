"""A TCP or TLS connection to an admitted address: bounded in bytes, closed hard."""

from __future__ import annotations

import asyncio
import ssl
from typing import Self

from fieldlink.errors import ReadError
from fieldlink.guard import Address, Target
from fieldlink.spec import ReadReason

MOST_BYTES = 1 << 20


class Stream:
    """Sends and reads exactly so many bytes; more than MOST_BYTES in all is a protocol error."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._left = MOST_BYTES

    @classmethod
    async def open(cls, target: Target, address: Address, *, context: ssl.SSLContext | None = None) -> Self:
        """Connect to the address; TLS verifies the name of the target."""
        name = target.host if context is not None else None
        reader, writer = await asyncio.open_connection(
            str(address), target.port, ssl=context, server_hostname=name
        )
        return cls(reader, writer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes."""
        self._left -= count
        if self._left < 0:
            raise ReadError(ReadReason.PROTOCOL, "TooLarge")
        return await self._reader.readexactly(count)

    def send(self, data: bytes) -> None:
        """Hand a request to the connection; requests are small, so nothing waits."""
        self._writer.write(data)

    def peer_certificate(self) -> bytes | None:
        """The server's certificate in DER, if this is TLS."""
        tls: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        return None if tls is None else tls.getpeercert(binary_form=True)

    def close(self) -> None:
        """Close at once; a polite TLS shutdown could wait for the peer half a minute."""
        self._writer.transport.abort()
