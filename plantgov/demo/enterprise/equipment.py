"""What stands in the demo enterprise besides the devices that are live: about 300 assets, always the same."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from plantgov.demo.enterprise.places import SITES, Place, Site


@dataclass(frozen=True)
class Family:
    """A kind of equipment with makes and models found in plants."""

    code: str
    asset_type: str
    name: str
    models: tuple[tuple[str, str, str], ...]  # manufacturer, model, firmware
    criticality: str
    purdue_level: str


FAMILIES = (
    Family(
        "DRV",
        "drive",
        "Drive",
        (("ABB", "ACS880-01", "3.47.0"), ("Danfoss", "VLT FC 302", "8.12")),
        "medium",
        "0",
    ),
    Family("HMI", "hmi", "Operator panel", (("Siemens", "Comfort Panel TP1500", "17.0.0.5"),), "medium", "2"),
    Family(
        "SWI",
        "switch",
        "Network switch",
        (("Hirschmann", "RSP25", "09.1.01"), ("Moxa", "EDS-510E", "5.9")),
        "high",
        "2",
    ),
    Family(
        "SEN",
        "sensor",
        "Transmitter",
        (("Endress+Hauser", "Cerabar PMP71B", "01.01"), ("Rosemount", "3051S", "7.0")),
        "low",
        "0",
    ),
    Family(
        "RIO",
        "gateway",
        "Remote I/O",
        (("WAGO", "750-352", "16"), ("Phoenix Contact", "AXL F BK", "4.0")),
        "medium",
        "1",
    ),
    Family("SRV", "server", "SCADA server", (("Dell", "PowerEdge R450", "2023 SP1"),), "high", "3"),
    Family("VFD", "drive", "Pump drive", (("Schneider Electric", "ATV630", "3.4"),), "medium", "0"),
    Family("ACT", "actuator", "Valve actuator", (("Rotork", "IQ3", "1.28"),), "low", "0"),
)


@dataclass(frozen=True)
class Item:
    """One asset of the demo."""

    tag: str
    name: str
    asset_type: str
    path: tuple[str, ...]
    zone: str
    manufacturer: str
    model: str
    serial_number: str
    firmware_version: str
    criticality: str
    purdue_level: str
    status: str
    is_owned: bool


def items(site: Site, *, each: int) -> Iterator[Item]:
    """`each` assets for every place of a site that has a tag prefix; some without owner or zone, as in life."""
    dice = random.Random(f"equipment of {site.key}")  # noqa: S311 - invented data, the same every time
    for place in site.places:
        if place.prefix:
            yield from _of_place(place, each, dice)


def _of_place(place: Place, each: int, dice: random.Random) -> Iterator[Item]:
    for number in range(each):
        family = FAMILIES[number % len(FAMILIES)]
        make, model, firmware = dice.choice(family.models)
        serial = f"{make[:2].upper()}{dice.randrange(10**7, 10**8)}"
        yield Item(
            tag=f"{place.prefix}-{family.code}-{number // len(FAMILIES) + 1:02d}",
            name=f"{family.name}, {place.path[-1].lower()}",
            asset_type=family.asset_type,
            path=place.path,
            zone=place.zone if dice.random() > 0.06 else "",
            manufacturer=make,
            model=model,
            serial_number=serial if dice.random() > 0.1 else "",
            firmware_version=firmware,
            criticality=family.criticality,
            purdue_level=family.purdue_level,
            status="in_service" if dice.random() > 0.04 else "planned",
            is_owned=dice.random() > 0.09,
        )


def count(each: int) -> int:
    """How many assets `items` makes over all sites."""
    return sum(1 for site in SITES for _ in items(site, each=each))
