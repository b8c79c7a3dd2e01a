"""Security zones."""

from django.db import transaction
from django.utils.translation import gettext as _

from assets.models import Location, Zone
from assets.services.rows import checked
from assets.states import LocationKind
from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User


@transaction.atomic
def add_zone(site: Location, name: str, *, by: User, description: str = "", reason: str = "") -> Zone:
    """Add a security zone to a site."""
    require(by, "assets.add_zone", site)
    if site.kind != LocationKind.SITE:
        raise BadInput({"site": [_("A zone belongs to a site.")]})
    row = Zone(site=site, name=name.strip(), description=description)
    checked(row)
    return write(row, by=by, action="assets.zone.added", reason=reason)


@transaction.atomic
def change_zone(
    zone: Zone, name: str, *, by: User, description: str = "", revision: int | None = None, reason: str = ""
) -> Zone:
    """Rename or describe a zone."""
    row = Zone.objects.select_for_update(of=("self",)).get(pk=zone.pk)
    require(by, "assets.change_zone", row)
    require_revision(row, revision)
    row.name, row.description = name.strip(), description
    checked(row)
    return write(row, by=by, action="assets.zone.changed", reason=reason)
