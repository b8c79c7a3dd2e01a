"""Whatever roles are given: what is enforced equals what a person reads out of the ledger of grants."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Grant
from access.services import grants
from assets.models import Asset, Location
from assets.services import locations
from plantgov.core.clock import now
from plantgov.core.errors import Refused
from plantgov.core.scope import may, scope_of
from plantgov.people.models import Team, User
from plantgov.people.services import accounts, teams
from tests.access.conftest import World, again, make_user, role

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
PERMISSIONS = ("assets.view_asset", "assets.change_asset", "changes.approve_change", "access.view_grant")
KEYS = ("engineer", "manager", "operator", "contractor")
# Days from now: over, about to begin, running, running without an end.
WINDOWS = ((-9, -2), (3, 9), (-2, 5), (-2, None))

grant_rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(KEYS), st.integers(0, 8), st.sampled_from(WINDOWS), st.booleans()
    ),
    max_size=6,
)


def _give_all(world: World, rows: list, holders: list[User | Team]) -> None:
    places = [*world.places(), *world.assets()]
    at = now()
    for who, key, where, (start, end), revoked in rows:
        begin = at + timedelta(days=start)
        terms = grants.Terms(begin, at + timedelta(days=end) if end is not None else None, "For the test")
        try:  # at an instant at which it was not over yet; the clock of enforcement is the real one
            given_at = min(begin, at)
            row = grants.give(
                holders[who], role(key), places[where], terms, by=again(world.admin), at=given_at
            )
        except Refused:
            continue  # a second one of the same, or a contractor without an end
        if revoked:
            grants.revoke(row, by=again(world.admin), reason="Enough")


def _above(place: Location) -> set[int]:
    """The ids of a place and of everything above it, by following the tree upwards."""
    found = set()
    here: Location | None = Location.objects.get(pk=place.pk)
    while here is not None:
        found.add(here.pk)
        here = here.parent
    return found


def _by_hand(user: User, permission: str, thing: Asset, at: datetime) -> bool:
    above = _above(thing.location)
    for row in Grant.objects.select_related("role", "team"):
        held = row.user_id == user.pk or (
            row.team is not None
            and row.team.memberships.filter(person=user.person_id, until_at=None).exists()
        )
        lives = row.revoked_at is None and row.from_at <= at and (row.until_at is None or at < row.until_at)
        here = row.location_id in above or row.asset_id == thing.pk
        if held and lives and here and permission in row.role.permissions:
            return True
    return False


def _agree(world: World, users: list[User]) -> None:
    at = now()
    for user in users:
        for permission in PERMISSIONS:
            for thing in Asset.objects.select_related("location"):
                fresh = again(user)
                expected = _by_hand(user, permission, thing, at)
                assert may(fresh, permission, thing) is expected, (user, permission, thing)
                assert fresh.has_perm(permission, thing) is expected
        seen = {a.pk for a in Asset.objects.all() if _by_hand(user, "assets.view_asset", a, at)}
        rows = Asset.objects.visible_to(again(user))
        assert set(rows.values_list("pk", flat=True)) == seen
        assert rows.count() == len(seen)


@given(
    rows=grant_rows,
    members=st.lists(st.integers(0, 1), max_size=2),
    left=st.booleans(),
    target=st.sampled_from(("", "utilities", "north")),
)
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_is_enforced_is_what_the_ledger_of_grants_says(world, rows, members, left, target):
    with transaction.atomic():
        users = [make_user("eva"), make_user("ivo")]
        crews = [teams.form_team(name, by=accounts.INSTALLER) for name in ("Early", "Late")]
        for n in members:
            teams.join(crews[n], users[n].person, by=accounts.INSTALLER, at=now())
        _give_all(world, rows, [*users, *crews])
        if left and members:
            teams.leave(crews[members[0]], users[members[0]].person, by=accounts.INSTALLER, at=now())
        if target:
            locations.move_location(world.line, to=getattr(world, target), by=world.by)
        _agree(world, users)
        transaction.set_rollback(True)


def test_an_enterprise_wide_role_reaches_what_is_added_later(world):
    user = make_user("eva")
    terms = grants.Terms(now() - timedelta(minutes=1), None, "For the test")
    grants.give(user, role("compliance"), world.enterprise, terms, by=again(world.admin))
    place = locations.add_location(
        locations.Place("Line 9", "work_center"), parent=world.packaging, by=world.by
    )
    assert scope_of(again(user), "assets.view_location").everything
    assert again(user).has_perm("assets.view_location", place)
