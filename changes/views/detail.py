"""The page of a change."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assets.models import Asset
from changes.forms import CommentForm
from changes.models import Change
from changes.rules import risk
from changes.rules.checks import shown
from changes.rules.reasons import GATE_CHECK
from changes.selectors import desk as lists
from changes.selectors.facts import Dossier
from changes.services import assessment
from changes.services.offers import Desk
from changes.states import ROLE_LABELS, TERMINAL, UNDER_APPROVAL, Phase, Role, State
from changes.views import Request, activity, present
from plantgov.core.clock import now
from plantgov.core.errors import Moved
from plantgov.core.scope import may
from plantgov.core.verdict import Reason
from plantgov.workspace.selectors import url_of

FRESH = timedelta(seconds=60)
RULE_NOTE = gettext_lazy(
    "Nobody approves what they requested or edited, and nobody verifies their own work. Your name, the time and "
    "what you saw are written to the audit log."
)


def change_or_404(request: Request, ref: str) -> Change:
    """The change with this reference, if the reader may see it."""
    return get_object_or_404(lists.changes_visible_to(request.user), reference=ref)


@login_required
@require_safe
def change_detail(request: Request, ref: str) -> HttpResponse:
    """A change: what, the state of the plant, and what the reader may do about it. Reads nothing of the plant."""
    return page(request, change_or_404(request, ref), auto=True)


def page(
    request: Request, change: Change, *, failed: present.Failed | None = None, auto: bool = False
) -> HttpResponse:
    """The whole page; with what was refused, where it was refused."""
    desk = Desk(Dossier(change, now()), request.user)
    context = {
        **aside(desk, failed=failed, auto=auto),
        **body(request, desk),
        "stages": present.stages_of(desk.dossier),
        "comment_form": CommentForm() if may(request.user, "workspace.add_comment", change) else None,
        "activity": activity.of_change(request.user, change),
    }
    status = failed.error.status if failed else 200
    with timezone.override(zone_of(desk.dossier)):
        return render(request, "changes/change_detail.html", context, status=status)


def aside(desk: Desk, *, failed: present.Failed | None = None, auto: bool = False) -> dict[str, Any]:
    """What the right-hand side shows: the decision first, then the gate that it rests on."""
    change, dossier = desk.dossier.change, desk.dossier
    buttons = present.buttons_of(desk, failed)
    in_dialog = any(button.is_open for button in buttons) and not isinstance(failed and failed.error, Moved)
    return {
        "change": change,
        "zone": zone_of(dossier),
        "status_code": present.status_code(change),
        "is_open": change.state not in TERMINAL,
        "is_enforced": dossier.is_enforced,
        "is_shut": bool(desk.gate.blockers),
        "buttons": buttons,
        "refused": failed.error.reasons if failed and not in_dialog else (),
        "refused_status": failed.error.status if failed else 409,
        "rule_note": RULE_NOTE,
        "waits_for": ", ".join(lists.whom(dossier)),
        "asked": dossier.asked,
        "roles": _roles(dossier),
        "holds": dossier.holds,
        "staffing": assessment.staffing(dossier) if change.state == State.ASSESSMENT else (),
        **gate(desk, auto=auto),
    }


def gate(desk: Desk, *, auto: bool) -> dict[str, Any]:
    """The gate of the phase that counts now."""
    dossier, change, phase = desk.dossier, desk.dossier.change, desk.phase
    running = dossier.running.get(phase)
    may_run = change.state not in TERMINAL and may(desk.user, "changes.check_change", change)
    visible = desk.visible_assets
    return {
        "phase": phase,
        "gate_title": present.GATE_TITLES[phase],
        "run": desk.run,
        "running": running,
        "gate_word": present.gate_word(desk.run),
        "gate_reasons": _gate_reasons(desk),
        "checks": present.checks_of(desk.run, visible),
        "may_run": may_run and bool(dossier.covered),
        "may_read_by_hand": may_run and change.state != State.DRAFT,
        "auto_run": auto and may_run and running is None and _decides(desk) and not _is_fresh(desk),
    }


def _gate_reasons(desk: Desk) -> list[Reason]:
    """What keeps the gate shut beside the checks that stand below it."""
    if desk.dossier.change.state in TERMINAL or not desk.sees_all:
        return []
    return [reason for reason in desk.gate.blockers if reason.code != GATE_CHECK.code]


def _decides(desk: Desk) -> bool:
    """Whether a decision of this reader rests on the gate."""
    shut = {reason.code for reason in desk.gate.blockers}
    return any(
        offer.row.gate is not None and all(reason.code in shut for reason in offer.blockers)
        for offer in desk.offers
    )


def _is_fresh(desk: Desk) -> bool:
    """Whether the newest run still counts, or shut the gate so lately that another would say the same."""
    run, at = desk.run, desk.dossier.at
    if run is None or run.content_digest != desk.dossier.change.content_digest:
        return False
    if desk.gate.blockers:
        return (run.finished_at or run.requested_at) + FRESH > at
    return run.valid_until is not None and run.valid_until > at


def body(request: Request, desk: Desk) -> dict[str, Any]:
    """What the left-hand side shows: the content of the change."""
    dossier, change = desk.dossier, desk.dossier.change
    visible = desk.visible_assets
    covered = [row for row in dossier.covered if row.asset_id in visible]
    snapshots = list(change.snapshots.all())
    steps = [_step(step) for step in dossier.steps]
    return {
        "risk_word": _("Risk: %(risk)s") % {"risk": change.get_risk_display()},
        "risk_answers": _answers(dossier),
        "assets": [_asset(row.asset) for row in covered],
        "hidden_assets": len(dossier.covered) - len(covered),
        "implementers": sorted(dossier.acts.get(Role.IMPLEMENTER, {}).values()),
        "window_length": change.window_until - change.window_from
        if change.window_from and change.window_until
        else None,
        "attachments": dossier.attachments,
        "expected": [line for row in covered for line in _expected(row)],
        "steps": steps,
        "steps_done": sum(1 for step in steps if step["state"] != "open"),
        "may_work": change.state in (State.IMPLEMENTING, State.BACKING_OUT)
        and desk.standing.stands_as(Role.IMPLEMENTER),
        "may_edit": may_edit(request, change),
        "snapshots": snapshots,
        "differences": present.differences_of(
            snapshots, {str(row.asset.uid): row.asset.tag for row in covered}
        ),
    }


def may_edit(request: Request, change: Change) -> bool:
    """Whether the reader may edit this change now."""
    is_own = change.requested_by_id == request.user.pk and may(request.user, "changes.add_change", change)
    stands = change.state in {State.DRAFT, *UNDER_APPROVAL}
    return stands and (is_own or may(request.user, "changes.change_change", change))


def zone_of(dossier: Dossier) -> str:
    """The time zone of the place of the change."""
    name = next((one.zone_name for one in dossier.settings if one.zone_name), "UTC")
    return ZoneInfo(name).key


def _roles(dossier: Dossier) -> list[tuple[str, list[str]]]:
    shown_roles = [role for role in Role if role != Role.APPROVER and dossier.acts.get(role)]
    return [
        (str(ROLE_LABELS[role]).capitalize(), sorted(dossier.acts[role].values())) for role in shown_roles
    ]


def _answers(dossier: Dossier) -> list[tuple[str, str]]:
    given = dossier.change.risk_answers
    return [
        (str(text), shown(given[key]))
        for key, text in risk.questions(dossier.profile).items()
        if key in given
    ]


def _asset(asset: Asset) -> dict[str, str]:
    return {"tag": asset.tag, "name": asset.name, "url": url_of(asset)}


def _expected(row: Any) -> list[dict[str, str]]:
    return [
        {
            "tag": row.asset.tag,
            "key": one["key"],
            "value": shown(one.get("value")),
            "phases": ", ".join(
                str(Phase(phase).label) for phase in one.get("phases", ()) if phase in Phase.values
            ),
            "why": one.get("why", ""),
        }
        for one in row.expected
    ]


def _step(step: Any) -> dict[str, Any]:
    names = ("number", "text", "state", "done_by", "done_at", "note")
    return {**{name: getattr(step, name) for name in names}, "id_text": str(step.number)}
