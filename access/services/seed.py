"""The roles that ship, brought into the database after every migrate."""

from typing import Any

from django.db import transaction

from access.models import Role
from access.roles import ROLES, RoleSpec
from access.services.rows import is_current, recompile
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.people.services.accounts import INSTALLER


@transaction.atomic
def seed_roles() -> None:
    """Add roles that are missing and bring the rest up to what ships.

    A role that an installation has changed itself (version > 1) is left alone. Grants are compiled anew where
    their rows lack a permission that exists now, such as one that came with a new app.
    """
    at = now()
    known = {role.key: role for role in Role.objects.select_for_update()}
    for spec in ROLES:
        role = known.get(spec.key) or Role(key=spec.key)
        if role.version == 1:
            _set(role, spec)
            action = "access.role.added" if role._state.adding else "access.role.updated"
            write(role, by=INSTALLER, action=action, reason="Ships with PlantGov", at=at)
        if not is_current(role, at=at):
            recompile(role, at=at)


def _set(role: Role, spec: RoleSpec) -> None:
    values: dict[str, Any] = {
        "title": str(spec.title),
        "sentence": str(spec.sentence),
        "permissions": sorted(spec.permissions),
        "risk": spec.risk,
        "max_days": spec.max_days,
    }
    for name, value in values.items():
        setattr(role, name, value)
