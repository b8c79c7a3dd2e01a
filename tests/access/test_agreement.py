"""Lists, counts and single questions agree with a plain reading of the grants, whatever the grants are."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from access.models import Grant, Role
from access.services import grants
from assets.models import Asset, Location
from assets.services import assets, locations
from assets.services.assets import AssetDetails
from assets.services.locations import Place
from plantgov.core.clock import now
from plantgov.core.scope import holders_of
from plantgov.people.models import User
from plantgov.people.services import accounts, teams
from tests.access.conftest import again, make_user

PERMISSIONS = ("assets.view_asset", "assets.change_asset", "assets.place_hold", "access.give_grant")
ROLE_KEYS = ("engineer", "operator", "compliance", "manager", "administrator")


class Plants:
    """A random tree with random grants; what each account may do is read from the grants alone."""

    def __init__(self, draw) -> None:
        self.by = accounts.system_account("random")
        self.at = now()
        self.enterprise = locations.found_enterprise(Place("Root", "enterprise"), by=self.by)
        self.sites = [self._add(f"S{i}", "site", self.enterprise) for i in range(2)]
        self.areas = [self._add(f"A{i}", "area", draw(st.sampled_from(self.sites))) for i in range(4)]
        self.lines = [self._add(f"L{i}", "work_center", draw(st.sampled_from(self.areas))) for i in range(5)]
        self.assets = [
            assets.add_asset(
                AssetDetails(f"T-{i}", f"Thing {i}", "plc"),
                location=draw(st.sampled_from(self.sites + self.areas + self.lines)),
                by=self.by,
            )
            for i in range(6)
        ]
        self.users = [make_user(f"u{i}") for i in range(4)]
        self.teams = [teams.form_team(f"Team {i}", by=self.by) for i in range(2)]

    def _add(self, name: str, kind: str, parent: Location) -> Location:
        return locations.add_location(Place(name, kind), parent=parent, by=self.by)

    def give(self, draw) -> None:
        holder = draw(st.sampled_from(self.users + self.teams))
        place = draw(st.sampled_from([self.enterprise, *self.sites, *self.areas, *self.lines, *self.assets]))
        start = self.at + timedelta(days=draw(st.integers(-6, 3)), minutes=-1)
        end = draw(st.one_of(st.none(), st.integers(1, 8)))
        terms = grants.Terms(start, start + timedelta(days=end) if end else None, "Random")
        role = Role.objects.get(key=draw(st.sampled_from(ROLE_KEYS)))
        # As a change gives it: without the rules of giving, which are not what is tested here.
        grants._insert(holder, role, place, terms, by=self.by, at=start)

    def shake(self, draw) -> None:
        """Something happens: a grant ends, somebody joins, leaves, goes, or a part of the tree moves."""
        what = draw(st.sampled_from(["revoke", "join", "leave", "close", "move", "relocate"]))
        if what == "revoke" and (rows := list(Grant.objects.filter(revoked_at=None))):
            grants.revoke(draw(st.sampled_from(rows)), by=self.by, reason="Random")
        if what in ("join", "leave"):
            change = teams.join if what == "join" else teams.leave
            person = draw(st.sampled_from(self.users)).person
            change(draw(st.sampled_from(self.teams)), person, by=self.by, at=self.at)
        if what == "close":
            accounts.close_account(draw(st.sampled_from(self.users)), by=self.by, reason="Random")
        if what == "move":
            line = Location.objects.get(pk=draw(st.sampled_from(self.lines)).pk)
            target = draw(st.sampled_from([a for a in self.areas if a.path[1] == line.path[1]]))
            locations.move_location(line, to=target, by=self.by)
        if what == "relocate":
            asset = Asset.objects.get(pk=draw(st.sampled_from(self.assets)).pk)
            near = Location.objects.filter(path__contains=[asset.site_id]).order_by("pk")
            moved = {"location": draw(st.sampled_from(list(near)))}
            details = assets.details_of(asset)
            assets.change_asset(asset, details, by=self.by, placing=moved, reason="Random")

    def truth(self, user: User, permission: str, asset: Asset, at: datetime) -> bool:
        """By hand: is there a grant, to the account or a team it is in, that covers the asset at `at`?"""
        if not User.objects.get(pk=user.pk).is_active:
            return False
        member_of = [
            team for team in self.teams if team.memberships.filter(person=user.person, until_at=None).exists()
        ]
        return any(
            self._covers(row, asset) and permission in row.role.permissions
            for row in Grant.objects.select_related("role")
            if row.user == user or row.team in member_of
            if row.revoked_at is None and row.from_at <= at and (row.until_at is None or row.until_at > at)
        )

    def _covers(self, row: Grant, asset: Asset) -> bool:
        place = Asset.objects.get(pk=asset.pk).location
        while place is not None:
            if row.location_id == place.pk:
                return True
            place = place.parent
        return row.asset_id == asset.pk


def check(world: Plants, draw, triples: int) -> None:
    for _ in range(triples):
        user, asset = draw(st.sampled_from(world.users)), draw(st.sampled_from(world.assets))
        permission = draw(st.sampled_from(PERMISSIONS))
        expected = world.truth(user, permission, asset, now())
        asker, asset = again(user), Asset.objects.get(pk=asset.pk)
        assert asker.has_perm(permission, asset) is expected
        app, codename = permission.split(".")
        if app == "assets" and codename.endswith("_asset"):
            rows = Asset.objects.visible_to(asker, verb=codename.removesuffix("_asset"))
            assert (asset in set(rows)) is expected
            assert rows.filter(pk=asset.pk).count() == int(expected)


def run(draw, *, triples: int) -> None:
    world = Plants(draw)
    for _ in range(draw(st.integers(0, 7))):
        world.give(draw)
    check(world, draw, triples // 2)
    for _ in range(draw(st.integers(1, 4))):
        world.shake(draw)
    check(world, draw, triples - triples // 2)


COMMON = {
    "deadline": None,
    "derandomize": True,
    "phases": [Phase.explicit, Phase.generate],  # making a failure small would take minutes of database
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
}


@pytest.mark.enable_socket
@settings(max_examples=10, **COMMON)
@given(data=st.data())
def test_what_is_listed_is_what_the_grants_say(rolled_back, data):
    with rolled_back():
        run(data.draw, triples=30)


@pytest.mark.deep
@pytest.mark.enable_socket
@settings(max_examples=50, **COMMON)
@given(data=st.data())
def test_what_is_listed_is_what_the_grants_say_at_length(rolled_back, data):
    with rolled_back():
        run(data.draw, triples=40)


@pytest.mark.enable_socket
def test_who_holds_a_permission_is_who_may_use_it(world):
    from tests.access.conftest import give

    user, other = make_user("eva"), make_user("ida")
    give(world, user, "engineer", world.packaging)
    give(world, other, "engineer", world.utilities)
    for asset in world.assets():
        holders = set(holders_of("assets.change_asset", asset, at=now()))
        able = {
            u for u in User.objects.all() if u.kind == "person" and u.has_perm("assets.change_asset", asset)
        }
        assert holders == able
