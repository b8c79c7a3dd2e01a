"""Assets through their life: status, corrections, baselines, holds, authorisations, effects of a failure."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from assets import selectors
from assets.models import Asset, Authorisation, Hold, Observation
from assets.rules import kinds_below, status_blockers
from assets.services import assets, baselines, holds, observations
from assets.services.assets import AssetDetails, details_of
from assets.services.baselines import Configuration, ThroughChange
from assets.states import LEVELS, TRANSITIONS, Status
from plantgov.audit.models import Entry
from plantgov.core.clock import new_uid
from plantgov.core.errors import BadInput, Forbidden, Hidden, Refused, Stale
from plantgov.people.services.accounts import system_account
from tests.assets.conftest import AT, account_of, build, person_named
from tests.assets.rights import grant

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("old", Status)
@pytest.mark.parametrize("new", Status)
def test_a_status_moves_only_as_the_table_says(old, new):
    refused = status_blockers(tag="T", old=old, new=new)
    assert bool(refused) == (new != old and new not in TRANSITIONS[old])


@pytest.mark.parametrize("kind", LEVELS)
def test_every_kind_of_place_has_something_that_may_stand_below(kind):
    assert kinds_below(kind)
    assert "enterprise" not in kinds_below(kind)


def test_an_asset_that_a_change_is_altering_is_not_retired(plant):
    holds.authorise(plant.plc, change_uid=new_uid(), reference="CHG-2026-0001", by=plant.by, at=AT)
    with pytest.raises(Refused, match="CHG-2026-0001"):
        assets.set_status(plant.plc, "retired", by=plant.by, reason="Scrap")


def test_a_correction_in_service_needs_a_reason_or_a_running_change(plant):
    better = replace(details_of(plant.plc), firmware_version="33.012")
    with pytest.raises(Refused, match="give the reason"):
        assets.change_asset(plant.plc, better, by=plant.by)
    assert assets.change_asset(plant.plc, better, by=plant.by, reason="Misread").firmware_version == "33.012"
    holds.authorise(plant.plc, change_uid=new_uid(), reference="CHG-2026-0001", by=plant.by, at=AT)
    even_better = replace(better, firmware_version="34.011")
    assert assets.change_asset(plant.plc, even_better, by=plant.by).firmware_version == "34.011"


def test_what_nobody_controls_is_edited_without_a_reason(plant):
    row = assets.change_asset(plant.plc, replace(details_of(plant.plc), name="Filler PLC"), by=plant.by)
    entry = Entry.objects.filter(thing_uid=row.uid).latest("thing_seq")
    assert (entry.before, entry.after) == ({"name": "Filler controller"}, {"name": "Filler PLC"})


def test_a_stale_edit_is_refused(plant):
    with pytest.raises(Stale):
        assets.change_asset(plant.plc, details_of(plant.plc), by=plant.by, revision=9)


def test_a_tag_is_unique_in_its_site_only(plant):
    with pytest.raises(BadInput, match="already has an asset"):
        assets.add_asset(AssetDetails("FIL-PLC-01", "Twin", "plc"), location=plant.line, by=plant.by)
    assert assets.add_asset(AssetDetails("FIL-PLC-01", "Far", "plc"), location=plant.other_site, by=plant.by)


def test_an_asset_stands_in_a_site_with_zone_and_parent_of_that_site(plant):
    with pytest.raises(Refused, match="stands in a site"):
        assets.add_asset(AssetDetails("A", "A", "plc"), location=plant.enterprise, by=plant.by)
    with pytest.raises(Refused, match="another site"):
        assets.add_asset(
            AssetDetails("A", "A", "plc"), location=plant.other_site, zone=plant.zone, by=plant.by
        )
    with pytest.raises(Refused, match="another site"):
        assets.add_asset(
            AssetDetails("A", "A", "plc"), location=plant.other_site, parent=plant.plc, by=plant.by
        )
    with pytest.raises(Refused, match="another site"):
        assets.change_asset(
            plant.plc, details_of(plant.plc), by=plant.by, placing={"location": plant.other_site}
        )


def test_an_asset_is_no_part_of_itself(plant):
    assets.change_asset(plant.drive, details_of(plant.drive), by=plant.by, placing={"parent": plant.plc})
    drive = Asset.objects.get(pk=plant.drive.pk)
    with pytest.raises(Refused, match="part of itself"):
        assets.change_asset(plant.plc, details_of(plant.plc), by=plant.by, placing={"parent": drive})


def test_a_baseline_replaces_the_one_before(plant):
    change = ThroughChange(new_uid(), "CHG-2026-0001")
    first = baselines.adopt(plant.plc, Configuration(firmware="1"), by=plant.by, at=AT)
    second = baselines.adopt(plant.plc, Configuration(firmware="2"), by=plant.by, at=AT, change=change)
    first.refresh_from_db()
    assert (first.is_current, second.version) == (False, 2)
    assert selectors.current_baseline(plant.plc) == second
    assert selectors.current_baselines([plant.plc, plant.drive]) == {plant.plc.pk: second}


def test_without_a_change_only_who_may_adopts_a_baseline(plant):
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.site, by=plant.by)
    with pytest.raises(Forbidden):
        baselines.adopt(plant.plc, Configuration(firmware="1"), by=engineer, at=AT)
    change = ThroughChange(new_uid(), "CHG-2026-0001")
    assert baselines.adopt(plant.plc, Configuration(firmware="1"), by=engineer, at=AT, change=change)


def test_a_hold_of_a_place_stops_everything_below(plant):
    hold = holds.place_hold(plant.area, by=plant.by, reason="Gas", at=AT)
    found = selectors.holds_on([plant.plc, plant.drive], at=AT)
    assert found == {plant.plc.pk: [hold], plant.drive.pk: [hold]}
    assert Entry.objects.filter(thing_uid=plant.area.uid, action="assets.hold.placed", reason="Gas").exists()


def test_a_hold_ends_by_itself_or_by_hand_once(plant):
    holds.place_hold(plant.plc, by=plant.by, reason="Leak", at=AT, expires_at=AT + HOUR)
    assert selectors.holds_on([plant.plc], at=AT)[plant.plc.pk]
    assert not selectors.holds_on([plant.plc], at=AT + HOUR)[plant.plc.pk]
    hold = holds.place_hold(plant.drive, by=plant.by, reason="Leak", at=AT)
    with pytest.raises(BadInput, match="Say why"):
        holds.lift_hold(hold, by=plant.by, reason=" ", at=AT)
    holds.lift_hold(hold, by=plant.by, reason="Mended", at=AT + HOUR)
    with pytest.raises(Refused, match="lifted this hold"):
        holds.lift_hold(hold, by=plant.by, reason="Mended", at=AT + HOUR)


def test_a_hold_needs_a_reason_and_an_end_in_the_future(plant):
    with pytest.raises(BadInput):
        holds.place_hold(plant.plc, by=plant.by, reason=" ", at=AT)
    with pytest.raises(BadInput, match="future"):
        holds.place_hold(plant.plc, by=plant.by, reason="Leak", at=AT, expires_at=AT)


def test_a_hold_is_lifted_only_by_who_may(plant):
    hold = holds.place_hold(plant.plc, by=plant.by, reason="Leak", at=AT)
    engineer, stranger = account_of(person_named("Erik Holm")), account_of(person_named("Olga Stranger"))
    grant(engineer, "engineer", plant.site, by=plant.by)
    with pytest.raises(Forbidden):
        holds.lift_hold(hold, by=engineer, reason="Fine", at=AT)
    with pytest.raises(Hidden):
        holds.lift_hold(hold, by=stranger, reason="Fine", at=AT)
    assert list(Hold.objects.visible_to(engineer)) == [hold]


def test_one_change_at_a_time_alters_an_asset(plant):
    mine, theirs = new_uid(), new_uid()
    first = holds.authorise(plant.plc, change_uid=mine, reference="CHG-2026-0001", by=plant.by, at=AT)
    assert holds.authorise(plant.plc, change_uid=mine, reference="CHG-2026-0001", by=plant.by, at=AT) == first
    with pytest.raises(Refused, match="CHG-2026-0001 since"):
        holds.authorise(plant.plc, change_uid=theirs, reference="CHG-2026-0002", by=plant.by, at=AT)
    assert holds.end_authorisations(mine, by=plant.by, at=AT + HOUR) == 1
    assert selectors.active_authorisation(plant.plc, AT) == first
    assert selectors.active_authorisation(plant.plc, AT + HOUR) is None
    assert selectors.authorisations_on([plant.plc]) == {}
    assert holds.authorise(plant.plc, change_uid=theirs, reference="CHG-2026-0002", by=plant.by, at=AT + HOUR)


@pytest.mark.enable_socket
def test_two_changes_at_the_same_moment_one_authorisation(fresh_database):
    plant = build()

    def authorise(n: int) -> bool:
        try:
            holds.authorise(plant.plc, change_uid=new_uid(), reference=f"CHG-{n}", by=plant.by, at=AT)
        except Refused:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(authorise, range(4))) == 1
    assert Authorisation.objects.filter(ended_at=None).count() == 1


def test_an_observation_keeps_what_was_not_read_again(plant):
    by = system_account("gatekeeper")
    observations.note(
        plant.plc, {"firmware": {"value": "1", "at": AT}, "mode": {"value": 3, "at": AT}}, by=by, at=AT
    )
    observations.note(plant.plc, {"firmware": {"value": "2", "at": AT + HOUR}}, by=by, at=AT + HOUR)
    row = Observation.objects.get(asset=plant.plc)
    assert (row.firmware, row.values["mode"]["value"], row.read_at) == ("2", 3, AT + HOUR)


def chain(plant, *links):
    """Assets named by letter, related as `A>B` with `controls`."""
    found = {}
    for link in links:
        for letter in link.replace(">", ""):
            if letter not in found:
                details = AssetDetails(letter, letter, "plc")
                found[letter] = assets.add_asset(details, location=plant.unit, by=plant.by)
        source, target = link.split(">")
        assets.relate(found[source], "controls", found[target], by=plant.by)
    return found


def tags(hits):
    return [(hit.asset.tag, hit.depth) for hit in hits if hit.asset]


def test_a_failure_spreads_along_the_relations_at_most_five_steps(plant):
    found = chain(plant, "A>B", "B>C", "C>D", "D>E", "E>F", "F>G")
    assert tags(selectors.impact_of(found["A"], plant.by)) == [(c, n) for n, c in enumerate("BCDEF", 1)]
    assert tags(selectors.impact_of(found["A"], plant.by, depth=2)) == [("B", 1), ("C", 2)]
    assert tags(selectors.impact_of(found["C"], plant.by, downwards=False)) == [("B", 1), ("A", 2)]


def test_a_ring_of_relations_ends(plant):
    found = chain(plant, "A>B", "B>C", "C>A", "A>C")
    assert tags(selectors.impact_of(found["A"], plant.by)) == [("B", 1), ("C", 1)]


def test_what_depends_on_an_asset_is_affected_by_it(plant):
    assets.relate(plant.drive, "depends_on", plant.plc, by=plant.by)
    assert tags(selectors.impact_of(plant.plc, plant.by)) == [("FIL-DRV-01", 1)]
    assert tags(selectors.impact_of(plant.drive, plant.by)) == []
    assets.relate(plant.drive, "redundant_with", plant.plc, by=plant.by)
    assert tags(selectors.impact_of(plant.drive, plant.by)) == [("FIL-PLC-01", 1)]


def test_affected_assets_out_of_view_are_counted_and_not_named(plant):
    far = assets.add_asset(AssetDetails("FAR", "Far", "plc"), location=plant.other_site, by=plant.by)
    assets.relate(plant.plc, "feeds", far, by=plant.by)
    engineer = account_of(person_named("Erik Holm"))
    grant(engineer, "engineer", plant.line, by=plant.by)
    assert [hit.asset for hit in selectors.impact_of(plant.plc, engineer)] == [None]
    [(_relation, seen)] = selectors.relations_of(plant.plc, engineer)
    assert not seen


def test_the_same_relation_twice_is_one(plant):
    first = assets.relate(plant.plc, "controls", plant.drive, by=plant.by)
    assert assets.relate(plant.plc, "controls", plant.drive, by=plant.by) == first
    with pytest.raises(BadInput, match="related to itself"):
        assets.relate(plant.plc, "controls", plant.plc, by=plant.by)
