"""The JSON document of a device, as MQTT and HTTP carry it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from plantgov.demo.plant.behaviour import Image
from plantgov.demo.plant.model import Device


def document(device: Device, image: Image) -> dict[str, Any]:
    """Tag, the device's own time, quality, and every point."""
    quality = "good" if image.quality == "stale" else image.quality
    time = datetime.fromtimestamp(image.at, UTC).isoformat(timespec="milliseconds")
    return {"tag": device.tag, "time": time, "quality": quality} | image.values
