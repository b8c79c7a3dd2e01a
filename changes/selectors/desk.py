"""Many changes at once: what lists show and what waits for somebody, in a constant number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from assets.selectors import settings_of
from changes.models import Change
from changes.rules import approvals as approval_rules
from changes.rules.approvals import Asked, Decision, open_stage, stage_blockers
from changes.rules.transitions import Standing, permission_blockers, person_blockers
from changes.selectors.facts import Dossier
from changes.states import TERMINAL, TRANSITIONS, Role, State
from plantgov.core.scope import may

NEXT = {
    State.DRAFT: "submit",
    State.ASSESSMENT: "assess",
    State.APPROVAL: "approve",
    State.IMPLEMENTING: "complete",
    State.ON_HOLD: "resume",
    State.BACKING_OUT: "backed_out",
    State.VERIFICATION: "close",
}


@dataclass(frozen=True)
class Waiting:
    """A change that waits for somebody to take one transition."""

    dossier: Dossier
    name: str

    @property
    def change(self) -> Change:
        """The change that waits."""
        return self.dossier.change


def changes_visible_to(user: Any) -> QuerySet[Change]:
    """The changes in view, with what every list shows."""
    return Change.objects.visible_to(user).select_related("location", "requested_by__person")


def dossiers_of(changes: Iterable[Change], *, at: datetime) -> list[Dossier]:
    """A dossier of each change, filled for all of them together."""
    rows = list(changes)
    found = [Dossier(change, at) for change in rows]
    if not rows:
        return found
    _fill(found, Change.objects.filter(pk__in=[change.pk for change in rows]))
    return found


def _fill(dossiers: Sequence[Dossier], rows: QuerySet[Change]) -> None:
    related = rows.select_related("location").prefetch_related(
        "covered__asset__location",
        "covered__asset__site",
        "involved__person",
        "requirements",
        "approvals__person",
        "releases__person",
    )
    full = {change.pk: change for change in related}
    places = {a.asset.location for c in full.values() for a in c.covered.all()} | {
        c.location for c in full.values()
    }
    settings = settings_of(places)
    for dossier in dossiers:
        change = full[dossier.change.pk]
        dossier.covered = list(change.covered.all())
        dossier.involved = [row for row in change.involved.all() if row.until_at is None]
        dossier.decisions = [
            Decision(row.requirement_id, row.person_id, row.person.name, row.decision, row.decided_at)
            for row in change.approvals.all()
            if row.superseded_at is None
        ]
        asked = [
            Asked(row.pk, row.stage, row.stage_name, row.label, row.permission, row.count)
            for row in change.requirements.all()
            if row.round == change.round
        ]
        dossier.asked = approval_rules.progress(asked, dossier.decisions)
        dossier.release = next(iter(change.releases.all()), None)
        ids = {row.asset.location_id for row in dossier.covered} or {change.location_id}
        dossier.settings = [settings[pk] for pk in ids]


def next_move(dossier: Dossier) -> str:
    """The transition that a change waits for; "" when it is over."""
    if dossier.change.state != State.SCHEDULED:
        return NEXT.get(State(dossier.change.state), "")
    return "start" if _is_released(dossier) else "release"


def _is_released(dossier: Dossier) -> bool:
    release = dossier.release
    fits = release is not None and release.content_digest == dossier.change.content_digest
    return bool(fits and release and release.used_at is None and release.valid_until >= dossier.at)


def waits_for(dossier: Dossier, user: Any) -> str:
    """The transition that this change waits for this user to take, by the rules that the services keep; "" if none."""
    name = next_move(dossier)
    if not name:
        return ""
    row = TRANSITIONS[name]
    standing = _standing(dossier, user, {who.permission for who in row.who})
    if permission_blockers(row, standing) or person_blockers(row, standing):
        return ""
    if name == "approve" and standing.person_id is not None:
        held = standing.held
        if stage_blockers(dossier.asked, dossier.decisions, person_id=standing.person_id, held=held):
            return ""
    return name


def _standing(dossier: Dossier, user: Any, permissions: set[str]) -> Standing:
    """Who `user` is to a change, as far as these permissions go; each is resolved once per user."""
    person = getattr(user, "person", None)
    return Standing(
        person_id=person.pk if person else None,
        name=str(user),
        held=frozenset(permission for permission in permissions if may(user, permission, dossier.change)),
        acts=dossier.acts,
        profile=dossier.profile,
        risk=dossier.change.risk,
    )


def waiting_for(user: Any, *, at: datetime) -> list[Waiting]:
    """Every change that waits for this user, the soonest due first.

    Worked out once per user object, and so once per request, however often a page asks.
    """
    memo: dict[str, list[Waiting]] = user.__dict__.setdefault("_waiting", {})
    if "changes" not in memo:
        memo["changes"] = _waiting_for(user, at=at)
    return memo["changes"]


def _waiting_for(user: Any, *, at: datetime) -> list[Waiting]:
    rows = changes_visible_to(user).exclude(state__in=TERMINAL)
    found = [Waiting(dossier, waits_for(dossier, user)) for dossier in dossiers_of(rows, at=at)]
    mine = [row for row in found if row.name]
    return sorted(mine, key=lambda row: row.change.due_at or row.change.requested_at)


def whom(dossier: Dossier) -> list[str]:
    """For whom a change waits: names where persons are named, else what is asked for."""
    name = next_move(dossier)
    if name == "approve":
        return [f"{row.missing} × {row.label}" for row in open_stage(dossier.asked) if row.missing]
    role = next((who.role for who in TRANSITIONS[name].who if who.role), None) if name else None
    return sorted(dossier.acts.get(Role(role), {}).values()) if role else []
