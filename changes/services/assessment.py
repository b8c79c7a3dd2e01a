"""From the draft to the doors of approval, and back."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from changes.models import Change
from changes.rules.approvals import staffing_blockers
from changes.rules.reasons import NO_REQUIREMENT
from changes.rules.work import submit_blockers
from changes.selectors.facts import Dossier
from changes.selectors.people import approvers_possible, excluded_names
from changes.services import content, policies, supersede
from changes.services.drafts import involve
from changes.services.moves import begin, move
from changes.states import Role
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import refuse_if
from plantgov.core.verdict import Reason
from plantgov.people.models import User


@transaction.atomic
def submit(change_id: int | UUID, *, by: User, at: datetime | None = None) -> Change:
    """Hand a draft in: policies attach by themselves, their versions are pinned, the content is digested."""
    act = begin("submit", change_id, by=by, at=at or now())
    dossier, change = act.dossier, act.change
    refuse_if(completeness_blockers(dossier))
    if change.attachments.filter(round=change.round).exists():
        change.round += 1  # handed in before: a new round, the old requirements stay as history
    change.submitted_at = act.at
    write(change, by=by, action="changes.change.submitted", at=act.at)
    fresh = Dossier(change, act.at)
    policies.attach(fresh, by=by)
    change.content_digest = content.content_digest(fresh)
    refuse_if([] if fresh.asked else [NO_REQUIREMENT()])
    return move(replace(act, dossier=fresh))


def completeness_blockers(dossier: Dossier) -> list[Reason]:
    """What is missing before a change can be handed in."""
    return submit_blockers(
        dossier.change,
        assets=dossier.covered,
        step_count=len(dossier.steps),
        implementer_count=len(dossier.acts.get(Role.IMPLEMENTER, {})),
        at=dossier.at,
    )


def staffing(dossier: Dossier) -> list[Reason]:
    """A warning, not a refusal: too few persons exist who may give the approvals that are asked for."""
    return staffing_blockers(
        dossier.asked, approvers_possible(dossier), excluded=excluded_names(dossier, Role.APPROVER)
    )


@transaction.atomic
def finish(change_id: int | UUID, *, by: User, comment: str = "", at: datetime | None = None) -> Change:
    """Finish the assessment: from here on approvers are asked."""
    act = begin("assess", change_id, by=by, at=at or now(), reason=comment)
    refuse_if(completeness_blockers(act.dossier))
    assert by.person is not None  # noqa: S101 - begin() refused accounts without a person
    involve(act.change, Role.ASSESSOR, by.person, by=by, at=act.at)
    return move(act)


@transaction.atomic
def send_back(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """Return a change under assessment to its requester."""
    return move(begin("return", change_id, by=by, at=at or now(), reason=reason))


@transaction.atomic
def rework(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """Take a change back to the draft; approvals given so far are superseded."""
    act = begin("rework", change_id, by=by, at=at or now(), reason=reason)
    supersede.approvals(act.dossier, by=by, reason=reason)
    return move(act)


@transaction.atomic
def cancel(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """Cancel a change on which no work has begun."""
    return move(begin("cancel", change_id, by=by, at=at or now(), reason=reason))
