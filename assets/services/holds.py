"""Stop and go: holds that stop work, authorisations that allow it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localtime

from assets.models import Asset, Authorisation, Hold, Location
from assets.rules import ALREADY_AUTHORISED, HOLD_ENDED
from plantgov.audit.services.entries import Acting, write
from plantgov.core.errors import Refused
from plantgov.core.scope import require
from plantgov.people.models import User


@transaction.atomic
def place_hold(
    target: Asset | Location, *, by: User, reason: str, at: datetime, expires_at: datetime | None = None
) -> Hold:
    """Stop work on an asset or a place and everything below it."""
    require(by, "assets.place_hold", target)
    is_asset = isinstance(target, Asset)
    row = Hold(
        asset=target if is_asset else None,
        location=None if is_asset else target,
        reason=reason,
        placed_by=by,
        placed_at=at,
        expires_at=expires_at,
        location_ids=target.scope_location_ids(),
    )
    return write(row, by=by, action="assets.hold.placed", reason=reason, at=at, thing=target)


@transaction.atomic
def lift_hold(hold: Hold, *, by: User, reason: str, at: datetime) -> Hold:
    """Lift a hold."""
    row = Hold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    require(by, "assets.lift_hold", row)
    if row.lifted_at is not None:
        raise Refused(HOLD_ENDED())
    row.lifted_at, row.lifted_by, row.lift_reason = at, by, reason
    return write(
        row, by=by, action="assets.hold.lifted", reason=reason, at=at, thing=row.asset or row.location
    )


@transaction.atomic
def authorise(asset: Asset, *, change_uid: UUID, reference: str, by: Acting, at: datetime) -> Authorisation:
    """Let a running change alter an asset; refused while another one does."""
    Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    current = Authorisation.objects.filter(asset=asset, ended_at=None).first()
    if current and current.change_uid == change_uid:
        return current
    if current:
        since = f"{localtime(current.from_at):%d %b %H:%M}"
        raise Refused(ALREADY_AUTHORISED(tag=asset.tag, reference=current.change_reference, since=since))
    row = Authorisation(asset=asset, change_uid=change_uid, change_reference=reference, from_at=at)
    return write(row, by=by, action="assets.authorisation.given", thing=asset, at=at)


@transaction.atomic
def end_authorisations(change_uid: UUID, *, by: Acting, at: datetime) -> int:
    """End everything that a change was allowed to alter."""
    rows = list(
        Authorisation.objects.select_for_update(of=("self",)).filter(change_uid=change_uid, ended_at=None)
    )
    for row in rows:
        row.ended_at = at
        write(row, by=by, action="assets.authorisation.ended", thing=row.asset, at=at)
    return len(rows)
