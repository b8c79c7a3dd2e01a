"""What happened to a change: entries of the ledger and comments, newest first."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from changes.models import Change
from changes.states import ROLE_LABELS, TRANSITIONS, Role
from plantgov.audit.models import Entry
from plantgov.workspace.models import Comment

MOST = 200
_WORDS: dict[str, str | Promise] = {
    "changes.change.raised": gettext_lazy("raised the change"),
    "changes.change.edited": gettext_lazy("edited the change"),
    "changes.gate.requested": gettext_lazy("ran the gate"),
    "changes.gate.lost": gettext_lazy("The readings of the gate were lost"),
    "changes.gate.finished": gettext_lazy("The gate was judged"),
    "changes.approval.approved": gettext_lazy("approved"),
    "changes.approval.rejected": gettext_lazy("rejected"),
    "changes.approval.superseded": gettext_lazy("An approval was superseded"),
    "changes.release.given": gettext_lazy("released the equipment"),
    "changes.step.done": gettext_lazy("did a step"),
    "changes.step.skipped": gettext_lazy("skipped a step"),
    "changes.step.open": gettext_lazy("opened a step again"),
    "changes.snapshot.as_found": gettext_lazy("As-found was kept"),
    "changes.snapshot.as_left": gettext_lazy("As-left was kept"),
    "changes.reading.entered": gettext_lazy("entered a reading"),
    "changes.change.submit": gettext_lazy("submitted the change"),
    "changes.change.assess": gettext_lazy("finished the assessment"),
    "changes.change.schedule": gettext_lazy("The change was scheduled"),
    "changes.change.start": gettext_lazy("started the work"),
    "changes.change.hold": gettext_lazy("stopped the work"),
    "changes.change.resume": gettext_lazy("resumed the work"),
    "changes.change.complete": gettext_lazy("finished the work"),
    "changes.change.back_out": gettext_lazy("backed out"),
    "changes.change.backed_out": gettext_lazy("finished the rollback"),
    "changes.change.close": gettext_lazy("verified and closed the change"),
    "changes.change.fail": gettext_lazy("failed the verification"),
    "changes.change.deviate": gettext_lazy("closed the change as nonconforming"),
}
# Written beside another entry that says the same to a reader.
_SILENT = frozenset(
    {
        "changes.change.content",
        "changes.change.submitted",
        "changes.change.approve",
        "changes.change.reject",
        "changes.change.release",
        "changes.asset.covered",
        "changes.step.planned",
        "changes.policy.attached",
        "changes.requirement.set",
        "changes.release.used",
        "changes.requester.named",
        "changes.editor.named",
        "changes.assessor.named",
        "changes.verifier.named",
        "workspace.comment.added",
    }
)
_OF_THE_HOUSE = {
    "changes.gate.finished": ("circle-check", "unknown"),
    "changes.gate.lost": ("wifi-off", "crit"),
    "changes.change.schedule": ("calendar", "info"),
    "changes.change.expire": ("hourglass", "unknown"),
}


def of_change(user: Any, change: Change) -> list[dict[str, Any]]:
    """Dated lines for the timeline."""
    rows = (
        Entry.objects.filter(thing_uid=change.uid)
        .exclude(action__in=_SILENT)
        .exclude(action__startswith="people.signed.")
    )
    entries = [_line(entry) for entry in rows.order_by("-thing_seq")[:MOST]]
    said = Comment.objects.filter(thing_kind="changes.change", thing_uid=change.uid)
    comments = [
        _remark(row) for row in said.select_related("written_by__person").order_by("-written_at")[:MOST]
    ]
    return sorted([*entries, *comments], key=lambda line: line["at"], reverse=True)


def _line(entry: Entry) -> dict[str, Any]:
    icon, tone = _OF_THE_HOUSE.get(entry.action, ("", ""))
    if not icon and entry.person_uid is None:
        icon, tone = "settings", "unknown"
    return {
        "who": "" if icon else entry.actor_label.rpartition(" (")[0] or entry.actor_label,
        "what": _what(entry),
        "at": entry.at,
        "text": entry.reason,
        "detail": _detail(entry),
        "icon": icon,
        "tone": tone,
    }


def _what(entry: Entry) -> str:
    if entry.action in _WORDS:
        return str(_WORDS[entry.action])
    kind, _dot, verb = entry.action.removeprefix("changes.").partition(".")
    if kind == "change" and verb in TRANSITIONS:
        return str(TRANSITIONS[verb].label)
    if verb == "named" and kind in list(Role):
        return _("named a person: %(role)s") % {"role": ROLE_LABELS[Role(kind)]}
    return f"{kind} {verb}".replace("_", " ").replace(".", " ").strip()


def _detail(entry: Entry) -> str:
    after = entry.after or {}
    if entry.action == "changes.gate.finished":
        return str(after.get("verdict", ""))
    if entry.action.startswith("changes.step."):
        return _("step %(number)s") % {"number": after["number"]} if "number" in after else ""
    return str(after.get("comment", "") or "")


def _remark(row: Comment) -> dict[str, Any]:
    return {
        "who": str(row.written_by),
        "what": _("commented"),
        "at": row.written_at,
        "text": row.body,
        "detail": "",
    }
