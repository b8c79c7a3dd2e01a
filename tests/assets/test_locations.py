"""The tree of places stays sound, whoever moves what at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from assets import selectors
from assets.models import Location
from assets.services import locations
from assets.services.locations import Place
from plantgov.audit.models import Entry
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused, Stale
from tests.assets.conftest import account_of, build, person_named


def assert_sound() -> None:
    """Every path is its parent's with itself added, and every site is the nearest one above."""
    rows = Location.objects.in_bulk()
    for row in rows.values():
        above = rows[row.parent_id].path if row.parent_id else []
        assert row.path == [*above, row.pk]
        sites = [pk for pk in row.path if rows[pk].kind == "site"]
        assert row.site_id == (sites[-1] if sites else None)


def test_a_new_place_knows_its_path_and_its_site(plant):
    assert_sound()
    assert plant.unit.path == [
        p.pk for p in (plant.enterprise, plant.site, plant.area, plant.line, plant.unit)
    ]
    assert plant.unit.site == plant.site


def test_a_second_enterprise_is_refused(plant):
    with pytest.raises(BadInput, match="one enterprise only"):
        locations.found_enterprise(Place("Rival", "enterprise"), by=plant.by)


@pytest.mark.parametrize(
    ("kind", "below"), [("area", "enterprise"), ("site", "area"), ("area", "line"), ("enterprise", "site")]
)
def test_a_place_stands_only_where_the_hierarchy_allows(plant, kind, below):
    with pytest.raises(Refused, match="can't stand below"):
        locations.add_location(Place("Wrong", kind), parent=getattr(plant, below), by=plant.by)


def test_units_may_be_nested(plant):
    part = locations.add_location(Place("Infeed", "work_unit"), parent=plant.unit, by=plant.by)
    assert part.path[-2:] == [plant.unit.pk, part.pk]


def test_two_places_of_one_name_need_different_parents(plant):
    with pytest.raises(BadInput, match="already a place with this name"):
        locations.add_location(Place("Line 1", "work_center"), parent=plant.area, by=plant.by)


def test_a_time_zone_that_nobody_knows_is_refused(plant):
    with pytest.raises(BadInput, match="Europe/Berlin"):
        locations.add_location(Place("X", "area", zone_name="Mars/Base"), parent=plant.site, by=plant.by)


def test_profile_mode_and_time_zone_come_from_above(plant):
    assert selectors.profile_of(plant.unit) == "small"
    assert selectors.mode_of(plant.unit) == "observe"
    assert selectors.zone_of(plant.unit) == "Europe/Stockholm"


def test_a_place_that_nobody_set_up_enforces_the_standard_profile(plant):
    told = selectors.settings_at(plant.other_site)
    assert (told.profile, told.mode, told.zone_name) == ("standard", "enforce", "UTC")


def test_settings_of_many_places_take_one_query(plant, django_assert_num_queries):
    with django_assert_num_queries(1):
        selectors.settings_of([plant.unit, plant.line, plant.area, plant.other_site])


def test_moving_a_line_takes_everything_below_along(plant):
    hall = locations.add_location(Place("Hall B", "area"), parent=plant.site, by=plant.by)
    moved = locations.move_location(plant.line, to=hall, by=plant.by, reason="rebuilt")
    assert moved.parent == hall
    assert_sound()
    assert Entry.objects.filter(action="assets.location.moved", reason="rebuilt").count() == 2


def test_a_place_cannot_be_moved_below_itself(plant):
    with pytest.raises(Refused, match="below itself"):
        locations.move_location(plant.area, to=plant.unit, by=plant.by)


def test_a_place_does_not_leave_its_site(plant):
    with pytest.raises(Refused, match="stays in Karlstad"):
        locations.move_location(plant.area, to=plant.other_site, by=plant.by)


def test_a_change_of_a_stale_copy_is_refused(plant):
    with pytest.raises(Stale):
        locations.change_location(plant.line, Place("Line A", "work_center"), by=plant.by, revision=0)


def test_a_stranger_learns_nothing_of_a_place(plant):
    account_of(person_named("First Account"))
    stranger = account_of(person_named("Olga Stranger"))
    with pytest.raises((Hidden, Forbidden)):
        locations.add_location(Place("Mine", "area"), parent=plant.site, by=stranger)
    assert not selectors.locations_visible_to(stranger).exists()


def test_the_tree_is_listed_in_order_with_depth(plant):
    lines = [(row.name, depth) for row, depth in selectors.tree_visible_to(plant.by)]
    assert lines[:3] == [("Nordhavn", 0), ("Karlstad", 1), ("Packaging", 2)]


@pytest.mark.enable_socket
def test_concurrent_moves_and_additions_keep_every_path_sound(fresh_database):
    plant = build()
    areas = [
        locations.add_location(Place(f"Hall {n}", "area"), parent=plant.site, by=plant.by) for n in range(4)
    ]

    def move(n: int) -> None:
        try:
            locations.move_location(plant.line, to=areas[n % 4], by=plant.by)
            locations.add_location(Place(f"Cell {n}", "work_unit"), parent=plant.line, by=plant.by)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, range(12)))
    assert_sound()
    assert Location.objects.filter(path__contains=[plant.line.pk]).count() == 14
