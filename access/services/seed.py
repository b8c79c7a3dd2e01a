"""The roles that ship, brought into the database after every migrate."""

from django.db import transaction

from access.models import Role
from access.roles import ROLES, RoleSpec
from access.services.grants import recompile
from plantgov.audit.services.entries import write
from plantgov.people.services.accounts import INSTALLER


@transaction.atomic
def seed_roles() -> None:
    """Add roles that are missing; one that an installation has changed itself (version > 1) is left alone."""
    for spec in ROLES:
        role = Role.objects.filter(key=spec.key).first()
        if role is None:
            write(Role(key=spec.key, **_values(spec)), by=INSTALLER, action="access.role.added")
        elif role.version == 1 and sorted(role.permissions) != sorted(spec.permissions):
            role.permissions = sorted(spec.permissions)
            write(
                role, by=INSTALLER, action="access.role.updated", reason="Ships with this version of PlantGov"
            )
        if role is not None:
            recompile(role)


def _values(spec: RoleSpec) -> dict[str, object]:
    return {
        "title": str(spec.title),
        "sentence": str(spec.sentence),
        "permissions": sorted(spec.permissions),
        "risk": spec.risk,
        "max_days": spec.max_days,
    }
