"""Raising a change, editing it, and naming who will carry it out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from assets.models import Asset, Location
from changes.models import Change, ChangeAsset, Involvement, Step
from changes.rules import risk
from changes.rules.reasons import WRONG_STATE
from changes.rules.separation import separation_blockers
from changes.rules.work import expectation_blockers
from changes.selectors import plant
from changes.selectors.facts import Dossier
from changes.services import content, policies, supersede
from changes.services import plant as register
from changes.services.moves import automatic, lock, move
from changes.states import UNDER_APPROVAL, WORK_BEGUN, Role, State
from plantgov.audit.services.entries import delete, write, write_all
from plantgov.core.clock import now
from plantgov.core.errors import FORBIDDEN, BadInput, Forbidden, Hidden, Refused, refuse_if, require_revision
from plantgov.core.scope import can_see, may, require
from plantgov.people.models import Person, User
from plantgov.workspace.services.references import next_reference

ASSIGNABLE = (Role.IMPLEMENTER, Role.VERIFIER)


@dataclass(frozen=True)
class AssetPlan:
    """An asset of a change with its expected states: `{"key", "phases", "value", "why"}` each."""

    asset: Asset
    expected: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True)
class ChangeDetails:
    """Everything that can be written about a change before it is worked on."""

    title: str
    location: Location
    description: str = ""
    justification: str = ""
    assets: Sequence[AssetPlan] = ()
    steps: Sequence[str] = ()
    risk_answers: dict[str, Any] = field(default_factory=dict)
    rollback_trigger: str = ""
    rollback_steps: str = ""
    rollback_max_min: int | None = None
    rollback_backup: str = ""
    window_from: datetime | None = None
    window_until: datetime | None = None


_FIELDS = (
    "title",
    "location",
    "description",
    "justification",
    "risk_answers",
    "rollback_trigger",
    "rollback_steps",
    "rollback_max_min",
    "rollback_backup",
    "window_from",
    "window_until",
)


def details_of(change: Change) -> ChangeDetails:
    """What is written in a change now, as the start of an edit."""
    covered = change.covered.select_related("asset__location")
    return ChangeDetails(
        **{name: getattr(change, name) for name in _FIELDS},
        assets=[AssetPlan(row.asset, row.expected) for row in covered],
        steps=[step.text for step in change.steps.all()],
    )


@transaction.atomic
def raise_change(
    details: ChangeDetails, *, by: User, implementers: Iterable[Person] = (), at: datetime | None = None
) -> Change:
    """Raise a change as a draft; `by` is its requester."""
    at = at or now()
    change = Change(requested_by=by, requested_at=at, reference=next_reference("CHG", at=at))
    _fill(change, details)
    if not may(by, "changes.add_change", change):
        raise Forbidden(FORBIDDEN(permission="changes.add_change"))
    _clean(change)
    change.content_digest = "-"
    write(change, by=by, action="changes.change.raised", at=at)
    _cover(change, details.assets, by=by, at=at)
    _plan(change, details.steps, by=by, at=at)
    if by.person:
        involve(change, Role.REQUESTER, by.person, by=by, at=at)
    for person in implementers:
        involve(change, Role.IMPLEMENTER, person, by=by, at=at)
    return _digested(Dossier(change, at), by=by)


@transaction.atomic
def edit(
    change_id: int | UUID,
    details: ChangeDetails,
    *,
    by: User,
    revision: int | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> Change:
    """Edit a change. A material edit after submission makes approvals void and sends it back to assessment."""
    dossier = lock(change_id, at=at or now())
    change = dossier.change
    _may_edit(change, by)
    require_revision(change, revision)
    before = content.content_of(dossier)
    _fill(change, details)
    require(by, "changes.view_change", change)
    _clean(change)
    write(change, by=by, action="changes.change.edited", reason=reason, at=dossier.at)
    _cover(change, details.assets, by=by, at=dossier.at)
    _plan(change, details.steps, by=by, at=dossier.at)
    edited = Dossier(change, dossier.at)
    if content.content_of(edited) == before:
        return change
    if by.person:
        involve(change, Role.EDITOR, by.person, by=by, at=dossier.at)
    return _after_material_edit(edited, by=by, reason=reason)


def _after_material_edit(dossier: Dossier, *, by: User, reason: str) -> Change:
    change = dossier.change
    if change.state == State.DRAFT:
        return _digested(dossier, by=by)
    supersede.approvals(dossier, by=by, reason=reason or "The change was edited.")
    change.round += 1
    fresh = Dossier(change, dossier.at)
    policies.attach(fresh, by=by)
    _digested(fresh, by=by)
    return (
        change if change.state == State.ASSESSMENT else move(automatic("amend", fresh, by=by, reason=reason))
    )


@transaction.atomic
def assign(
    change_id: int | UUID, people: Iterable[Person], *, role: Role, by: User, at: datetime | None = None
) -> Change:
    """Name who carries out the work, or who verifies it, in place of those named before. Four eyes count."""
    dossier = lock(change_id, at=at or now())
    change, wanted = dossier.change, {person.pk: person for person in people}
    _may_edit(change, by, also=tuple(WORK_BEGUN))
    if role not in ASSIGNABLE:
        raise BadInput(f"Nobody is named as {role} beforehand.")
    for person in wanted.values():
        refuse_if(
            separation_blockers(role, person.pk, dossier.acts, profile=dossier.profile, risk=change.risk)
        )
    for row in dossier.involved:
        if row.role == role and wanted.pop(row.person_id, None) is None and not _has_worked(change, row):
            row.until_at = dossier.at
            write(row, by=by, action=f"changes.{role}.unassigned", at=dossier.at, thing=change)
    for person in wanted.values():
        involve(change, role, person, by=by, at=dossier.at)
    if role == Role.IMPLEMENTER and change.state in WORK_BEGUN:
        register.give_access(dossier, wanted.values(), by=by)
    return change


def _has_worked(change: Change, row: Involvement) -> bool:
    """Who was an implementer when work began stays one for ever: four eyes would else be undone by a list."""
    return row.role == Role.IMPLEMENTER and change.started_at is not None


def involve(change: Change, role: Role, person: Person, *, by: User, at: datetime) -> None:
    """Note that a person has a role in a change; does nothing if it is known."""
    if change.involved.filter(role=role, person=person, until_at=None).exists():
        return
    row = Involvement(change=change, role=role, person=person, from_at=at)
    write(row, by=by, action=f"changes.{role}.named", at=at, thing=change)


def _may_edit(change: Change, by: User, *, also: Sequence[str] = ()) -> None:
    if not can_see(by, change):
        raise Hidden
    is_own = change.requested_by_id == by.pk and may(by, "changes.add_change", change)
    if not (is_own or may(by, "changes.change_change", change)):
        raise Forbidden(FORBIDDEN(permission="changes.change_change"))
    if change.state not in {State.DRAFT, *UNDER_APPROVAL, *also}:
        label = State(change.state).label
        raise Refused(WRONG_STATE(action="Edit", reference=change.reference, state=str(label)))


def _fill(change: Change, details: ChangeDetails) -> None:
    for name in _FIELDS:
        setattr(change, name, getattr(details, name))
    places = {plan.asset.location_id for plan in details.assets}
    change.location_ids = sorted(places or {details.location.pk})
    found = plant.settings_for([plan.asset for plan in details.assets], details.location)
    change.risk = risk.rate(plant.profile_of(found), details.risk_answers)


def _clean(change: Change) -> None:
    try:
        change.full_clean(exclude=["content_digest"])
    except ValidationError as error:
        raise BadInput(error.message_dict) from error


def _cover(change: Change, plans: Sequence[AssetPlan], *, by: User, at: datetime) -> None:
    """Make the covered assets those of `plans`."""
    known = {row.asset_id: row for row in change.covered.select_related("asset")}
    wanted = {plan.asset.pk: plan for plan in plans}
    for asset_id, row in known.items():
        if asset_id not in wanted:
            delete(row, by=by, action="changes.asset.removed", thing=change)
    rows = []
    for asset_id, plan in wanted.items():
        row = known.get(asset_id) or ChangeAsset(change=change, asset=plan.asset)
        row.expected = [dict(one) for one in plan.expected]
        rows.append(row)
    refuse_if(expectation_blockers(rows))
    write_all(rows, by=by, action="changes.asset.covered", at=at, thing=change)


def _plan(change: Change, texts: Sequence[str], *, by: User, at: datetime) -> None:
    """Make the steps those of `texts`, numbered from 1."""
    known = {step.number: step for step in change.steps.all()}
    for number, step in known.items():
        if number > len(texts):
            delete(step, by=by, action="changes.step.removed", thing=change)
    rows = []
    for number, text in enumerate(texts, start=1):
        row = known.get(number) or Step(change=change, number=number)
        row.text = text.strip()
        rows.append(row)
    write_all(rows, by=by, action="changes.step.planned", at=at, thing=change)


def _digested(dossier: Dossier, *, by: User) -> Change:
    change = dossier.change
    change.content_digest = content.content_digest(dossier)
    return write(change, by=by, action="changes.change.content", at=dossier.at)
