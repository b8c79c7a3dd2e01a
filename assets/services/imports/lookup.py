"""Finding what a file names: places, zones, assets, owners; only among what the importer may use."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from assets.models import Asset, Location, Zone
from assets.selectors import zones_for
from assets.services.imports.sheet import Desk, Line, nearest
from assets.states import LEVELS, LocationKind
from plantgov.core.scope import scope_of
from plantgov.people.models import Person, Team, User

Path = tuple[str, ...]
SEPARATORS = ("/", "\\", ">")


def parts_of(text: str) -> list[str]:
    """`Site / Area / Line` as its names."""
    for separator in SEPARATORS[1:]:
        if "/" not in text and separator in text:
            text = text.replace(separator, "/")
    return [part.strip() for part in text.split("/") if part.strip()]


def fold(names: Iterable[str]) -> Path:
    """Names as compared."""
    return tuple(name.casefold() for name in names)


class Places:
    """The places in the importer's view by their path below the enterprise, and those the file will make."""

    def __init__(self, user: User) -> None:
        seen = list(Location.objects.visible_to(user).select_related("site"))
        names = dict(Location.objects.values_list("pk", "name"))
        self.root = (
            Location.objects.filter(kind=LocationKind.ENTERPRISE).values_list("name", flat=True).first()
        )
        self.by_path: dict[Path, Location] = {}
        self.shown: dict[Path, str] = {}
        for row in seen:
            below = [names[pk] for pk in row.path[1:]]
            self.add(below, row)
            if row.kind == LocationKind.SITE:
                self.add([row.slug], row, show=" / ".join(below))
        self.to_make: dict[Path, Location] = {}

    def add(self, names: list[str], row: Location, *, show: str = "") -> None:
        """Know a place by the names that lead to it."""
        self.by_path.setdefault(fold(names), row)
        self.shown.setdefault(fold(names), show or " / ".join(names))

    def find(self, line: Line, text: str, desk: Desk, *, column: str = "path") -> Location | None:
        """The place at the end of a path; noted as an error if there is none that the importer may use."""
        names = parts_of(text)
        if len(names) > 1 and self.root and names[0].casefold() == self.root.casefold():
            names = names[1:]
        found = self.by_path.get(fold(names))
        if found is not None:
            return found
        if desk.create_locations and len(names) > 1:
            made = self._make(line, names, desk)
            if made is not None:
                return made
        near = nearest(" / ".join(names), set(self.shown.values()))
        desk.error(
            line.number, column, _("There is no place “%(path)s” that you may use.") % {"path": text}, near
        )
        return None

    def _make(self, line: Line, names: list[str], desk: Desk) -> Location | None:
        """Plan the missing places below the nearest one there is, which must be in a site."""
        have = next((n for n in range(len(names) - 1, 0, -1) if fold(names[:n]) in self.by_path), 0)
        above = self.by_path.get(fold(names[:have]))
        if above is None or above.site is None or not self._may_make_below(above, desk.user):
            return None
        for end in range(have + 1, len(names) + 1):
            above = self._planned(names[:end], above)
        return above

    def _may_make_below(self, above: Location, user: User) -> bool:
        while above.pk is None and above.parent is not None:
            above = above.parent
        return scope_of(user, "assets.add_location").covers([above.pk])

    def _planned(self, names: list[str], above: Location) -> Location:
        level = min(LEVELS.index(LocationKind(above.kind)) + 1, len(LEVELS) - 1)
        row = Location(parent=above, name=names[-1][:150], kind=LEVELS[level], site=above.site)
        self.to_make[fold(names)] = row
        self.add(names, row)
        return row


def standing_on(place: Location) -> list[int]:
    """The existing place whose rights count for one that is still to be made."""
    while place.pk is None and place.parent is not None:
        place = place.parent
    return [place.pk]


class Assets:
    """The assets in the importer's view by site and tag."""

    def __init__(self, user: User) -> None:
        rows = Asset.objects.visible_to(user).select_related("site", "location", "zone", "parent")
        self.by_key: dict[tuple[int, str], Asset] = {}
        self.by_tag: dict[str, list[Asset]] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Asset) -> None:
        """Know one more, such as one that the file will make."""
        self.by_key[(row.site_id, row.tag.casefold())] = row
        self.by_tag.setdefault(row.tag.casefold(), []).append(row)

    def find(
        self, line: Line, tag: str, desk: Desk, *, column: str, site: Location | None = None
    ) -> Asset | None:
        """The asset with a tag, in one site if given; noted as an error if there is not exactly one."""
        rows = [row for row in self.by_tag.get(tag.casefold(), []) if site is None or row.site_id == site.pk]
        if len(rows) == 1:
            return rows[0]
        if rows:
            desk.error(
                line.number, column, _("Several sites have the tag “%(tag)s”; name the site.") % {"tag": tag}
            )
        else:
            known = [row.tag for rows in self.by_tag.values() for row in rows]
            desk.error(
                line.number,
                column,
                _("There is no asset “%(tag)s” that you may use.") % {"tag": tag},
                nearest(tag, known),
            )
        return None


class Zones:
    """The zones that the importer may name, by site."""

    def __init__(self, user: User) -> None:
        self.by_site: dict[int, dict[str, Zone]] = {}
        for row in zones_for(user):
            self.by_site.setdefault(row.site_id, {})[row.name.casefold()] = row

    def find(self, line: Line, name: str, site: Location, desk: Desk) -> Zone | None:
        """The zone with a name in a site."""
        known = self.by_site.get(site.pk, {})
        found = known.get(name.casefold())
        if found is None:
            names = [zone.name for zone in known.values()]
            message = _("%(site)s has no zone “%(zone)s” that you may use.") % {
                "site": site.name,
                "zone": name,
            }
            desk.error(line.number, "zone", message, nearest(name, names) or names[:8])
        return found


class Parties:
    """Persons by e-mail and teams by name, as far as the importer may see them."""

    def __init__(self, user: User) -> None:
        people = Person.objects.visible_to(user).filter(left_at=None)
        self.known: dict[str, Any] = {row.name.casefold(): row for row in Team.objects.visible_to(user)}
        self.known |= {row.email.casefold(): row for row in people if row.email}

    def find(self, line: Line, text: str, desk: Desk, *, column: str) -> Person | Team | None:
        """The person with an e-mail address, or the team with a name."""
        found: Person | Team | None = self.known.get(text.casefold())
        if found is None:
            near = nearest(text, [getattr(row, "email", "") or row.name for row in self.known.values()])
            message = _("“%(text)s” is no e-mail address or team that you may use.") % {"text": text}
            desk.error(line.number, column, message, near)
        return found
