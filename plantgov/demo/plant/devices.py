"""Every live device of the simulated plant, by tag."""

from __future__ import annotations

from plantgov.demo.plant.model import Device, PlantRefused
from plantgov.demo.plant.sites import logistics, manufacturing, utilities

DEVICES: dict[str, Device] = {
    device.tag: device for site in (manufacturing, utilities, logistics) for device in site.DEVICES
}


def device_of(tag: str) -> Device:
    """The device with this tag, however it is typed; raises PlantRefused."""
    device = DEVICES.get(tag.strip().upper())
    if device is None:
        raise PlantRefused(f"There is no device {tag!r}; `manage.py plant status` lists the tags.")
    return device
