"""Making decisions void, visibly: they stay, marked with when and why."""

from changes.models import Approval
from changes.selectors.facts import Dossier
from plantgov.audit.services.entries import write_all
from plantgov.people.models import User


def approvals(dossier: Dossier, *, by: User, reason: str, only: Approval | None = None) -> None:
    """Supersede every decision that counts on a locked change, or only one; the caller writes the change."""
    change = dossier.change
    change.approved_at = change.approvals_until = change.scheduled_at = None
    rows = [only] if only else list(change.approvals.filter(superseded_at=None))
    for row in rows:
        row.superseded_at, row.superseded_reason = dossier.at, reason[:250]
    write_all(rows, by=by, action="changes.approval.superseded", reason=reason, at=dossier.at, thing=change)
