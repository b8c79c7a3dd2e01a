"""Files of security zones."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.models import Zone
from assets.services.imports.lookup import Places
from assets.services.imports.sheet import KEEP, Column, Desk, Line, Outcome, value_of
from assets.states import LocationKind
from plantgov.audit.services.entries import write_all
from plantgov.core.scope import may

SITE = Column("site", gettext_lazy("Site"), True, False, 150, synonyms=("path", "location", "plant"))
NAME = Column("zone", gettext_lazy("Zone"), True, False, 150, synonyms=("name", "zone name", "security zone"))
DESCRIPTION = Column("description", gettext_lazy("Description"), most=500, synonyms=("notes", "comment"))


class ZoneImporter:
    """Zones, matched by site and name."""

    columns = (SITE, NAME, DESCRIPTION)

    def check(self, lines: list[Line], desk: Desk) -> list[Zone]:
        """Look at every row."""
        places = Places(desk.user)
        known = {(row.site_id, row.name.casefold()): row for row in Zone.objects.visible_to(desk.user)}
        plan: list[Zone] = []
        seen: set[tuple[int, str]] = set()
        for line in lines:
            zone = self._zone(line, places, known, desk)
            if zone is None:
                continue
            key = (zone.site_id, zone.name.casefold())
            if key in seen:
                desk.error(line.number, NAME.key, _("This zone stands in the file twice."))
                continue
            seen.add(key)
            self._describe(line, zone, desk, plan)
        return plan

    def _zone(
        self, line: Line, places: Places, known: dict[tuple[int, str], Zone], desk: Desk
    ) -> Zone | None:
        name, where = value_of(line, NAME, desk), value_of(line, SITE, desk)
        for column, value in ((NAME, name), (SITE, where)):
            if value is KEEP and not line.text(column.key):
                desk.error(line.number, column.key, _("Every row needs this."))
        site = places.find(line, where, desk, column=SITE.key) if where is not KEEP else None
        if site is None or name is KEEP:
            return None
        if site.kind != LocationKind.SITE:
            desk.error(line.number, SITE.key, _("A zone belongs to a site."))
            return None
        return known.get((site.pk, name.casefold())) or Zone(site=site, name=name)

    def _describe(self, line: Line, zone: Zone, desk: Desk, plan: list[Zone]) -> None:
        outcome = Outcome(line.number, zone.name, is_new=zone.pk is None)
        text = value_of(line, DESCRIPTION, desk)
        if text is not KEEP and text != zone.description:
            outcome.changes.append(("description", zone.description, text))
            zone.description = text
        desk.outcomes.append(outcome)
        if outcome.what == "unchanged":
            return
        permission = "assets.add_zone" if outcome.is_new else "assets.change_zone"
        if not may(desk.user, permission, zone):
            desk.error(line.number, NAME.key, _("You may not keep the zones of this site."))
        plan.append(zone)

    def write(self, checked: list[Zone], desk: Desk) -> None:
        """Write them in one go."""
        how: dict[str, Any] = {"by": desk.user, "at": desk.at, "reason": desk.reason}
        write_all([row for row in checked if row.pk is None], action="assets.zone.added", **how)
        write_all([row for row in checked if row.pk is not None], action="assets.zone.changed", **how)
