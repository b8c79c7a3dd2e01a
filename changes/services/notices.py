"""Telling: an event for other apps, and an inbox item with mail for whoever can act now."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import NoReverseMatch, reverse

from changes.models import Change, CheckRun
from changes.selectors.facts import Dossier
from changes.selectors.people import able_to
from changes.states import TRANSITIONS, State
from plantgov.people.models import User
from plantgov.workspace.models import InboxItem
from plantgov.workspace.services import inbox, outbox

# In each state, what somebody has to do next.
NEXT: dict[str, tuple[str, ...]] = {
    State.DRAFT: ("submit",),
    State.ASSESSMENT: ("assess",),
    State.APPROVAL: ("approve",),
    State.SCHEDULED: ("release", "start"),
    State.IMPLEMENTING: ("complete",),
    State.ON_HOLD: ("resume",),
    State.BACKING_OUT: ("backed_out",),
    State.VERIFICATION: ("close",),
}


def moved(name: str, change: Change, *, by: User, at: datetime, reason: str = "") -> None:
    """A change moved: say so to other apps, and to those for whom something waits now."""
    facts = {"transition": name, "state": change.state, "reference": change.reference, "reason": reason}
    outbox.announce(f"changes.{name}", change, by=by, facts=facts, at=at)
    waiting(Dossier(change, at))
    if name not in ("submit", "expire"):
        _tell_requester(name, change, by=by, at=at, reason=reason)


def waiting(dossier: Dossier) -> None:
    """End what waited for this change, and tell those who can act now."""
    change, wanted = dossier.change, NEXT.get(dossier.change.state, ())
    for name in {name for names in NEXT.values() for name in names} - set(wanted):
        inbox.done(change, _kind(name))
    for name in wanted:
        users = able_to(dossier, name)
        _end_for_others(change, _kind(name), users, at=dossier.at)
        inbox.tell(
            users,
            kind=_kind(name),
            thing=change,
            title=f"{TRANSITIONS[name].label}: {change}",
            body=change.description,
            url=url_of(change),
            at=dossier.at,
            due_at=change.due_at or change.window_from,
            is_task=True,
        )


def _end_for_others(change: Change, kind: str, users: Iterable[User], *, at: datetime) -> None:
    """It no longer waits for those who were told before and cannot act any more."""
    rows = InboxItem.objects.filter(thing_uid=change.uid, kind=kind, done_at=None)
    rows.exclude(user__in=users).update(done_at=at)


def _kind(name: str) -> str:
    return f"changes.waiting.{name}"


def _tell_requester(name: str, change: Change, *, by: User, at: datetime, reason: str) -> None:
    if change.requested_by_id == by.pk:
        return
    title = f"{TRANSITIONS[name].label}: {change}"
    inbox.tell(
        [change.requested_by],
        kind=f"changes.told.{name}",
        thing=change,
        title=title,
        body=reason,
        url=url_of(change),
        at=at,
    )


def gate_finished(run: CheckRun) -> None:
    """A run of a gate came to its end."""
    facts = {"phase": run.phase, "state": run.state, "verdict": run.verdict, "run": str(run.uid)}
    at = run.finished_at or run.requested_at
    outbox.announce("changes.gate", run.change, by=run.requested_by, facts=facts, at=at)


def url_of(change: Change) -> str:
    """The page of a change; empty where there is no portal."""
    try:
        return reverse("changes:detail", args=[change.reference])
    except NoReverseMatch:
        return ""
