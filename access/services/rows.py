"""Compiling grants into the rows that are enforced."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission

from access.models import (
    FAR_FUTURE,
    AssetGroupPermission,
    AssetUserPermission,
    Grant,
    LocationGroupPermission,
    LocationUserPermission,
    Role,
)
from plantgov.core.clock import now

MODELS: tuple[Any, ...] = (
    LocationUserPermission,
    LocationGroupPermission,
    AssetUserPermission,
    AssetGroupPermission,
)


def permissions_named(names: Iterable[str]) -> list[Permission]:
    """The permissions with these names (`app.codename`); what no installed model declares is left out."""
    wanted = {tuple(name.split(".", 1)) for name in names}
    found = Permission.objects.filter(codename__in={code for _app, code in wanted})
    rows = found.select_related("content_type")
    return [row for row in rows if (row.content_type.app_label, row.codename) in wanted]


def compile_grants(grants: Iterable[Grant], *, at: datetime) -> int:
    """Write the enforced rows of grants anew; none for what is revoked or over. Returns how many."""
    grants = list(grants)
    for model in MODELS:
        model.objects.filter(grant__in=[grant.pk for grant in grants]).delete()
    permissions: dict[int, list[Permission]] = {}
    rows: dict[Any, list[Any]] = {}
    for grant in grants:
        if grant.revoked_at is not None or (grant.until_at and grant.until_at <= at):
            continue
        if grant.role_id not in permissions:
            permissions[grant.role_id] = permissions_named(grant.role.permissions)
        for permission in permissions[grant.role_id]:
            row = _row(grant, permission)
            rows.setdefault(type(row), []).append(row)
    for model, made in rows.items():
        model.objects.bulk_create(made, batch_size=2000)
    return sum(len(made) for made in rows.values())


def _row(grant: Grant, permission: Permission) -> Any:
    window = {"grant": grant, "from_at": grant.from_at, "until_at": grant.until_at or FAR_FUTURE}
    if grant.user:
        model: Any = LocationUserPermission if grant.location else AssetUserPermission
        return model(user=grant.user, permission=permission, content_object=grant.place, **window)
    assert grant.team is not None  # noqa: S101 - told to the type checker; a constraint holds it
    model = LocationGroupPermission if grant.location else AssetGroupPermission
    return model(group=grant.team.group, permission=permission, content_object=grant.place, **window)


def recompile(role: Role, *, at: datetime) -> int:
    """Write the enforced rows of every living grant of a role anew."""
    grants = Grant.objects.filter(role=role, revoked_at=None).exclude(until_at__lte=at)
    related = ("role", "user", "team__group", "location", "asset")
    return compile_grants(grants.select_related(*related), at=at)


def is_current(role: Role, *, at: datetime) -> bool:
    """Whether the rows of a role's living grants carry exactly its permissions, as far as they exist."""
    wanted = {row.pk for row in permissions_named(role.permissions)}
    living = Grant.objects.filter(role=role, revoked_at=None).exclude(until_at__lte=at)
    found: dict[int, set[int]] = {pk: set() for pk in living.values_list("pk", flat=True)}
    for model in MODELS:
        for grant, permission in model.objects.filter(grant__in=living).values_list("grant", "permission"):
            found[grant].add(permission)
    return all(held == wanted for held in found.values())


def tidy(*, at: datetime) -> int:
    """Delete enforced rows whose time is over; they grant nothing anyhow, their grants stay."""
    return sum(model.objects.filter(until_at__lte=at).delete()[0] for model in MODELS)


def sweep() -> int:
    """The same, as a sweep of the beat."""
    return tidy(at=now())
