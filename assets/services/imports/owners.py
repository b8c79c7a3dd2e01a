"""Files that say who answers for which asset or place."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.selectors import current_ownerships
from assets.services import ownership
from assets.services.imports.lookup import Assets, Parties, Places
from assets.services.imports.sheet import KEEP, Column, Desk, Line, Outcome, value_of, words_for
from assets.services.ownership import Post
from assets.states import OwnerRole
from plantgov.core.scope import may
from plantgov.people.models import Person, Team

TAG = Column("asset_tag", gettext_lazy("Tag"), most=60, synonyms=("tag", "asset"))
PATH = Column(
    "path",
    gettext_lazy("Path"),
    most=1000,
    synonyms=("location", "site", "place"),
    help=gettext_lazy("Alone: the place itself. With a tag: the site of the asset."),
)
ROLE = Column("role", gettext_lazy("Role"), choices=words_for(OwnerRole.choices, owner="accountable"))
DISCIPLINE = Column("discipline", gettext_lazy("Discipline"), most=60)
OWNER = Column(
    "owner",
    gettext_lazy("Owner"),
    True,
    False,
    synonyms=("email", "e-mail", "person", "team"),
    help=gettext_lazy("E-mail address of a person, or name of a team"),
)
Wanted = tuple[Any, Person | Team, Post]


class OwnershipImporter:
    """Owners of assets and places; who was accountable before ends at the moment of the import."""

    columns = (TAG, PATH, ROLE, DISCIPLINE, OWNER)

    def check(self, lines: list[Line], desk: Desk) -> list[Wanted]:
        """Look at every row."""
        assets, places, parties = Assets(desk.user), Places(desk.user), Parties(desk.user)
        rows: list[tuple[Line, Wanted]] = []
        seen: set[tuple[Any, ...]] = set()
        for line in lines:
            thing = self._thing(line, assets, places, desk)
            wanted = self._wanted(line, thing, parties, desk)
            if wanted is None:
                continue
            single = wanted[2].role in ownership.SINGLE
            key = (wanted[0].uid, wanted[2], None if single else wanted[1])
            if key in seen:
                desk.error(line.number, OWNER.key, _("The file gives this role twice."))
                continue
            seen.add(key)
            rows.append((line, wanted))
        return self._compare(rows, desk)

    def _thing(self, line: Line, assets: Assets, places: Places, desk: Desk) -> Any:
        tag, path = line.text(TAG.key), line.text(PATH.key)
        if not tag and not path:
            desk.error(line.number, TAG.key, _("Name an asset by its tag, or a place by its path."))
            return None
        place = places.find(line, path, desk, column=PATH.key) if path else None
        if not tag or (path and place is None):
            return place
        return assets.find(line, tag, desk, column=TAG.key, site=place.site if place else None)

    def _wanted(self, line: Line, thing: Any, parties: Parties, desk: Desk) -> Wanted | None:
        text, role = value_of(line, OWNER, desk), value_of(line, ROLE, desk)
        discipline = value_of(line, DISCIPLINE, desk)
        if text is KEEP:
            if not line.text(OWNER.key):
                desk.error(line.number, OWNER.key, _("Every row needs this."))
            return None
        owner = parties.find(line, text, desk, column=OWNER.key)
        if thing is None or owner is None:
            return None
        if not may(desk.user, "assets.assign_ownership", thing):
            desk.error(line.number, OWNER.key, _("You may not say who answers for this."))
            return None
        post = Post(
            OwnerRole.ACCOUNTABLE if role in (KEEP, "") else role, "" if discipline is KEEP else discipline
        )
        return thing, owner, post

    def _compare(self, rows: list[tuple[Line, Wanted]], desk: Desk) -> list[Wanted]:
        known: dict[tuple[Any, str, str], list[Any]] = {}
        uids = [wanted[0].uid for _line, wanted in rows]
        for row in current_ownerships(desk.at).filter(thing_uid__in=uids):
            known.setdefault((row.thing_uid, row.role, row.discipline), []).append(row)
        plan: list[Wanted] = []
        for line, (thing, owner, post) in rows:
            current = known.get((thing.uid, post.role, post.discipline), [])
            outcome = Outcome(line.number, str(thing), is_new=not current)
            if not any(row.owner == owner for row in current):
                before = ", ".join(str(row.owner) for row in current)
                outcome.changes.append((str(post.role), before, str(owner)))
                plan.append((thing, owner, post))
            desk.outcomes.append(outcome)
        return plan

    def write(self, checked: list[Wanted], desk: Desk) -> None:
        """Hand over."""
        ownership.assign_all(checked, by=desk.user, at=desk.at, reason=desk.reason)
