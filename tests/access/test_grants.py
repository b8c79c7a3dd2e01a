"""Giving and taking roles, and what is enforced from one request to the next."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from access.models import FAR_FUTURE, Grant, LocationUserPermission, Role
from access.services import grants, just_in_time
from access.services.leaving import end_person
from access.services.rows import compile_grants, is_current, tidy
from access.services.seed import seed_roles
from assets.models import Asset, Location
from plantgov.audit.models import Entry
from plantgov.core.clock import new_uid, now
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused, Stale
from plantgov.core.scope import holders_of, may, scope_of
from plantgov.people.models import User
from plantgov.people.services import accounts, teams
from tests.access.conftest import again, give, make_user, role, terms

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
VIEW = "assets.view_asset"


def codes(refused) -> set[str]:
    return {reason.code for reason in refused.value.reasons}


def allowed(user: User, asset: Asset) -> tuple[bool, bool, bool, bool]:
    """has_perm on the thing, in the list, in the count, and to act on it: four ways that have to agree."""
    user = again(user)
    rows = Asset.objects.visible_to(user)
    return (
        user.has_perm(VIEW, asset),
        asset in list(rows),
        rows.filter(pk=asset.pk).count() == 1,
        user.has_perm("assets.change_asset", asset),
    )


def test_a_role_on_a_place_reaches_everything_below_it_and_nothing_else(world):
    user = make_user("eva")
    give(world, user, "engineer", world.packaging)
    assert allowed(user, world.filler) == (True, True, True, True)
    assert allowed(user, world.boiler) == (False, False, False, False)
    assert set(Location.objects.visible_to(again(user))) == {world.packaging, world.line}


def test_a_role_on_the_enterprise_reaches_everything(world):
    user = make_user("eva")
    give(world, user, "compliance", world.enterprise)
    assert scope_of(again(user), VIEW).everything
    assert Asset.objects.visible_to(again(user)).count() == 3


def test_a_role_on_one_asset_reaches_that_asset_only(world):
    user = make_user("eva")
    give(world, user, "engineer", world.filler)
    assert allowed(user, world.filler) == (True, True, True, True)
    assert allowed(user, world.boiler) == (False, False, False, False)
    assert not Location.objects.visible_to(again(user)).exists()


@pytest.mark.parametrize(("start", "days"), [(-10, 5), (3, 5)], ids=["expired", "scheduled"])
def test_a_role_outside_its_time_allows_nothing(world, start, days):
    user = make_user("eva")
    at = now()
    window = grants.Terms(at + timedelta(days=start), at + timedelta(days=start + days), "For the work")
    by = again(world.admin)
    grants.give(user, role("engineer"), world.north, window, by=by, at=at + timedelta(days=min(start, 0)))
    assert allowed(user, world.filler) == (False, False, False, False)
    assert not holders_of(VIEW, world.filler, at=at).filter(pk=user.pk).exists()


def test_a_scheduled_role_counts_from_its_first_instant(world):
    user = make_user("eva")
    at = now()
    give(world, user, "engineer", world.north, start=at + timedelta(days=2), days=3)
    for days, holds in ((1, False), (2, True), (4, True), (5, False)):
        found = holders_of(VIEW, world.filler, at=at + timedelta(days=days))
        assert found.filter(pk=user.pk).exists() is holds


def test_a_revocation_is_effective_on_the_next_request(world):
    user = make_user("eva")
    grant = give(world, user, "engineer", world.north)
    assert allowed(user, world.filler) == (True, True, True, True)
    grants.revoke(grant, by=again(world.admin), reason="Moved to another site")
    assert allowed(user, world.filler) == (False, False, False, False)
    entry = Entry.objects.filter(thing_uid=grant.uid).latest("thing_seq")
    assert (entry.action, entry.reason) == ("access.grant.revoked", "Moved to another site")


def test_two_roles_that_overlap_end_one_by_one(world):
    user = make_user("eva")
    first = give(world, user, "engineer", world.north)
    give(world, user, "operator", world.packaging)
    grants.revoke(first, by=again(world.admin), reason="Only the line now")
    assert allowed(user, world.filler) == (True, True, True, False)
    assert allowed(user, world.boiler) == (False, False, False, False)


def test_who_has_left_or_whose_account_is_closed_may_do_nothing(world):
    for username, leave in (("eva", False), ("ida", True)):
        user = make_user(username)
        give(world, user, "engineer", world.north)
        if leave:
            end_person(user.person, by=again(world.admin), reason="Retired")
        else:
            accounts.close_account(user, by=world.by, reason="Lost the badge")
        assert allowed(user, world.filler) == (False, False, False, False)
        assert not holders_of(VIEW, world.filler, at=now()).filter(pk=user.pk).exists()


def test_leaving_ends_roles_teams_tokens_and_accounts_in_one_act(world):
    user, team = make_user("eva"), teams.form_team("Automation", by=world.by)
    teams.join(team, user.person, by=world.by, at=now())
    give(world, user, "engineer", world.north)
    end_person(user.person, by=again(world.admin), reason="Retired")
    user = again(user)
    assert (user.is_active, user.groups.count()) == (False, 0)
    assert not Grant.objects.filter(user=user, revoked_at=None).exists()
    with pytest.raises(Refused) as refused:
        end_person(user.person, by=again(world.admin), reason="Again")
    assert codes(refused) == {"person_left_already"}
    with pytest.raises(Refused) as refused:
        end_person(world.admin.person, by=again(world.admin), reason="Bye")
    assert codes(refused) == {"person_ends_oneself"}


def test_a_team_role_follows_who_is_in_the_team(world):
    team = teams.form_team("Automation", by=world.by)
    user = make_user("eva")
    grants.give(team, role("engineer"), world.north, terms(), by=again(world.admin))
    assert allowed(user, world.filler) == (False, False, False, False)
    teams.join(team, user.person, by=world.by, at=now())
    assert allowed(user, world.filler) == (True, True, True, True)
    assert holders_of(VIEW, world.filler, at=now()).filter(pk=user.pk).count() == 1
    teams.leave(team, user.person, by=world.by, at=now())
    assert allowed(user, world.filler) == (False, False, False, False)


def test_moving_a_subtree_moves_what_its_roles_reach(world):
    from assets.services import locations

    packer, boiler = make_user("eva"), make_user("ida")
    give(world, packer, "engineer", world.packaging)
    give(world, boiler, "engineer", world.utilities)
    locations.move_location(world.line, to=world.utilities, by=world.by)
    assert allowed(packer, world.filler) == (False, False, False, False)
    assert allowed(boiler, world.filler) == (True, True, True, True)


# -- what may not be given --------------------------------------------------------------------------
def test_nobody_gives_a_role_to_themselves_not_even_through_a_team(world):
    team = teams.form_team("Administrators", by=world.by)
    teams.join(team, world.admin.person, by=world.by, at=now())
    for holder in (world.admin, team):
        with pytest.raises(Refused) as refused:
            grants.give(holder, role("engineer"), world.north, terms(), by=again(world.admin))
        assert codes(refused) == {"grant_to_oneself"}


def test_only_somebody_with_the_right_at_the_place_gives_a_role_there(world):
    manager, user = make_user("mia"), make_user("eva")
    give(world, manager, "manager", world.packaging)
    grants.give(user, role("operator"), world.line, terms(), by=again(manager))
    with pytest.raises(Hidden):
        grants.give(user, role("operator"), world.utilities, terms(), by=again(manager))
    with pytest.raises(Forbidden):
        grants.give(manager, role("operator"), world.line, terms(), by=again(user))


def test_a_critical_role_is_given_and_taken_only_by_who_holds_it(world):
    manager, user = make_user("mia"), make_user("eva")
    give(world, manager, "manager", world.north)
    with pytest.raises(Refused) as refused:
        grants.give(user, role("administrator"), world.north, terms(), by=again(manager))
    assert codes(refused) == {"grant_beyond_own"}
    grant = give(world, user, "administrator", world.north)
    with pytest.raises(Refused) as refused:
        grants.revoke(grant, by=again(manager), reason="I say so")
    assert codes(refused) == {"grant_beyond_own"}


def test_the_last_administrator_cannot_give_up_the_role(world):
    grant = Grant.objects.get(user=world.admin)
    with pytest.raises(Refused) as refused:
        grants.revoke(grant, by=again(world.admin), reason="Enough")
    assert codes(refused) == {"grant_own_critical"}
    second = make_user("ida")
    give(world, second, "administrator", world.enterprise)
    grants.revoke(grant, by=again(second), reason="Handed over")
    assert not again(world.admin).has_perm("access.give_grant")


def test_a_role_with_a_longest_time_needs_an_end_within_it(world):
    user = make_user("eva")
    for days in (None, 91):
        with pytest.raises(Refused) as refused:
            give(world, user, "contractor", world.line, days=days)
        assert codes(refused) == {"grant_too_long"}
    assert give(world, user, "contractor", world.line, days=90).until_at is not None


def test_a_role_needs_a_reason_a_later_end_and_an_open_account(world):
    user = make_user("eva")
    with pytest.raises(Refused) as refused:
        give(world, user, "engineer", world.north, reason=" ")
    assert codes(refused) == {"grant_reason"}
    with pytest.raises(Refused) as refused:
        give(world, user, "engineer", world.north, start=now() - timedelta(days=9), days=2)
    assert codes(refused) == {"grant_in_the_past"}
    at = now()
    backwards = grants.Terms(at + timedelta(days=9), at + timedelta(days=2), "For the work")
    with pytest.raises(BadInput, match="end after"):
        grants.give(user, role("engineer"), world.north, backwards, by=again(world.admin))
    accounts.close_account(user, by=world.by, reason="Lost the badge")
    with pytest.raises(Refused) as refused:
        give(world, again(user), "engineer", world.north)
    assert codes(refused) == {"grant_holder_gone"}


def test_what_a_change_gives_for_its_work_is_not_given_by_hand(world):
    with pytest.raises(Refused) as refused:
        give(world, make_user("eva"), "work_on_change", world.filler)
    assert codes(refused) == {"grant_only_by_change"}


def test_the_same_role_is_not_given_twice_for_the_same_time(world):
    user = make_user("eva")
    give(world, user, "engineer", world.north, days=10)
    with pytest.raises(Refused) as refused:
        give(world, user, "engineer", world.north, days=5)
    assert codes(refused) == {"grant_already_held"}
    give(world, user, "engineer", world.north, days=30)


def test_a_stale_revocation_is_refused(world):
    grant = give(world, make_user("eva"), "engineer", world.north)
    with pytest.raises(Stale):
        grants.revoke(grant, by=again(world.admin), reason="Moved", revision=0)


def test_if_the_ledger_cannot_be_written_nothing_is_given(world, monkeypatch):
    user = make_user("eva")
    monkeypatch.setattr("plantgov.audit.services.entries.append", lambda drafts: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        give(world, user, "engineer", world.north)
    assert not Grant.objects.filter(user=user).exists()
    assert not LocationUserPermission.objects.filter(user=user).exists()


# -- rows ---------------------------------------------------------------------------------------------
def test_a_grant_is_compiled_into_one_row_for_each_permission(world):
    grant = give(world, make_user("eva"), "operator", world.line)
    rows = LocationUserPermission.objects.filter(grant=grant)
    assert rows.count() == len(grant.role.permissions)
    assert set(rows.values_list("until_at", flat=True)) == {FAR_FUTURE}
    compile_grants([grant], at=now())
    assert rows.count() == len(grant.role.permissions)


def test_guardians_own_save_takes_a_permission_of_another_model(world):
    from django.contrib.auth.models import Permission

    grant = give(world, make_user("eva"), "operator", world.line)
    permission = Permission.objects.get(codename="approve_change")
    row = LocationUserPermission(
        grant=grant,
        user=grant.user,
        permission=permission,
        content_object=world.line,
        from_at=grant.from_at,
        until_at=FAR_FUTURE,
    )
    row.save()
    assert may(again(grant.user), "changes.approve_change", world.line)


def test_tidying_deletes_what_is_over_and_nothing_that_counts(world):
    user = make_user("eva")
    give(world, user, "engineer", world.north, days=1)
    keeps = give(world, user, "operator", world.line)
    assert tidy(at=now() + timedelta(days=2)) > 0
    left = set(LocationUserPermission.objects.filter(user=user).values_list("grant", flat=True))
    assert left == {keeps.pk}


def test_a_change_of_a_role_reaches_its_holders_at_once(world):
    user = make_user("eva")
    give(world, user, "operator", world.line)
    changed = [name for name in role("operator").permissions if name != "assets.place_hold"]
    assert may(again(user), "assets.place_hold", world.line)
    grants.change_role(role("operator"), changed, by=again(world.admin), reason="Shift leads do", at=now())
    assert not may(again(user), "assets.place_hold", world.line)
    assert role("operator").version == 2
    seed_roles()
    assert "assets.place_hold" not in role("operator").permissions


def test_seeding_twice_writes_nothing_and_mends_rows_that_lack_a_permission(world):
    grant = give(world, make_user("eva"), "operator", world.line)
    seed_roles()
    before = Entry.objects.count()
    LocationUserPermission.objects.filter(grant=grant).first().delete()
    assert not is_current(role("operator"), at=now())
    seed_roles()
    assert is_current(role("operator"), at=now())
    assert Entry.objects.count() == before
    assert Role.objects.filter(version=1).count() == Role.objects.count()


# -- for the work of a change ---------------------------------------------------------------------------
def test_the_work_of_a_change_gives_access_to_exactly_its_assets_until_it_ends(world):
    user, uid = make_user("eva"), new_uid()
    given = just_in_time.open_for_change(
        uid,
        "CHG-2026-0042",
        people=[user.person],
        assets=[world.filler, world.robot],
        from_at=now(),
        by=world.by,
    )
    assert given == 2
    assert allowed(user, world.filler)[:3] == (True, True, True)
    assert allowed(user, world.robot)[:3] == (True, True, True)
    assert allowed(user, world.boiler) == (False, False, False, False)
    assert just_in_time.close_for_change(uid, by=world.by, at=now()) == 2
    assert just_in_time.close_for_change(uid, by=world.by, at=now()) == 0
    assert allowed(user, world.filler) == (False, False, False, False)
    assert Grant.objects.filter(change_reference="CHG-2026-0042", revoked_at=None).count() == 0


# -- what holds whatever the code does -------------------------------------------------------------------
def test_no_account_is_above_the_rules(world):
    user = make_user("eva")
    user.is_superuser = True
    assert not user.has_perm(VIEW)
    assert not Asset.objects.visible_to(user).exists()
    with pytest.raises(IntegrityError, match="people_user_no_superusers"), transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_superuser=True)


def test_a_global_permission_of_django_gives_nothing(world):
    from django.contrib.auth.models import Permission

    user = make_user("eva")
    user.user_permissions.add(Permission.objects.get(codename="view_asset"))
    assert allowed(user, world.filler) == (False, False, False, False)
    assert not again(user).has_perm(VIEW)


def test_a_scope_is_resolved_by_one_query_and_remembered_for_the_request(world):
    user = make_user("eva")
    give(world, user, "engineer", world.packaging)
    user = again(user)
    with CaptureQueriesContext(connection) as queries:
        assert may(user, VIEW, world.filler)
        assert not may(user, VIEW, world.boiler)
        assert may(user, VIEW, world.line)
    assert len(queries) == 1


def test_an_unknown_permission_is_held_by_nobody(world):
    user = make_user("eva")
    give(world, user, "engineer", world.north)
    assert not again(user).has_perm("assets.fly_asset")
    assert not holders_of("assets.fly_asset", world.filler, at=now()).exists()
