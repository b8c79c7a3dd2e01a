"""One plant: two sites, a filling line, people with and without rights."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from assets.models import Asset, Location, Zone
from assets.services import assets, locations
from assets.services.assets import AssetDetails
from assets.services.locations import Place
from plantgov.people.models import Person, User
from plantgov.people.services import accounts

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def person_named(name: str) -> Person:
    """A person with an e-mail made from the name."""
    email = f"{name.lower().replace(' ', '.')}@example.org"
    return accounts.add_person(accounts.PersonDetails(name=name, email=email), by=accounts.INSTALLER)


def account_of(person: Person) -> User:
    """An account of a person."""
    username = person.name.split()[0].lower()
    return accounts.open_account(person, username=username, password=None, by=accounts.INSTALLER)


@dataclass
class Plant:
    """The places and things of the plant, and who acts."""

    by: User
    enterprise: Location
    site: Location
    area: Location
    line: Location
    unit: Location
    other_site: Location
    zone: Zone
    plc: Asset
    drive: Asset


def build() -> Plant:
    """Make the plant through the services."""
    by = accounts.system_account("builder")
    enterprise = locations.found_enterprise(Place("Nordhavn", "enterprise"), by=by)
    site = locations.add_location(
        Place("Karlstad", "site", zone_name="Europe/Stockholm", profile="small", mode="observe"),
        parent=enterprise,
        by=by,
    )
    area = locations.add_location(Place("Packaging", "area"), parent=site, by=by)
    line = locations.add_location(Place("Line 1", "work_center"), parent=area, by=by)
    unit = locations.add_location(Place("Filler", "work_unit"), parent=line, by=by)
    other_site = locations.add_location(Place("Odense", "site"), parent=enterprise, by=by)
    zone = assets.add_zone(site, "Line control", by=by)
    plc = assets.add_asset(
        AssetDetails("FIL-PLC-01", "Filler controller", "plc", criticality="high"),
        location=unit,
        zone=zone,
        by=by,
    )
    drive = assets.add_asset(AssetDetails("FIL-DRV-01", "Filler drive", "drive"), location=unit, by=by)
    return Plant(by, enterprise, site, area, line, unit, other_site, zone, plc, drive)


@pytest.fixture
def plant(db) -> Plant:
    return build()
