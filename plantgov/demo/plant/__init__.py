"""A simulated plant that speaks OPC UA, Modbus, MQTT and HTTP on loopback. Knows no Django."""

from plantgov.demo.plant.catalogue import DevicePoints, PointInfo, describe
from plantgov.demo.plant.client import PlantClient
from plantgov.demo.plant.model import PlantError, PlantRefused, PlantUnreachable

__all__ = [
    "DevicePoints",
    "PlantClient",
    "PlantError",
    "PlantRefused",
    "PlantUnreachable",
    "PointInfo",
    "describe",
]
