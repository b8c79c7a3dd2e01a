"""Pure rules about people."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import Reason, ReasonKind

QUALIFIES_ONESELF = ReasonKind(
    "qualifies_oneself", _("Nobody records their own qualification. Ask somebody else to.")
)
ENDED = ReasonKind("qualification_ended", _("This qualification has ended already, on {day}."))
NEEDS_REASON = ReasonKind("people_reason", _("Say why; the reason stands in the ledger."))
CLOSED = ReasonKind("account_closed", _("The account “{username}” is closed already."))
CLOSES_ONESELF = ReasonKind(
    "closes_own_account", _("Nobody closes their own account, so that somebody is left. Ask somebody else.")
)
LINK_TO_ONESELF = ReasonKind(
    "link_to_oneself", _("You are signed in: change your own password under Account.")
)
LINK_NEEDS_ALL = ReasonKind(
    "link_needs_enterprise",
    _(
        "“{username}” is in use. A link that replaces its password needs the right to open accounts on the "
        "whole enterprise."
    ),
)
HAS_ACCOUNT = ReasonKind("has_account", _("{name} has an open account already: “{username}”."))
HAS_LEFT = ReasonKind("has_left", _("{name} has left and gets no account."))
JOINS_ONESELF = ReasonKind(
    "joins_oneself", _("Nobody puts themselves into a team: teams carry rights. Ask somebody else.")
)


def qualification_blockers(*, is_oneself: bool) -> list[Reason]:
    """Why a qualification may not be recorded by this person."""
    return [QUALIFIES_ONESELF()] if is_oneself else []


def end_blockers(*, is_oneself: bool, valid_until: date, today: date, reason: str) -> list[Reason]:
    """Why a qualification may not be ended like this."""
    found = [
        (is_oneself, QUALIFIES_ONESELF()),
        (valid_until < today, ENDED(day=valid_until.isoformat())),
        (not reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]


def close_blockers(*, username: str, is_open: bool, is_own: bool, reason: str) -> list[Reason]:
    """Why an account may not be closed like this."""
    found = [
        (not is_open, CLOSED(username=username)),
        (is_own, CLOSES_ONESELF()),
        (not reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]


def link_blockers(
    *,
    username: str,
    is_open: bool,
    is_own: bool,
    carries_weight: bool,
    reaches_everything: bool,
    reason: str,
) -> list[Reason]:
    """Why no link to set a password may be given out for an account."""
    found = [
        (not is_open, CLOSED(username=username)),
        (is_own, LINK_TO_ONESELF()),
        (carries_weight and not reaches_everything, LINK_NEEDS_ALL(username=username)),
        (not reason.strip(), NEEDS_REASON()),
    ]
    return [reason for applies, reason in found if applies]


def opening_blockers(*, name: str, has_left: bool, open_username: str) -> list[Reason]:
    """Why no account may be opened for a person."""
    found = [
        (has_left, HAS_LEFT(name=name)),
        (bool(open_username), HAS_ACCOUNT(name=name, username=open_username)),
    ]
    return [reason for applies, reason in found if applies]
