"""Putting an approved change into its window, and ending those whose window went by."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from assets.models import Asset
from changes.models import Change
from changes.rules.approvals import approval_blockers
from changes.rules.policies import strictest
from changes.rules.work import conflict_blockers, future_window_blockers
from changes.selectors.facts import Dossier
from changes.selectors.windows import conflicts_of
from changes.services.moves import automatic, lock, move
from changes.states import State
from plantgov.core.clock import now
from plantgov.core.verdict import Reason
from plantgov.people.models import User
from plantgov.people.services.accounts import system_account

APPROVAL_MAX_AGE_D = 30
EXPIRABLE = (State.ASSESSMENT, State.APPROVAL, State.SCHEDULED)


def schedule_blockers(dossier: Dossier) -> list[Reason]:
    """What keeps an approved change from being scheduled."""
    found = approval_blockers(dossier.asked) + future_window_blockers(dossier.change, at=dossier.at)
    return found + conflict_blockers(conflicts_of(dossier))


def schedule_if_free(dossier: Dossier, *, by: User) -> bool:
    """Schedule a locked change when it is approved and its window is free; else it waits for that."""
    if dossier.change.state != State.APPROVAL:
        return False
    _lock_assets(dossier)
    if schedule_blockers(dossier):
        return False
    dossier.change.scheduled_at = dossier.at
    move(automatic("schedule", dossier, by=by))
    return True


def _lock_assets(dossier: Dossier) -> None:
    """Two changes that want one asset are scheduled one after the other."""
    ids = sorted(row.asset_id for row in dossier.covered)
    list(Asset.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))


def approvals_until(dossier: Dossier) -> datetime:
    """Approvals do not last for ever: when the first of them is too old."""
    days = strictest(dossier.bodies, "approval_max_age_d", APPROVAL_MAX_AGE_D)
    return min((one.at for one in dossier.decisions), default=dossier.at) + timedelta(days=days)


def sweep() -> int:
    """Schedule what waited for a free window, and expire what went by."""
    at = now()
    waiting = Change.objects.filter(state=State.APPROVAL, approved_at__isnull=False, window_until__gt=at)
    done = sum(_try(pk, at=at) for pk in waiting.values_list("pk", flat=True)[:100])
    over = Q(window_until__lte=at) | Q(approvals_until__lte=at)
    rows = Change.objects.filter(over, state__in=EXPIRABLE).values_list("pk", flat=True)[:100]
    return done + sum(_expire(pk, at=at) for pk in rows)


@transaction.atomic
def _try(change_id: int, *, at: datetime) -> bool:
    return schedule_if_free(lock(change_id, at=at), by=system_account("planner"))


@transaction.atomic
def _expire(change_id: int, *, at: datetime) -> bool:
    dossier = lock(change_id, at=at)
    change = dossier.change
    if change.state not in EXPIRABLE:
        return False
    gone = change.window_until is not None and change.window_until <= at
    why = _("The window went by.") if gone else _("The approvals are too old.")
    move(automatic("expire", dossier, by=system_account("planner"), reason=why))
    return True
