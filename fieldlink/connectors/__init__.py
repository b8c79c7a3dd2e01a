"""The protocols fieldlink reads, by name."""

from __future__ import annotations

from fieldlink.connectors import http, modbus, mqtt, opcua
from fieldlink.link import Connector
from fieldlink.spec import PointSpec

CONNECTORS: dict[str, Connector] = {
    connector.protocol: connector
    for connector in (opcua.CONNECTOR, modbus.CONNECTOR, mqtt.CONNECTOR, http.CONNECTOR)
}


def check_point(protocol: str, point: PointSpec) -> None:
    """Raise AddressError, with a sentence for people, where a point cannot be meant."""
    CONNECTORS[protocol].check(point)
