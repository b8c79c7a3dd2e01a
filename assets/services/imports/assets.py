"""Asset registers: matched by site and tag, places and parents found, owners handed over."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from assets.models import Asset, Authorisation, Location
from assets.models.asset import TAG
from assets.rules import IMPORT_MOVED, correction_blockers, status_blockers
from assets.selectors import current_ownerships
from assets.services import locations, ownership
from assets.services.imports import asset_columns as columns
from assets.services.imports.lookup import Assets, Parties, Places, Zones, standing_on
from assets.services.imports.sheet import KEEP, Column, Desk, Line, Outcome, value_of
from assets.services.ownership import Post
from assets.services.rows import next_ids
from assets.states import OwnerRole, Status
from plantgov.audit.services.entries import write_all
from plantgov.core.errors import Moved
from plantgov.core.scope import Scope, scope_of
from plantgov.people.models import Person, Team

FIELDS = {"name", "asset_type", "status", "criticality", "purdue_level", "manufacturer", "model"}
FIELDS |= {"serial_number", "firmware_version"}
Wanted = tuple[Asset, Person | Team, Post]


@dataclass
class Plan:
    """What the check of a file leaves to write."""

    places: Places
    new: list[Asset] = field(default_factory=list)
    changed: list[Asset] = field(default_factory=list)
    owners: list[Wanted] = field(default_factory=list)
    endings: list[Any] = field(default_factory=list)


@dataclass
class Draft:
    """A row being checked: the asset as it would be, and what changes in it."""

    line: Line
    asset: Asset
    outcome: Outcome
    touched: list[str] = field(default_factory=list)

    def put(self, name: str, value: Any, *, show: tuple[Any, Any] | None = None) -> None:
        """Set a field if that is a change, and note old → new."""
        old = getattr(self.asset, name)
        if old == value:
            return
        setattr(self.asset, name, value)
        self.touched.append(name)
        before, after = show or (old, value)
        self.outcome.changes.append((name, _shown(before), _shown(after)))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


class AssetImporter:
    """Registers of assets."""

    columns = columns.COLUMNS

    def check(self, lines: list[Line], desk: Desk) -> Plan:
        """Look at every row."""
        return _Check(desk).run(lines)

    def write(self, checked: Plan, desk: Desk) -> None:
        """Write places, then assets, then owners."""
        _make_places(checked, desk)
        _write_assets(checked, desk)
        how: dict[str, Any] = {"by": desk.user, "at": desk.at, "reason": desk.reason}
        for row in checked.endings:
            ownership.end(row, by=desk.user, at=desk.at, reason=desk.reason)
        ownership.assign_all(checked.owners, **how)


def _make_places(plan: Plan, desk: Desk) -> None:
    for _path, row in sorted(plan.places.to_make.items(), key=lambda item: len(item[0])):
        parent: Any = row.parent
        place = locations.Place(row.name, row.kind)
        made = locations.add_location(place, parent=parent, by=desk.user, reason=desk.reason)
        row.pk, row.path, row.site_id = made.pk, made.path, made.site_id
        row._state.adding = False


def _write_assets(plan: Plan, desk: Desk) -> None:
    ids = [row.pk for row in plan.changed]
    locked = Asset.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    revisions = dict(locked.values_list("pk", "revision"))
    if any(revisions.get(row.pk) != row.revision for row in plan.changed):
        raise Moved(IMPORT_MOVED())
    for row, pk in zip(plan.new, next_ids("assets_asset", len(plan.new)), strict=True):
        row.pk = pk
    for row in (*plan.new, *plan.changed):
        row.location = row.location  # takes up the id of a place that was just made
        row.parent = row.parent
    how: dict[str, Any] = {"by": desk.user, "at": desk.at, "reason": desk.reason}
    write_all(plan.new, action="assets.asset.added", **how)
    write_all(plan.changed, action="assets.asset.changed", **how)


class _Check:
    """One pass over the rows, with everything looked up beforehand."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.assets, self.zones = Assets(desk.user), Zones(desk.user)
        self.parties = Parties(desk.user)
        self.plan = Plan(Places(desk.user))
        self.add, self.change, self.assign = (
            scope_of(desk.user, f"assets.{verb}")
            for verb in ("add_asset", "change_asset", "assign_ownership")
        )
        taken = Asset.objects.values_list("site_id", "tag")
        self.taken = {(site, tag.casefold()) for site, tag in taken}
        running = Authorisation.objects.filter(ended_at=None).values_list("asset_id", "change_reference")
        self.running = dict(running)
        self.seen: dict[tuple[int, str], int] = {}

    def run(self, lines: list[Line]) -> Plan:
        """Rows first, then what may point to other rows: parents and owners."""
        drafts = [draft for line in lines if (draft := self._draft(line))]
        for draft in drafts:
            self._parent(draft)
        self._rings(drafts)
        self._owners(drafts)
        for draft in drafts:
            self._rules(draft)
            self.desk.outcomes.append(draft.outcome)
            if draft.outcome.is_new:
                self.plan.new.append(draft.asset)
            elif draft.touched:
                self.plan.changed.append(draft.asset)
        return self.plan

    def _draft(self, line: Line) -> Draft | None:
        tag = value_of(line, columns.PLAIN[0], self.desk)
        if tag is KEEP:
            if not line.text("asset_tag"):
                self.desk.error(line.number, "asset_tag", _("Every row needs a tag."))
            return None
        if not re.match(TAG, tag):
            self.desk.error(line.number, "asset_tag", _("A tag holds no slash and no line break."))
            return None
        place = self._place(line)
        found = self._existing(line, tag, place)
        if found is None and place is None:
            return None
        site = place.site if place else found.site if found else None
        if site is None or not self._once(line, tag, site):
            return None
        draft = self._changing(line, found) if found else self._adding(line, tag, place)
        if draft is not None:
            self._fields(draft, place)
        return draft

    def _place(self, line: Line) -> Location | None:
        text = line.text("path")
        place = self.plan.places.find(line, text, self.desk) if text else None
        if place is not None and place.site is None:
            self.desk.error(line.number, "path", _("An asset stands in a site; write the path on to one."))
            return None
        return place

    def _existing(self, line: Line, tag: str, place: Location | None) -> Asset | None:
        if place is not None and place.site is not None:
            return self.assets.by_key.get((place.site.pk, tag.casefold()))
        if line.text("path"):
            return None  # the path was wrong, which is noted
        if tag.casefold() in self.assets.by_tag:
            return self.assets.find(line, tag, self.desk, column="path")
        self.desk.error(line.number, "path", _("A new asset needs its path."))
        return None

    def _once(self, line: Line, tag: str, site: Location) -> bool:
        key = (site.pk, tag.casefold())
        if key in self.seen:
            params = {"tag": tag, "row": self.seen[key]}
            self.desk.error(
                line.number, "asset_tag", _("Row %(row)d has the tag “%(tag)s” already.") % params
            )
            return False
        self.seen[key] = line.number
        return True

    def _changing(self, line: Line, found: Asset) -> Draft | None:
        if not _reaches(self.change, found):
            self.desk.error(line.number, "asset_tag", _("You may see this asset, but not change it."))
            return None
        return Draft(line, found, Outcome(line.number, found.tag, is_new=False))

    def _adding(self, line: Line, tag: str, place: Location | None) -> Draft | None:
        if place is None or place.site is None:
            return None
        if not self.add.covers(standing_on(place)):
            self.desk.error(line.number, "path", _("You may not add assets at this place."))
            return None
        if (place.site.pk, tag.casefold()) in self.taken:
            self.desk.error(
                line.number, "asset_tag", _("This tag can't be used in this site; choose another.")
            )
            return None
        for key in ("name", "asset_type"):
            if not line.text(key):
                self.desk.error(line.number, key, _("A new asset needs this."))
        asset = Asset(tag=tag, site=place.site, location=place)
        self.assets.add(asset)
        return Draft(line, asset, Outcome(line.number, tag, is_new=True))

    def _fields(self, draft: Draft, place: Location | None) -> None:
        for column in columns.PLAIN:
            if column.key in FIELDS:
                self._put(draft, column, column.key)
        self._put(draft, columns.PLAIN[-1], "description")
        safety = value_of(draft.line, _column("safety_related"), self.desk, cleared="no")
        if safety is not KEEP:
            draft.put("safety_related", safety == "yes")
        self._attributes(draft)
        if place is not None and place is not draft.asset.location and place.pk != draft.asset.location_id:
            self._move(draft, place)
        self._zone(draft)

    def _put(self, draft: Draft, column: Column, name: str) -> None:
        value = value_of(draft.line, column, self.desk)
        if value is not KEEP:
            draft.put(name, value)

    def _move(self, draft: Draft, place: Location) -> None:
        if not self.change.covers(standing_on(place)):
            self.desk.error(draft.line.number, "path", _("You may not move assets to this place."))
            return
        old = draft.asset.location
        draft.asset.location = place
        draft.touched.append("location")
        draft.outcome.changes.append(("path", old.name, place.name))

    def _zone(self, draft: Draft) -> None:
        name = value_of(draft.line, _column("zone"), self.desk, cleared=None)
        if name is KEEP:
            return
        zone = self.zones.find(draft.line, name, draft.asset.site, self.desk) if name else None
        if zone is not None or name is None:
            draft.put("zone", zone)

    def _attributes(self, draft: Draft) -> None:
        wanted = dict(draft.asset.attributes)
        for key in draft.line.cells:
            column = next((c for c in columns.FURTHER if c.key == key), None)
            if key.startswith("cf_"):
                column = Column(key, key, most=500)
            value = value_of(draft.line, column, self.desk) if column else KEEP
            if value is KEEP or wanted.get(key, "") == value:
                continue
            draft.outcome.changes.append((key, wanted.get(key, ""), value))
            wanted[key] = value
        wanted = {key: value for key, value in wanted.items() if value}
        if wanted != draft.asset.attributes:
            draft.asset.attributes = wanted
            draft.touched.append("attributes")

    def _parent(self, draft: Draft) -> None:
        tag = value_of(draft.line, _column("parent_tag"), self.desk, cleared=None)
        if tag is KEEP:
            return
        site = draft.asset.site
        parent = self.assets.find(draft.line, tag, self.desk, column="parent_tag", site=site) if tag else None
        if tag is None or (parent is not None and parent is not draft.asset.parent):
            before = draft.asset.parent.tag if draft.asset.parent else ""
            draft.put("parent", parent, show=(before, parent.tag if parent else ""))

    def _rings(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            above, steps = draft.asset.parent, 0
            while above is not None and steps <= len(drafts) + 1:
                if above is draft.asset or (above.pk is not None and above.pk == draft.asset.pk):
                    self.desk.error(
                        draft.line.number, "parent_tag", _("This makes the asset a part of itself.")
                    )
                    break
                key = (above.site_id, above.tag.casefold())
                above, steps = self.assets.by_key.get(key, above).parent, steps + 1

    def _owners(self, drafts: list[Draft]) -> None:
        known: dict[tuple[Any, str], list[Any]] = {}
        uids = [draft.asset.uid for draft in drafts if not draft.outcome.is_new]
        for row in current_ownerships(self.desk.at).filter(thing_uid__in=uids, discipline=""):
            known.setdefault((row.thing_uid, row.role), []).append(row)
        for draft in drafts:
            for role in (OwnerRole.ACCOUNTABLE, OwnerRole.RESPONSIBLE):
                self._owner(draft, role, known.get((draft.asset.uid, role), []))

    def _owner(self, draft: Draft, role: OwnerRole, current: list[Any]) -> None:
        column = next(c for c in columns.OWNERS if c.key == role)
        text = value_of(draft.line, column, self.desk, cleared=None)
        if text is KEEP:
            return
        owner = self.parties.find(draft.line, text, self.desk, column=role) if text else None
        if text and (owner is None or any(row.owner == owner for row in current)):
            return
        if text is None and not current:
            return
        if not self._may_assign(draft):
            self.desk.error(draft.line.number, role, _("You may not say who answers for this asset."))
            return
        before = ", ".join(str(row.owner) for row in current)
        draft.outcome.changes.append((str(role), before, str(owner) if owner else ""))
        if owner:
            self.plan.owners.append((draft.asset, owner, Post(role)))
        else:
            self.plan.endings += current

    def _may_assign(self, draft: Draft) -> bool:
        if draft.outcome.is_new:
            return self.assign.covers(standing_on(draft.asset.location))
        return _reaches(self.assign, draft.asset)

    def _rules(self, draft: Draft) -> None:
        if draft.outcome.is_new:
            return
        asset, line = draft.asset, draft.line
        was = loaded(asset)["status"]
        running = self.running.get(asset.pk, "")
        for reason in status_blockers(tag=asset.tag, old=was, new=asset.status, altered_by=running):
            self.desk.error(line.number, "status", str(reason))
        for reason in correction_blockers(
            tag=asset.tag,
            status=was,
            changed=draft.touched,
            reason=self.desk.reason,
            is_authorised=bool(running),
        ):
            self.desk.error(line.number, "", str(reason))
        if draft.touched and was == Status.RETIRED:
            self.desk.warn(line.number, "", _("This asset is retired."))
        if asset.zone and asset.zone.site_id != asset.site_id:
            self.desk.error(line.number, "zone", _("The zone belongs to another site."))


def _column(key: str) -> Column:
    return next(column for column in columns.PLAIN if column.key == key)


def loaded(asset: Asset) -> dict[str, Any]:
    """The columns of an asset as they were read from the database."""
    names, values = asset._loaded  # type: ignore[attr-defined]
    return dict(zip(names, values, strict=True))


def _reaches(scope: Scope, asset: Asset) -> bool:
    if asset.pk is None:
        return True  # made by an earlier row of the same file
    return scope.covers([loaded(asset)["location_id"]]) or asset.pk in scope.asset_ids
