"""Stop and go: holds that stop work, authorisations that allow it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from assets.models import Asset, Authorisation, Hold, Location
from assets.rules import ALREADY_AUTHORISED, HOLD_ENDED, moment
from assets.services.rows import checked
from plantgov.audit.services.entries import Acting, write
from plantgov.core.errors import BadInput, Refused
from plantgov.core.scope import require
from plantgov.people.models import User


@transaction.atomic
def place_hold(
    target: Asset | Location, *, by: User, reason: str, at: datetime, expires_at: datetime | None = None
) -> Hold:
    """Stop work on an asset, or on a place and everything below it."""
    require(by, "assets.place_hold", target)
    if expires_at and expires_at <= at:
        raise BadInput({"expires_at": [_("Choose a moment in the future.")]})
    where = {"asset": target} if isinstance(target, Asset) else {"location": target}
    row = Hold(reason=reason.strip(), placed_by=by, placed_at=at, expires_at=expires_at, **where)
    checked(row)
    return write(row, by=by, action="assets.hold.placed", reason=reason, at=at, thing=target)


@transaction.atomic
def lift_hold(hold: Hold, *, by: User, reason: str, at: datetime) -> Hold:
    """Lift a hold, with the reason."""
    row = Hold.objects.select_for_update(of=("self",)).get(pk=hold.pk)
    require(by, "assets.lift_hold", row)
    if row.lifted_at is not None:
        raise Refused(HOLD_ENDED(name=row.lifted_by, at=moment(row.lifted_at)))
    if not reason.strip():
        raise BadInput({"reason": [_("Say why work may go on.")]})
    row.lifted_at, row.lifted_by, row.lift_reason = at, by, reason.strip()
    return write(
        row, by=by, action="assets.hold.lifted", reason=reason, at=at, thing=row.asset or row.location
    )


@transaction.atomic
def authorise(
    asset: Asset,
    *,
    change_uid: UUID,
    reference: str,
    by: Acting,
    at: datetime,
    until_at: datetime | None = None,
) -> Authorisation:
    """Let a running change alter an asset; refused while another one does. The change brings the right."""
    Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    current = Authorisation.objects.filter(asset=asset, ended_at=None).first()
    if current and current.change_uid == change_uid:
        return current
    if current:
        raise Refused(
            ALREADY_AUTHORISED(
                tag=asset.tag, reference=current.change_reference, since=moment(current.from_at)
            )
        )
    row = Authorisation(
        asset=asset, change_uid=change_uid, change_reference=reference, from_at=at, until_at=until_at
    )
    return write(row, by=by, action="assets.authorisation.given", thing=asset, at=at)


@transaction.atomic
def end_authorisations(change_uid: UUID, *, by: Acting, at: datetime, reason: str = "") -> int:
    """End everything that a change was allowed to alter; returns how many that were."""
    open_rows = Authorisation.objects.filter(change_uid=change_uid, ended_at=None)
    rows = list(open_rows.select_for_update(of=("self",)).select_related("asset").order_by("pk"))
    for row in rows:
        row.ended_at = at
        write(row, by=by, action="assets.authorisation.ended", thing=row.asset, at=at, reason=reason)
    return len(rows)
