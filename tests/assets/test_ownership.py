"""One accountable owner at any instant, inherited downwards, gaps shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets import selectors
from assets.models import Ownership
from assets.services import assets, ownership
from assets.services.ownership import Post
from plantgov.audit.models import Entry
from plantgov.core.errors import Forbidden, Refused
from plantgov.people.services import teams
from tests.assets.conftest import AT, account_of, build, person_named
from tests.assets.rights import grant

HOUR = timedelta(hours=1)


@pytest.fixture
def ada(db):
    return person_named("Ada Berg")


@pytest.fixture
def bo(db):
    return person_named("Bo Lind")


def test_a_handover_ends_the_one_and_begins_the_other_at_the_same_instant(plant, ada, bo):
    first = ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    second = ownership.assign(plant.plc, bo, by=plant.by, at=AT + HOUR)
    first.refresh_from_db()
    assert first.until_at == second.from_at == AT + HOUR
    assert selectors.accountable_for(plant.plc, AT)[0] == ada
    assert selectors.accountable_for(plant.plc, AT + HOUR)[0] == bo


def test_a_handover_stands_in_the_history_of_the_asset(plant, ada, bo):
    ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    ownership.assign(plant.plc, bo, by=plant.by, at=AT + HOUR, reason="New role")
    actions = (
        Entry.objects.filter(thing_uid=plant.plc.uid).order_by("thing_seq").values_list("action", flat=True)
    )
    assert list(actions)[1:] == [
        "assets.ownership.assigned",
        "assets.ownership.ended",
        "assets.ownership.assigned",
    ]


def test_the_same_owner_twice_is_one_ownership(plant, ada):
    first = ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    assert ownership.assign(plant.plc, ada, by=plant.by, at=AT + HOUR) == first


def test_the_database_refuses_a_second_accountable(plant, ada, bo):
    ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    row = ownership.new_ownership(plant.plc, bo, Post(), at=AT + HOUR)
    with pytest.raises(IntegrityError, match="assets_one_accountable"), transaction.atomic():
        row.save()


def test_several_persons_are_responsible_one_per_discipline_is_deputy(plant, ada, bo):
    for person in (ada, bo):
        ownership.assign(plant.plc, person, by=plant.by, at=AT, post=Post("responsible"))
        ownership.assign(plant.plc, person, by=plant.by, at=AT + HOUR, post=Post("deputy"))
    roles = [(one.role, one.owner.name) for one in selectors.owners_of(plant.plc, at=AT + HOUR)]
    assert roles.count(("responsible", "Ada Berg")) == roles.count(("responsible", "Bo Lind")) == 1
    assert [name for role, name in roles if role == "deputy"] == ["Bo Lind"]


def test_nobody_takes_over_before_somebody_named_for_later(plant, ada, bo):
    ownership.assign(plant.plc, ada, by=plant.by, at=AT + HOUR)
    with pytest.raises(Refused, match="Ada Berg becomes accountable"):
        ownership.assign(plant.plc, bo, by=plant.by, at=AT)


def test_an_ownership_ends_once(plant, ada):
    row = ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    ownership.end(row, by=plant.by, at=AT + HOUR, reason="Left")
    with pytest.raises(Refused, match="ended on"):
        ownership.end(row, by=plant.by, at=AT + 2 * HOUR, reason="Left")


def test_an_ownership_does_not_end_before_it_began(plant, ada):
    row = ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    with pytest.raises(Refused, match="can't end before"):
        ownership.end(row, by=plant.by, at=AT - HOUR, reason="Left")


def test_who_may_not_assign_is_refused(plant, ada):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.site, by=plant.by)
    with pytest.raises(Forbidden):
        ownership.assign(plant.plc, ada, by=engineer, at=AT)


def test_the_nearest_owner_above_counts_and_says_so(plant, ada, bo):
    ownership.assign(plant.site, ada, by=plant.by, at=AT)
    assert selectors.accountable_for(plant.plc, AT) == (ada, plant.site)
    ownership.assign(plant.line, bo, by=plant.by, at=AT)
    assert selectors.accountable_for(plant.plc, AT) == (bo, plant.line)
    ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    assert selectors.accountable_for(plant.plc, AT) == (ada, plant.plc)
    assert selectors.accountable_for(plant.zone, AT) == (ada, plant.site)


def test_the_owners_of_a_page_take_two_queries(plant, ada, django_assert_num_queries):
    ownership.assign(plant.line, ada, by=plant.by, at=AT)
    rows = list(selectors.assets_visible_to(plant.by))
    with django_assert_num_queries(2):
        found = selectors.accountable_of(rows, at=AT)
    assert {one.owner for one in found.values()} == {ada}
    assert {one.source for one in found.values()} == {plant.line}


def test_a_team_may_answer(plant):
    crew = teams.form_team("Shift A", by=plant.by)
    ownership.assign(plant.plc, crew, by=plant.by, at=AT)
    assert selectors.accountable_for(plant.plc, AT)[0] == crew


def test_gaps_are_assets_that_nobody_above_answers_for(plant, ada):
    lone = assets.add_asset(
        assets.AssetDetails("B-1", "Boiler", "plc"), location=plant.other_site, by=plant.by
    )
    assert set(selectors.ownership_gaps(plant.by, AT)) == {plant.plc, plant.drive, lone}
    ownership.assign(plant.site, ada, by=plant.by, at=AT)
    assert set(selectors.ownership_gaps(plant.by, AT)) == {lone}
    assets.set_status(lone, "retired", by=plant.by, reason="Scrapped")
    assert not selectors.ownership_gaps(plant.by, AT).exists()


def test_an_ownership_is_seen_by_whoever_sees_the_thing(plant, ada):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.line, by=plant.by)
    seen = ownership.assign(plant.plc, ada, by=plant.by, at=AT)
    ownership.assign(plant.other_site, ada, by=plant.by, at=AT)
    assert list(Ownership.objects.visible_to(engineer)) == [seen]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["assign", "end", "bulk"]), st.integers(0, 2), st.integers(0, 12)),
        max_size=8,
    )
)
def test_at_no_instant_are_two_accountable(plant, steps):
    point = transaction.savepoint()
    people = [person_named(f"P{n} Owner{n}") for n in range(3)]
    for what, who, hour in steps:
        at = AT + hour * HOUR
        try:
            if what == "assign":
                ownership.assign(plant.plc, people[who], by=plant.by, at=at)
            elif what == "bulk":
                ownership.assign_all([(plant.plc, people[who], Post())], by=plant.by, at=at)
            elif found := selectors.current_ownerships(at).filter(thing_uid=plant.plc.uid).first():
                ownership.end(found, by=plant.by, at=at, reason="…")
        except Refused:
            continue
        for moment in (AT + n * HOUR / 2 for n in range(-1, 28)):
            assert selectors.current_ownerships(moment).filter(thing_uid=plant.plc.uid).count() <= 1
    transaction.savepoint_rollback(point)


@pytest.mark.enable_socket
def test_two_handovers_at_the_same_moment_leave_one_accountable(fresh_database):
    plant = build()
    people = [person_named(f"P{n} Owner{n}") for n in range(6)]

    def hand_over(n: int) -> None:
        try:
            ownership.assign(plant.plc, people[n], by=plant.by, at=AT + n * timedelta(seconds=1))
        except Refused:
            pass  # somebody later was faster
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(hand_over, range(6)))
    assert Ownership.objects.filter(thing_uid=plant.plc.uid, until_at=None).count() == 1
