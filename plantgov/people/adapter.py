"""allauth's doors into the house: no sign-up, governed passwords, sign-in events as ledger entries."""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth import signals as auth_signals
from django.http import HttpRequest

from plantgov.core.clock import now
from plantgov.people.models import User
from plantgov.people.services import accounts


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are opened by people with the right to, never by whoever comes by."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Closed: an account is opened from People."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Set a password through the service, so that the ledger has it."""
        accounts.set_password(user, password, by=user)


def listen() -> None:
    """Connect the only signal receivers of the house: what allauth tells about signing in."""
    auth_signals.user_logged_in.connect(_signed_in, dispatch_uid="plantgov.signed_in")
    auth_signals.user_logged_out.connect(_signed_out, dispatch_uid="plantgov.signed_out")
    auth_signals.user_login_failed.connect(_refused, dispatch_uid="plantgov.refused")
    account_signals.authentication_step_completed.connect(_stepped, dispatch_uid="plantgov.stepped")


def _signed_in(sender: Any, request: HttpRequest, user: User, **_rest: Any) -> None:
    accounts.note_sign_in(user, action="people.signed_in", facts=_from(request), at=now())


def _signed_out(sender: Any, request: HttpRequest, user: User | None, **_rest: Any) -> None:
    if user is not None:
        accounts.note_sign_in(user, action="people.signed_out", facts=_from(request), at=now())


def _refused(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_rest: Any
) -> None:
    name = credentials.get("username") or credentials.get("email") or ""
    user = User.objects.filter(username=name).first() or User.objects.filter(email=name or None).first()
    if user is not None:
        accounts.note_sign_in(user, action="people.sign_in_refused", facts=_from(request), at=now())


def _stepped(sender: Any, request: HttpRequest, user: User, method: str, **_rest: Any) -> None:
    if method == "mfa":
        accounts.note_sign_in(user, action="people.second_factor_given", facts=_from(request), at=now())


def _from(request: HttpRequest | None) -> dict[str, str]:
    return {"address": request.META.get("REMOTE_ADDR", "")} if request is not None else {}
