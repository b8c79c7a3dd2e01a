"""Pure rules about access."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import Reason, ReasonKind

SELF_GRANT = ReasonKind(
    "grant_to_oneself", _("Nobody gives a role to themselves. Ask somebody else who may give it.")
)
TOO_LONG = ReasonKind(
    "grant_too_long",
    _("“{role}” is given for at most {days} days at a time. Set an end on {latest} or before."),
)
NEEDS_REASON = ReasonKind("grant_reason", _("Say why; the reason stands in the ledger."))
IN_THE_PAST = ReasonKind("grant_in_the_past", _("It would have ended already. Set a later end."))
HOLDER_GONE = ReasonKind("grant_holder_gone", _("{name} has no open account. Open one first."))
ROLE_RETIRED = ReasonKind("grant_role_retired", _("“{role}” is retired and given to nobody any more."))
ONLY_BY_CHANGE = ReasonKind(
    "grant_only_by_change", _("“{role}” is given by a change for its work, never by hand.")
)
BEYOND_OWN = ReasonKind(
    "grant_beyond_own",
    _("“{role}” is critical: only somebody who holds it at this place may give it or take it away."),
)
ALREADY_HELD = ReasonKind("grant_already_held", _("{name} has “{role}” here for all of that time already."))
REVOKED = ReasonKind("grant_revoked", _("This was taken away already."))
OWN_CRITICAL = ReasonKind(
    "grant_own_critical",
    _("Nobody takes “{role}” away from themselves, so that somebody is always left who holds it."),
)
TOKEN_BY_TOKEN = ReasonKind(
    "token_by_token", _("A token makes no tokens. Sign in to the portal and make it there.")
)
END_ONESELF = ReasonKind("person_ends_oneself", _("Nobody records their own leaving. Ask somebody else."))
LEFT_ALREADY = ReasonKind("person_left_already", _("{name} has left already."))


@dataclass(frozen=True)
class Giving:
    """What is known about a role that is about to be given."""

    role_title: str
    max_days: int
    is_retired: bool
    is_for_changes: bool
    holder_label: str
    holder_is_open: bool
    holder_is_giver: bool
    is_already_held: bool
    is_beyond_giver: bool
    from_at: datetime
    until_at: datetime | None
    reason: str


def grant_blockers(giving: Giving, *, at: datetime) -> list[Reason]:
    """Why a role may not be given like this."""
    latest = giving.from_at + timedelta(days=giving.max_days)
    is_long = bool(giving.max_days) and (giving.until_at is None or giving.until_at > latest)
    found = [
        (giving.is_retired, ROLE_RETIRED(role=giving.role_title)),
        (giving.is_for_changes, ONLY_BY_CHANGE(role=giving.role_title)),
        (not giving.holder_is_open, HOLDER_GONE(name=giving.holder_label)),
        (giving.holder_is_giver, SELF_GRANT()),
        (giving.is_beyond_giver, BEYOND_OWN(role=giving.role_title)),
        (is_long, TOO_LONG(role=giving.role_title, days=giving.max_days, latest=f"{latest:%Y-%m-%d}")),
        (giving.until_at is not None and giving.until_at <= at, IN_THE_PAST()),
        (giving.is_already_held, ALREADY_HELD(name=giving.holder_label, role=giving.role_title)),
        (not giving.reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]


def revoke_blockers(
    *, role_title: str, is_critical: bool, is_beyond: bool, is_own: bool, is_revoked: bool, reason: str
) -> list[Reason]:
    """Why a grant may not be taken away like this."""
    found = [
        (is_revoked, REVOKED()),
        (is_critical and is_own, OWN_CRITICAL(role=role_title)),
        (is_beyond, BEYOND_OWN(role=role_title)),
        (not reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]


def leaving_blockers(*, name: str, is_oneself: bool, has_left: bool, reason: str) -> list[Reason]:
    """Why somebody's leaving may not be recorded like this."""
    found = [
        (is_oneself, END_ONESELF()),
        (has_left, LEFT_ALREADY(name=name)),
        (not reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]
