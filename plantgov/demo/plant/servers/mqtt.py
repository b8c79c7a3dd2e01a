"""MQTT: one broker that nobody but the plant itself may publish to, a retained message a device."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import suppress

from amqtt.broker import Broker
from amqtt.errors import AMQTTError, MQTTError
from amqtt.session import Session

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


class _Broker(Broker):
    """amqtt's broker without two habits that disturb readers who come and go.

    It offers a new session the retained messages of everybody's subscriptions, and its broadcast
    walks over a dictionary of subscriptions that other sessions change meanwhile.
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        if any(one is session for one, _ in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def tell(self, topic: str, payload: bytes) -> None:
        """Retain a message and send it to whoever listens now, at most once."""
        await self.retain_message(None, topic, payload, 0)
        for wanted, subscriptions in list(self._subscriptions.items()):
            if self._matches(topic, wanted):
                for session, _ in list(subscriptions):
                    await self._tell_one(session, topic, payload)

    async def _tell_one(self, session: Session, topic: str, payload: bytes) -> None:
        handler = self._get_handler(session)
        if handler is not None and session.transitions.state == "connected":
            with suppress(OSError, AMQTTError, MQTTError):
                await handler.mqtt_publish(topic, payload, 0, retain=False)


class MqttPlant:
    """The MQTT half of the plant."""

    def __init__(self) -> None:
        self._broker: _Broker | None = None

    async def start(self) -> tuple[str, int]:
        """Listen on a free port; the address."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._broker = _Broker(_CONFIG)
            await self._broker.start()
        return HOST, self._broker._servers["default"].instance.sockets[0].getsockname()[1]

    async def show(self, device: Device, image: Image) -> None:
        """Publish what a device says, retained; one that is stale says nothing new."""
        if self._broker is None:
            return
        payload = json.dumps(document(device, image), ensure_ascii=False).encode()
        await self._broker.tell(device.topic, payload)

    async def stop(self) -> None:
        """End the broker."""
        if self._broker is not None:
            await self._broker.shutdown()
