"""How a change is drawn: stages, buttons, checks, differences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from changes.forms import SignCommentForm, SignForm, SignReasonForm
from changes.models import Change, CheckResult, CheckRun, Snapshot
from changes.rules.checks import shown
from changes.selectors.facts import Dossier
from changes.services.offers import Desk, Offer
from changes.states import WORK_BEGUN, Phase, State, Transition
from plantgov.core.errors import Refused
from plantgov.core.verdict import Reason

COMMENTED = frozenset({"approve", "release", "resume", "complete", "close"})
_FACES = {
    "submit": ("primary", "arrow-right"),
    "assess": ("primary", "list-check"),
    "approve": ("success", "check"),
    "reject": ("danger", "x"),
    "release": ("success", "lock-open"),
    "start": ("primary", "player-play"),
    "hold": ("danger", "hand-stop"),
    "resume": ("success", "player-play"),
    "complete": ("primary", "check"),
    "backed_out": ("primary", "check"),
    "close": ("success", "rosette-discount-check"),
    "fail": ("danger", "circle-x"),
    "back_out": ("", "arrow-back-up"),
    "deviate": ("", "alert-triangle"),
    "cancel": ("", "ban"),
}
_PLAIN = ("", "arrow-back-up")
GATE_TITLES: dict[Phase, str | Promise] = {
    Phase.APPROVE: gettext_lazy("Gate of the approval"),
    Phase.START: gettext_lazy("Gate of the start"),
    Phase.RESUME: gettext_lazy("Gate for resuming"),
    Phase.VERIFY: gettext_lazy("Gate of the verification"),
    Phase.BACK_OUT: gettext_lazy("Proof of the rollback"),
}


@dataclass(frozen=True)
class Failed:
    """A transition that was just refused: what was typed, and why it was refused."""

    name: str
    error: Refused
    typed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """One way that is offered to the reader."""

    name: str
    label: str
    tone: str
    icon: str
    url: str
    blockers: Sequence[Reason]
    hidden: Sequence[tuple[str, Any]]
    dialog: str = ""
    is_signed: bool = False
    meaning: str = ""
    submit: str = ""
    form: forms.Form | None = None
    refused: Sequence[Reason] = ()
    is_open: bool = False
    given: str = ""


def buttons_of(desk: Desk, failed: Failed | None) -> list[Button]:
    """The buttons for everything that is offered."""
    return [
        _button(desk, offer, failed if failed and failed.name == offer.row.name else None)
        for offer in desk.offers
    ]


def _button(desk: Desk, offer: Offer, failed: Failed | None) -> Button:
    row, change = offer.row, desk.dossier.change
    tone, icon = _FACES.get(row.name, _PLAIN)
    has_dialog = bool(row.meaning or row.needs_reason)
    again = failed is not None and has_dialog and not offer.blockers and failed.error.status == 409
    return Button(
        name=row.name,
        label=str(row.label),
        tone=tone,
        icon=icon,
        url=reverse("changes:move", args=[change.reference, row.name]),
        blockers=offer.blockers,
        hidden=basis(desk),
        dialog=f"do-{row.name}" if has_dialog else "",
        is_signed=bool(row.meaning),
        meaning=meaning_of(desk, row),
        submit=_("Sign: %(what)s") % {"what": row.label},
        form=sign_form(row, failed.typed if failed else None),
        refused=failed.error.reasons if failed and again else (),
        is_open=again,
        given=failed.typed.get("reason", "") if failed else "",
    )


def basis(desk: Desk) -> list[tuple[str, Any]]:
    """What is on the screen, as a signature binds it."""
    run = desk.run
    return [
        ("content_digest", desk.dossier.change.content_digest),
        ("evidence_digest", run.results_digest if run else ""),
        ("revision", desk.dossier.change.revision),
    ]


def meaning_of(desk: Desk, row: Transition) -> str:
    """The sentence that is signed, as far as it is known before."""
    said = f"{row.label}: {desk.dossier.change}."
    return f"{said} {desk.gate.sentence().capitalize()}." if row.gate else said


def sign_form(row: Transition, typed: dict[str, str] | None = None) -> forms.Form | None:
    """What a signature for this way asks for, with what was typed before except the secrets."""
    if not row.meaning:
        return None
    shape = SignReasonForm if row.needs_reason else SignCommentForm if row.name in COMMENTED else SignForm
    return shape(initial=typed or {}, auto_id=f"{row.name}-%s")


# -- Stages -----------------------------------------------------------------------------------------
def stages_of(dossier: Dossier) -> list[dict[str, Any]]:
    """The strip from draft to closed, with every stage of approval in it."""
    change = dossier.change
    approvals = [
        (name, ", ".join(one.name for one in given) or needs, not missing)
        for name, given, needs, missing in _asked(dossier)
    ] or [(_("Approval"), "", False)]
    steps = [
        (_("Draft"), str(change.requested_by), change.state != State.DRAFT),
        (_("Assessment"), "", change.state not in (State.DRAFT, State.ASSESSMENT)),
        *approvals,
        (_("Work"), _work_word(change), change.state in (State.VERIFICATION, State.CLOSED)),
        (_("Verify and close"), _end_word(change), change.state == State.CLOSED),
    ]
    stopped = change.state in (State.REJECTED, State.CANCELLED, State.EXPIRED)
    current = next((i for i, (_l, _d, done) in enumerate(steps) if not done), None)
    return [
        {
            "label": label,
            "detail": detail,
            "state": _stage_state(i, current, stopped=stopped or change.state == State.ON_HOLD),
        }
        for i, (label, detail, _done) in enumerate(steps)
    ]


def _stage_state(position: int, current: int | None, *, stopped: bool) -> str:
    if current is None or position < current:
        return "done"
    if position > current:
        return "todo"
    return "failed" if stopped else "current"


def _asked(dossier: Dossier) -> Iterable[tuple[str, list[Any], str, int]]:
    for stage in sorted({row.stage for row in dossier.asked}):
        rows = [row for row in dossier.asked if row.stage == stage]
        needs = ", ".join(f"{row.missing} × {row.label}" for row in rows if row.missing)
        yield (
            rows[0].stage_name,
            [one for row in rows for one in row.given],
            needs,
            sum(row.missing for row in rows),
        )


def _work_word(change: Change) -> str:
    if change.state in WORK_BEGUN or change.state == State.SCHEDULED:
        return str(State(change.state).label)
    return ""


def _end_word(change: Change) -> str:
    return str(change.get_outcome_display()) if change.outcome else ""


def status_code(change: Change) -> str:
    """The state as the table of states knows it; a closed change by its outcome."""
    return {"nonconforming": "nonconforming", "rolled_back": "backed_out"}.get(change.outcome, change.state)


# -- The gate ---------------------------------------------------------------------------------------
def checks_of(run: CheckRun | None, visible: set[int]) -> list[dict[str, Any]]:
    """The results of a run as the component draws them, what blocks first; values of other places are left out."""
    if run is None:
        return []
    rows = sorted(run.results.select_related("asset"), key=lambda row: (_rank(row), row.position))
    return [
        check_of(row) if row.asset_id is None or row.asset_id in visible else _veiled(row) for row in rows
    ]


_BAD = ("fail", "error", "inconclusive")


def _rank(row: CheckResult) -> int:
    if row.verdict in _BAD:
        return 0 if row.severity == "blocking" else 1
    return 3 if row.verdict == "not_applicable" else 2


def check_of(row: CheckResult) -> dict[str, Any]:
    """One result."""
    return {
        "verdict": row.verdict,
        "name": row.label,
        "subject": row.asset.tag if row.asset else "",
        "observed": _value(row.observed, row.expected),
        "expected": _value(row.expected, row.observed),
        "unit": row.unit,
        "source": row.source,
        "source_at": row.source_time,
        "received_at": row.received_time,
        "expires_at": row.valid_until if row.verdict == "pass" else None,
        "severity": row.severity,
        "by": row.observer,
        "reason": Reason(row.reason_code, row.reason_params) if row.verdict != "pass" else "",
    }


def _value(value: Any, other: Any) -> str:
    """A value as it stands on the page; a digest that equals the other one need not be spelt out."""
    if value == []:
        return _("none")
    text = "" if value is None else shown(value)
    return f"{text[:16]}…" if len(text) > 40 and value == other else text


def _veiled(row: CheckResult) -> dict[str, Any]:
    """A result about an asset that the reader may not see."""
    return {
        "verdict": row.verdict,
        "name": row.label,
        "severity": row.severity,
        "reason": _("An asset outside your view."),
    }


def gate_word(run: CheckRun | None) -> str:
    """The verdict of a run in a few words."""
    if run is None or run.state != CheckRun.State.DONE:
        return ""
    blocking = [row for row in run.results.all() if row.severity == "blocking"]
    bad = sum(1 for row in blocking if row.verdict in _BAD)
    warned = sum(1 for row in run.results.all() if row.severity == "warning" and row.verdict in _BAD)
    if bad:
        return _("%(bad)d of %(all)d checks block") % {"bad": bad, "all": len(blocking)}
    if run.verdict == "pass" and warned:
        return ngettext("Open, with %(count)d warning", "Open, with %(count)d warnings", warned) % {
            "count": warned
        }
    return _("Open") if run.verdict == "pass" else ""


# -- As found, as left ------------------------------------------------------------------------------
def differences_of(
    snapshots: Sequence[Snapshot], tags: dict[str, str]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each asset with the values before and after."""
    by_kind = {row.kind: row.values for row in snapshots}
    before, after = by_kind.get("as_found", {}), by_kind.get("as_left", {})
    found = []
    for uid in sorted({*before, *after} & set(tags), key=tags.__getitem__):
        one, other = before.get(uid) or {}, after.get(uid) or {}
        rows = [_row(key, one.get(key), other.get(key), bool(after)) for key in sorted({*one, *other})]
        found.append((tags[uid], rows))
    return found


def _row(key: str, before: Any, after: Any, has_both: bool) -> dict[str, Any]:
    return {
        "label": key,
        "before": shown(before),
        "after": shown(after) if has_both else "",
        "differs": has_both and before != after,
    }
