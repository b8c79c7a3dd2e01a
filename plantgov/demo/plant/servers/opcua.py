"""OPC UA: one server with an object per device, without and with security, read-only to all."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from asyncua import Server, ua

from plantgov.demo.plant.behaviour import Image
from plantgov.demo.plant.catalogue import NAMESPACE
from plantgov.demo.plant.front import HOST
from plantgov.demo.plant.model import Device, Point, PointValue, points_of
from plantgov.demo.plant.pki import APPLICATION_URI, Identity

_TYPES = {
    "bool": ua.VariantType.Boolean,
    "count": ua.VariantType.UInt32,
    "number": ua.VariantType.Double,
}
_POLICIES = [
    ua.SecurityPolicyType.NoSecurity,
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
]
_GOOD = ua.StatusCode(ua.UInt32(ua.StatusCodes.Good))
_STATUS = {
    "good": _GOOD,
    "stale": _GOOD,
    "uncertain": ua.StatusCode(ua.UInt32(ua.StatusCodes.UncertainLastUsableValue)),
    "bad": ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNoCommunication)),
}


class OpcUaPlant:
    """The OPC UA half of the plant."""

    def __init__(self, devices: Iterable[Device], identity: Identity) -> None:
        self._devices = tuple(devices)
        self._identity = identity
        self._server: Server | None = None
        self._index = 0

    async def start(self) -> tuple[str, int]:
        """Build the address space and listen on a free port; the address."""
        for name in ("asyncua.server", "asyncua.uaprotocol", "asyncua.crypto", "asyncua.common"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with _collector_off():
            server = Server()
            await server.init()
        await self._dress(server)
        self._index = await server.register_namespace(NAMESPACE)
        for device in self._devices:
            await self._add(server, device)
        await server.start()
        self._server = server
        listening: Any = server.bserver
        return HOST, listening._server.sockets[0].getsockname()[1]

    async def show(self, device: Device, image: Image) -> None:
        """Let the nodes of a device say what its image says."""
        if self._server is None:
            return
        status: ua.StatusCode = _STATUS[image.quality]
        at: Any = datetime.fromtimestamp(image.at, UTC)
        now: Any = datetime.now(UTC)
        space = self._server.iserver.aspace
        for point, node in _nodes(device, self._index):
            held = ua.DataValue(_variant(point, image.values[point.key]), status, at, now)
            await space.write_attribute_value(node, ua.AttributeIds.Value, held)

    async def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            await self._server.stop()

    async def _dress(self, server: Server) -> None:
        """Name, certificate and what security is on offer."""
        server.set_endpoint(f"opc.tcp://{HOST}:0/plant")
        server.set_server_name("Simulated plant")
        await server.set_application_uri(APPLICATION_URI)
        server.set_security_policy(_POLICIES)
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        await server.load_certificate(self._identity.certificate)
        await server.load_private_key(self._identity.key)
        built = datetime(2026, 1, 1, tzinfo=UTC)
        await server.set_build_info(APPLICATION_URI, "PlantGov", "Simulated plant", "1.0", "1", built)

    async def _add(self, server: Server, device: Device) -> None:
        folder = await server.nodes.objects.add_object(
            _node(device.tag, self._index), ua.QualifiedName(device.tag, self._index)
        )
        for point, node in _nodes(device, self._index):
            kind = _TYPES.get(point.kind, ua.VariantType.String)
            first: object = [] if point.kind == "words" else {"bool": False}.get(point.kind, _zero(kind))
            name = ua.QualifiedName(point.key, self._index)
            variant = ua.Variant(first, kind, is_array=point.kind == "words")
            await folder.add_variable(node, name, variant, kind)


def _zero(kind: ua.VariantType) -> object:
    return "" if kind is ua.VariantType.String else 0.0 if kind is ua.VariantType.Double else 0


def _node(name: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(name), ua.Int16(index))


@cache
def _nodes(device: Device, index: int) -> tuple[tuple[Point, ua.NodeId], ...]:
    return tuple((p, _node(f"{device.tag}.{p.key}", index)) for p in points_of(device))


def _variant(point: Point, value: PointValue) -> ua.Variant:
    kind = _TYPES.get(point.kind, ua.VariantType.String)
    return ua.Variant(value, kind, is_array=point.kind == "words")


@contextmanager
def _collector_off() -> Iterator[None]:
    """The standard address space is 60 000 objects that stay: collecting meanwhile costs 3 x the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
