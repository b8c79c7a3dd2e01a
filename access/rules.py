"""Pure rules about access."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import Reason, ReasonKind

SELF_GRANT = ReasonKind(
    "grant_to_oneself", _("Nobody gives a role to themselves. Ask somebody else who may give it.")
)
TOO_LONG = ReasonKind(
    "grant_too_long", _("“{role}” is given for at most {days} days at a time. Set an end before that.")
)
NEEDS_REASON = ReasonKind("grant_reason", _("Say why; the reason stands in the ledger."))
REVOKED = ReasonKind("grant_revoked", _("This was taken away already."))


def grant_blockers(
    *,
    holder_person: int | None,
    giver_person: int | None,
    role_title: str,
    max_days: int,
    from_at: datetime,
    until_at: datetime | None,
    reason: str,
) -> list[Reason]:
    """Why a role may not be given like this."""
    reasons = []
    if holder_person is not None and holder_person == giver_person:
        reasons.append(SELF_GRANT())
    if max_days and (until_at is None or until_at - from_at > timedelta(days=max_days)):
        reasons.append(TOO_LONG(role=role_title, days=max_days))
    if not reason.strip():
        reasons.append(NEEDS_REASON())
    return reasons


def revoke_blockers(*, revoked_at: datetime | None, reason: str) -> list[Reason]:
    """Why a grant may not be taken away like this."""
    return ([REVOKED()] if revoked_at else []) + ([] if reason.strip() else [NEEDS_REASON()])
