"""Files of relations: source, kind, target."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.models import Asset, Relation
from assets.services.imports.lookup import Assets, Places
from assets.services.imports.sheet import KEEP, Column, Desk, Line, Outcome, value_of, words_for
from assets.services.rows import insert_all
from assets.states import RelationKind
from plantgov.audit.services.entries import write
from plantgov.core.scope import may

SITE = Column(
    "site", gettext_lazy("Site"), most=150, help=gettext_lazy("Where a tag stands in several sites")
)
SOURCE = Column("source_tag", gettext_lazy("From"), True, False, 60, synonyms=("source", "from", "from tag"))
KIND = Column(
    "type",
    gettext_lazy("Relation"),
    True,
    False,
    choices=words_for(RelationKind.choices, communicates="communicates_with", redundant="redundant_with"),
    synonyms=("kind", "relation", "relationship"),
)
TARGET = Column("target_tag", gettext_lazy("To"), True, False, 60, synonyms=("target", "to", "to tag"))
NOTE = Column("note", gettext_lazy("Note"), synonyms=("notes", "comment", "description"))


class RelationImporter:
    """Relations between assets that are in the register."""

    columns = (SOURCE, KIND, TARGET, SITE, NOTE)

    def check(self, lines: list[Line], desk: Desk) -> list[tuple[Relation, bool]]:
        """Look at every row; gives what to write, each with whether it is new."""
        assets, places = Assets(desk.user), Places(desk.user)
        known = {
            (row.source_id, row.kind, row.target_id): row
            for row in Relation.objects.visible_to(desk.user).select_related("source")
        }
        plan: list[tuple[Relation, bool]] = []
        seen: set[tuple[Any, ...]] = set()
        for line in lines:
            ends = self._ends(line, assets, places, desk)
            kind = value_of(line, KIND, desk)
            if ends is None or kind is KEEP:
                continue
            key = (ends[0].pk, kind, ends[1].pk)
            if key in seen:
                desk.warn(line.number, "", _("This relation stands in the file twice."))
                continue
            seen.add(key)
            self._one(line, ends, kind, known.get(key), desk, plan)
        return plan

    def _ends(self, line: Line, assets: Assets, places: Places, desk: Desk) -> tuple[Asset, Asset] | None:
        named = line.text("site")
        site = places.find(line, named, desk, column="site") if named else None
        if named and site is None:
            return None
        found = []
        for column in (SOURCE, TARGET):
            tag = value_of(line, column, desk)
            if tag is KEEP:
                if not line.text(column.key):
                    desk.error(line.number, column.key, _("Every row needs this."))
                continue
            found.append(
                assets.find(line, tag, desk, column=column.key, site=site if column is SOURCE else None)
            )
        if len(found) != 2 or found[0] is None or found[1] is None:
            return None
        if found[0] is found[1]:
            desk.error(line.number, TARGET.key, _("An asset can't be related to itself."))
            return None
        return found[0], found[1]

    def _one(
        self,
        line: Line,
        ends: tuple[Asset, Asset],
        kind: str,
        found: Relation | None,
        desk: Desk,
        plan: list[tuple[Relation, bool]],
    ) -> None:
        source, target = ends
        outcome = Outcome(line.number, f"{source.tag} {kind} {target.tag}", is_new=found is None)
        row = found or Relation(source=source, kind=kind, target=target)
        note = value_of(line, NOTE, desk)
        if note is not KEEP and note != row.note:
            outcome.changes.append(("note", row.note, note))
            row.note = note
        if outcome.what != "unchanged":
            if not may(desk.user, "assets.change_asset", source):
                desk.error(line.number, SOURCE.key, _("You may see this asset, but not change it."))
            plan.append((row, outcome.is_new))
        desk.outcomes.append(outcome)

    def write(self, checked: list[tuple[Relation, bool]], desk: Desk) -> None:
        """Write the new ones in one go and the changed ones one by one."""
        how: dict[str, Any] = {"by": desk.user, "at": desk.at, "reason": desk.reason}
        new = [row for row, is_new in checked if is_new]
        insert_all(new, [row.source for row in new], action="assets.relation.added", **how)
        for row, is_new in checked:
            if not is_new:
                write(row, action="assets.relation.changed", thing=row.source, **how)
