"""MQTT: one broker that nobody but the plant itself may publish to, a retained message a device."""

from __future__ import annotations

import json
import logging
import warnings

from amqtt.broker import Broker

from plantgov.demo.plant.behaviour import Image
from plantgov.demo.plant.front import HOST
from plantgov.demo.plant.model import Device
from plantgov.demo.plant.servers.documents import document

_CONFIG = {
    "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:0", "max_connections": 500}},
    "plugins": {
        "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
        # An empty list would mean everybody; nobody has this name, as only anonymous sign in.
        "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {
            "publish_acl": {"nobody": ["plant/#"]},
            "acl": {"anonymous": ["plant/#"]},
        },
    },
}


class MqttPlant:
    """The MQTT half of the plant."""

    def __init__(self) -> None:
        self._broker: Broker | None = None

    async def start(self) -> tuple[str, int]:
        """Listen on a free port; the address."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._broker = Broker(_CONFIG)
            await self._broker.start()
        return HOST, self._broker._servers["default"].instance.sockets[0].getsockname()[1]

    async def show(self, device: Device, image: Image) -> None:
        """Publish what a device says, retained; one that is stale says nothing new."""
        assert self._broker is not None  # noqa: S101 -- start() comes first
        payload = json.dumps(document(device, image), ensure_ascii=False).encode()
        await self._broker.retain_message(None, device.topic, payload, 0)
        await self._broker.internal_message_broadcast(device.topic, payload, 0)

    async def stop(self) -> None:
        """End the broker."""
        if self._broker is not None:
            await self._broker.shutdown()
