"""Approved configurations, in versions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from assets.models import Asset, Baseline
from assets.services.rows import checked
from plantgov.audit.services.entries import write
from plantgov.core.scope import require
from plantgov.people.models import Signature, User


@dataclass(frozen=True)
class Configuration:
    """What an asset is approved to run."""

    firmware: str = ""
    program_name: str = ""
    program_fingerprint: str = ""
    change_counter: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ThroughChange:
    """The change through which a baseline came about."""

    uid: UUID
    reference: str


@transaction.atomic
def adopt(
    asset: Asset,
    configuration: Configuration,
    *,
    by: User,
    at: datetime,
    signature: Signature | None = None,
    change: ThroughChange | None = None,
    reason: str = "",
) -> Baseline:
    """Make `configuration` the approved one of `asset`. A change carries its own right; else one is needed."""
    Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    if change is None:
        require(by, "assets.adopt_baseline", asset)
    last = Baseline.objects.filter(asset=asset).order_by("-version").first()
    for row in Baseline.objects.filter(asset=asset, is_current=True):
        row.is_current = False
        write(row, by=by, action="assets.baseline.superseded", thing=asset, at=at)
    row = Baseline(
        asset=asset,
        version=last.version + 1 if last else 1,
        **vars(configuration),
        approved_by=by,
        approved_at=at,
        signature=signature,
        change_uid=change.uid if change else None,
        change_reference=change.reference if change else "",
        reason=reason,
    )
    checked(row)
    return write(row, by=by, action="assets.baseline.adopted", thing=asset, at=at, reason=reason)
