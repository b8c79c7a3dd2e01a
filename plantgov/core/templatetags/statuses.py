"""The words, icons and tones of every state shown in the portal.

A tone is one of ok, info, warn, crit, unknown, maint. A code that nobody listed here is shown in
its own words with the tone *unknown*: what is not known is never green.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import VERDICT_LABELS, Verdict


class Face(NamedTuple):
    """How a state looks: its word, its icon, its tone."""

    word: str | Promise
    icon: str
    tone: str


VERDICTS = {
    "pass": Face(VERDICT_LABELS[Verdict.PASS], "circle-check", "ok"),
    "fail": Face(VERDICT_LABELS[Verdict.FAIL], "circle-x", "crit"),
    "inconclusive": Face(VERDICT_LABELS[Verdict.INCONCLUSIVE], "circle-dashed", "unknown"),
    "error": Face(VERDICT_LABELS[Verdict.ERROR], "plug-connected-x", "crit"),
    "not_applicable": Face(VERDICT_LABELS[Verdict.NOT_APPLICABLE], "circle-minus", "unknown"),
    "warning": Face(_("Warning"), "alert-triangle", "warn"),
    "waived": Face(_("Waived"), "signature", "maint"),
    "stale": Face(_("Out of date"), "hourglass", "warn"),
    "pending": Face(_("Pending"), "clock", "unknown"),
}
CHANGES = {
    "draft": Face(_("Draft"), "pencil", "unknown"),
    "assessment": Face(_("In assessment"), "list-search", "info"),
    "approval": Face(_("Awaiting approval"), "clock", "warn"),
    "scheduled": Face(_("Scheduled"), "calendar", "info"),
    "implementing": Face(_("Implementing"), "tool", "maint"),
    "on_hold": Face(_("On hold"), "hand-stop", "crit"),
    "verification": Face(_("In verification"), "eye", "warn"),
    "backing_out": Face(_("Backing out"), "arrow-back-up", "warn"),
    "rolling_back": Face(_("Backing out"), "arrow-back-up", "warn"),
    "closed": Face(_("Closed"), "circle-check", "ok"),
    "rejected": Face(_("Rejected"), "circle-x", "crit"),
    "cancelled": Face(_("Cancelled"), "ban", "unknown"),
    "expired": Face(_("Expired"), "hourglass", "unknown"),
    "temporary_active": Face(_("Temporary, in place"), "hourglass", "warn"),
    "emergency_authorised": Face(_("Emergency authorised"), "alert-octagon", "crit"),
    "retrospective_review": Face(_("Review afterwards"), "history", "warn"),
    "unauthorised": Face(_("Unauthorised"), "alert-octagon", "crit"),
    "nonconforming": Face(_("Nonconforming"), "alert-triangle", "crit"),
    "backed_out": Face(_("Backed out"), "arrow-back-up", "warn"),
}
STEPS = {
    "approved": Face(_("Approved"), "circle-check", "ok"),
    "waiting": Face(_("Waiting"), "clock", "warn"),
    "accepted": Face(_("Accepted"), "circle-check", "ok"),
    "proposed": Face(_("Proposed"), "clock", "warn"),
    "confirmed": Face(_("Confirmed"), "circle-check", "ok"),
    "superseded": Face(_("Superseded"), "history", "unknown"),
    "blocked": Face(_("Blocked"), "lock", "crit"),
    "open": Face(_("Open"), "circle-dot", "warn"),
    "overdue": Face(_("Overdue"), "alert-triangle", "crit"),
    "skipped": Face(_("Skipped"), "circle-minus", "unknown"),
}
HEALTH = {
    "healthy": Face(_("Healthy"), "circle-check", "ok"),
    "degraded": Face(_("Degraded"), "alert-triangle", "warn"),
    "failed": Face(_("Failed"), "circle-x", "crit"),
    "unknown": Face(_("Unknown"), "circle-dashed", "unknown"),
    "maintenance": Face(_("Maintenance"), "tool", "maint"),
}
RUNS = {
    "due": Face(_("Queued"), "clock", "unknown"),
    "queued": Face(_("Queued"), "clock", "unknown"),
    "leased": Face(_("Running"), "loader", "info"),
    "running": Face(_("Running"), "loader", "info"),
    "done": Face(_("Done"), "check", "ok"),
    "failed": Face(_("Failed"), "circle-x", "crit"),
    "lost": Face(_("Lost"), "wifi-off", "crit"),
    "cancelled": Face(_("Cancelled"), "ban", "unknown"),
    "sent": Face(_("Sent"), "check", "ok"),
    "dead": Face(_("Given up"), "circle-x", "crit"),
}
CRITICALITY = {
    "low": Face(_("Low"), "", "plain"),
    "medium": Face(_("Medium"), "", "plain"),
    "high": Face(_("High"), "", "warn-line"),
    "critical": Face(_("Critical"), "", "crit-line"),
    "safety": Face(_("Safety"), "", "crit-line"),
}
RISK = {
    "low": Face(_("Low"), "gauge", "unknown"),
    "medium": Face(_("Medium"), "alert-triangle", "warn"),
    "high": Face(_("High"), "alert-octagon", "crit"),
}
RIGHTS = {
    "active": Face(_("Active"), "circle-check", "ok"),
    "inactive": Face(_("Inactive"), "circle-minus", "unknown"),
    "planned": Face(_("Planned"), "calendar", "info"),
    "in_service": Face(_("In service"), "circle-check", "ok"),
    "out_of_service": Face(_("Out of service"), "circle-minus", "unknown"),
    "spare": Face(_("Spare"), "archive", "unknown"),
    "retired": Face(_("Retired"), "archive", "unknown"),
    "requested": Face(_("Requested"), "clock", "warn"),
    "granted": Face(_("Granted"), "circle-check", "ok"),
    "revoked": Face(_("Revoked"), "ban", "crit"),
    "ended": Face(_("Ended"), "circle-minus", "unknown"),
    "withdrawn": Face(_("Withdrawn"), "arrow-back-up", "unknown"),
    "denied": Face(_("Denied"), "circle-x", "crit"),
    "released": Face(_("Released"), "lock-open", "unknown"),
    "unassigned": Face(_("Unassigned"), "alert-circle", "warn"),
    "observe": Face(_("Observing"), "eye", "maint"),
    "enforce": Face(_("Enforcing"), "shield-lock", "info"),
}
QUALITY = {
    "good": Face(_("Good"), "circle-check", "ok"),
    "uncertain": Face(_("Uncertain"), "alert-triangle", "warn"),
    "bad": Face(_("Bad"), "circle-x", "crit"),
    "reachable": Face(_("Reachable"), "plug-connected", "ok"),
    "unreachable": Face(_("Unreachable"), "plug-connected-x", "crit"),
}
LEDGER = {
    "sealed": Face(_("Sealed"), "lock", "ok"),
    "unsealed": Face(_("Not yet sealed"), "clock", "unknown"),
    "verified": Face(_("Verified"), "shield-check", "ok"),
    "broken": Face(_("Broken"), "alert-octagon", "crit"),
    "unattributed": Face(_("Written past PlantGov"), "alert-triangle", "crit"),
}
SOURCES = {
    "live": Face(_("LIVE"), "", "source"),
    "internal": Face(_("INTERNAL"), "", "source"),
    "imported": Face(_("IMPORTED"), "", "source"),
    "manual": Face(_("MANUAL"), "", "source-manual"),
}
VOCABULARIES = {
    "verdict": VERDICTS,
    "change": CHANGES,
    "step": STEPS,
    "health": HEALTH,
    "run": RUNS,
    "right": RIGHTS,
    "quality": QUALITY,
    "ledger": LEDGER,
    "risk": RISK,
    "criticality": CRITICALITY,
    "source": SOURCES,
}


def face(code: str, kind: str = "") -> Face:
    """How `code` looks, within one vocabulary or in the first that knows it."""
    found = [VOCABULARIES[kind]] if kind else VOCABULARIES.values()
    known = next((words[code] for words in found if code in words), None)
    return known or Face(code.replace("_", " ").capitalize() or _("Unknown"), "circle-dashed", "unknown")
