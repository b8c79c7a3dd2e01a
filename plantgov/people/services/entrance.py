"""Letting people in and out: accounts with a link to set the password, shown once."""

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.urls import reverse

from plantgov.audit.services.entries import Acting, record
from plantgov.core.errors import refuse_if
from plantgov.core.scope import require_anywhere, scope_of
from plantgov.people.models import Person, User
from plantgov.people.rules import close_blockers, link_blockers, opening_blockers
from plantgov.people.services import accounts


@transaction.atomic
def open_with_link(person: Person, *, username: str, by: User, at: datetime) -> tuple[User, str]:
    """Open an account without a password. Returns it and the path where its owner sets one."""
    require_anywhere(by, "people.open_account")
    person = Person.objects.select_for_update().get(pk=person.pk)
    current = person.accounts.filter(is_active=True).first()
    has_left = person.left_at is not None and person.left_at <= at
    username_now = current.username if current else ""
    refuse_if(opening_blockers(name=person.name, has_left=has_left, open_username=username_now))
    user = accounts.open_account(person, username=username, password=None, by=by)
    return user, make_link(user, by=by, reason="", at=at)


@transaction.atomic
def give_link(user: User, *, by: User, reason: str, at: datetime) -> str:
    """A new path to set the password of an account, for somebody who lost theirs.

    Whoever may do so could step into the account, so one that has a password or a team's rights needs the
    right on the whole enterprise; the ledger names who gave the link out.
    """
    require_anywhere(by, "people.open_account")
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    refuse_if(
        link_blockers(
            username=user.username,
            is_open=user.is_active and user.kind == User.Kind.PERSON,
            is_own=by.person_id == user.person_id,
            carries_weight=user.has_usable_password() or user.groups.exists(),
            reaches_everything=scope_of(by, "people.open_account").everything,
            reason=reason,
        )
    )
    return make_link(user, by=by, reason=reason, at=at)


def make_link(user: User, *, by: Acting, reason: str, at: datetime) -> str:
    """Make a link to set a password and record by whom; the caller has decided it."""
    record(user, by=by, action="people.account.link_given", reason=reason, at=at)
    where = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return reverse("account_reset_password_from_key", kwargs=where)


@transaction.atomic
def close(user: User, *, by: User, reason: str, at: datetime) -> User:
    """Close an account; nobody closes their own."""
    require_anywhere(by, "people.close_account")
    row = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    is_own = row.person_id is not None and row.person_id == by.person_id
    refuse_if(close_blockers(username=row.username, is_open=row.is_active, is_own=is_own, reason=reason))
    return accounts.close_account(row, by=by, reason=reason)
