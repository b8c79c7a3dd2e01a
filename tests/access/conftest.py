"""One enterprise with two sites, who administers it, and people without any right yet."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from access.models import Grant, Role
from access.services import grants
from assets.models import Asset, Location
from assets.services import assets, locations
from assets.services.assets import AssetDetails
from assets.services.locations import Place
from plantgov.core.clock import now
from plantgov.people.models import User
from plantgov.people.services import accounts


@dataclass
class World:
    """Places, things and people of a test."""

    by: User
    admin: User
    enterprise: Location
    north: Location
    packaging: Location
    line: Location
    utilities: Location
    south: Location
    filler: Asset
    boiler: Asset
    robot: Asset

    def places(self) -> list[Location]:
        return [self.enterprise, self.north, self.packaging, self.line, self.utilities, self.south]

    def assets(self) -> list[Asset]:
        return [self.filler, self.boiler, self.robot]


def make_user(username: str, name: str = "") -> User:
    """Somebody with an account and no right."""
    details = accounts.PersonDetails(name=name or f"{username.title()} Holm", email=f"{username}@example.org")
    person = accounts.add_person(details, by=accounts.INSTALLER)
    return accounts.open_account(person, username=username, password=None, by=accounts.INSTALLER)


def again(user: User) -> User:
    """The account as the next request has it, with no scope remembered."""
    return User.objects.select_related("person").get(pk=user.pk)


def role(key: str) -> Role:
    return Role.objects.get(key=key)


def terms(
    *, days: int | None = None, start: datetime | None = None, reason: str = "For the work"
) -> grants.Terms:
    """From now (or `start`) for some days, or without an end."""
    start = start or now() - timedelta(minutes=1)
    return grants.Terms(start, start + timedelta(days=days) if days else None, reason)


def give(world: World, user: User, key: str, place: Location | Asset, **window) -> Grant:
    """A role given by the administrator."""
    return grants.give(user, role(key), place, terms(**window), by=again(world.admin))


def build() -> World:
    by = accounts.system_account("builder")
    enterprise = locations.found_enterprise(Place("Nordhavn", "enterprise"), by=by)
    north = locations.add_location(Place("Karlstad", "site", "Europe/Stockholm"), parent=enterprise, by=by)
    south = locations.add_location(Place("Odense", "site", "Europe/Copenhagen"), parent=enterprise, by=by)
    packaging = locations.add_location(Place("Packaging", "area"), parent=north, by=by)
    line = locations.add_location(Place("Line 1", "work_center"), parent=packaging, by=by)
    utilities = locations.add_location(Place("Utilities", "area"), parent=north, by=by)
    made = [
        assets.add_asset(AssetDetails(tag, name, "plc"), location=place, by=by)
        for tag, name, place in (
            ("FIL-01", "Filler", line),
            ("BOI-01", "Boiler", utilities),
            ("ROB-01", "Robot", south),
        )
    ]
    admin = make_user("admin", "Dana Petrescu")
    grants.bootstrap(admin, enterprise, by=accounts.INSTALLER, at=now() - timedelta(days=1))
    return World(by, again(admin), enterprise, north, packaging, line, utilities, south, *made)


@pytest.fixture
def world(db) -> World:
    return build()


@pytest.fixture
def rolled_back(db):
    """A block whose writes are undone at its end, after the guard has spoken; for many examples in one test."""

    @contextmanager
    def block():
        point = transaction.savepoint()
        try:
            yield
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        finally:
            transaction.savepoint_rollback(point)

    return block
