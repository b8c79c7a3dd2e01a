"""Making persons and accounts, and changing their secrets."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from plantgov.audit.services.entries import Acting, Actor, record, write
from plantgov.core.errors import BadInput
from plantgov.people.models import Person, User

INSTALLER = Actor(label="Installation")


@dataclass(frozen=True)
class PersonDetails:
    """What is known about a person."""

    name: str
    email: str = ""
    phone: str = ""
    employment: str = Person.Employment.EMPLOYEE
    company: str = ""
    job_title: str = ""


def _save(row: Any, **how: Any) -> Any:
    try:
        row.full_clean(exclude=["password"])
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    return write(row, **how)


@transaction.atomic
def add_person(details: PersonDetails, *, by: Acting, reason: str = "") -> Person:
    """Add a person to the register."""
    values = {f.name: getattr(details, f.name) for f in fields(details)}
    return _save(Person(**values), by=by, action="people.person.added", reason=reason)


@transaction.atomic
def change_person(person: Person, details: PersonDetails, *, by: Acting, reason: str = "") -> Person:
    """Change what is known about a person."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    for f in fields(details):
        setattr(person, f.name, getattr(details, f.name))
    return _save(person, by=by, action="people.person.changed", reason=reason)


@transaction.atomic
def open_account(person: Person, *, username: str, password: str | None, by: Acting) -> User:
    """Open an account for a person; without a password it can only be used after one is set by link."""
    user = User(username=username, email=person.email, person=person, kind=User.Kind.PERSON)
    user.password = make_password(_checked(password, user) if password else None)
    _save(user, by=by, action="people.account.opened")
    # Teams that the person is in already carry their rights to the new account too.
    user.groups.set(Group.objects.filter(team__memberships__person=person, team__memberships__until_at=None))
    return user


@transaction.atomic
def open_service_account(*, username: str, owner: Person, by: Acting) -> User:
    """Open an account for a program, answered for by its owner. It can't sign in, only use tokens."""
    user = User(username=username, kind=User.Kind.SERVICE, owner=owner, password=make_password(None))
    return _save(user, by=by, action="people.account.opened")


@transaction.atomic
def set_password(user: User, password: str, *, by: Acting) -> User:
    """Set a new password; the ledger notes that, never the password."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.password = make_password(_checked(password, locked))
    locked.credential_version += 1
    write(locked, by=by, action="people.account.password_set")
    user.password, user.credential_version = locked.password, locked.credential_version
    return user


@transaction.atomic
def close_account(user: User, *, by: Acting, reason: str) -> User:
    """Close an account: nobody can use it from the next request on."""
    user = User.objects.select_for_update().get(pk=user.pk)
    user.is_active = False
    return write(user, by=by, action="people.account.closed", reason=reason)


@transaction.atomic
def note_sign_in(user: User, *, action: str, facts: dict[str, Any], at: datetime) -> None:
    """Enter a sign-in event into the ledger."""
    record(user, by=user, action=action, facts=facts, at=at)


def system_account(name: str) -> User:
    """The named account under which the house itself acts, made at its first use."""
    username = f"system.{name}"
    found = User.objects.filter(username=username).first()
    if found:
        return found
    with transaction.atomic():
        user = User(username=username, kind=User.Kind.SYSTEM, password=make_password(None))
        return write(user, by=INSTALLER, action="people.account.opened")


def _checked(password: str, user: User) -> str:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput({"password": list(error.messages)}) from error
    except TypeError as error:
        raise BadInput({"password": [_("Give a password.")]}) from error
    return password
