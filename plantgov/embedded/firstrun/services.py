"""The one-time link, and founding an installation in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from access.services import grants
from assets.models import Location
from assets.services import locations
from plantgov.audit.services.entries import record, write
from plantgov.core.errors import BadInput, Hidden
from plantgov.people.models import Person, User
from plantgov.people.services import accounts, entrance

SALT = "plantgov.firstrun"
LINK_HOURS = 24
# Two persons suffice where the profile is small: the first requests and carries out, the second approves,
# releases and verifies. Each keeps accounts, so that neither can lock the other out or is alone with the keys.
FIRST = ("administrator", "engineer")
SECOND = ("administrator", "manager", "approver", "shift_lead", "ot_security")


@dataclass(frozen=True)
class Founder:
    """One of the first two persons. Only the hash of a password is carried; empty: it is set by link."""

    name: str
    username: str
    email: str = ""
    password_hash: str = ""


@dataclass(frozen=True)
class Ground:
    """The enterprise and its first site."""

    enterprise: str
    site: str
    zone_name: str
    profile: str


@dataclass(frozen=True)
class Founded:
    """What came of it; `second_link` is where the second person sets a password, if that is still to do."""

    first: User
    second: User
    site: Location
    second_link: str = ""


def is_open() -> bool:
    """Whether nobody has an account yet."""
    return not User.objects.filter(kind=User.Kind.PERSON).exists()


def new_token() -> str:
    """What the one-time link carries: signed, dated, worthless once somebody has an account."""
    return signing.dumps("setup", salt=SALT)


def token_is_good(token: str) -> bool:
    """Whether a link may still be used."""
    try:
        return signing.loads(token, salt=SALT, max_age=LINK_HOURS * 3600) == "setup" and is_open()
    except signing.BadSignature:
        return False


def founder(given: dict[str, Any]) -> Founder:
    """A founder from what was typed; raises BadInput for a weak password."""
    password = given.get("password", "")
    person = User(username=given["username"], email=given["email"], person=Person(name=given["name"]))
    try:
        if password:
            validate_password(password, person)
    except ValidationError as error:
        raise BadInput({"password": list(error.messages)}) from error
    hashed = make_password(password) if password else ""
    return Founder(given["name"], given["username"], given["email"], hashed)


@transaction.atomic
def found(first: Founder, second: Founder, ground: Ground, *, at: datetime) -> Founded:
    """Found the installation; the second of two who try at once is sent away."""
    locations.lock_tree()
    if not is_open():
        raise Hidden
    _refuse_same(first, second)
    house = accounts.system_account("setup")
    enterprise = locations.found_enterprise(locations.Place(ground.enterprise, "enterprise"), by=house)
    place = locations.Place(ground.site, "site", ground.zone_name, ground.profile)
    site = locations.add_location(place, parent=enterprise, by=house)
    users = [_account(one, by=house) for one in (first, second)]
    for user, keys in zip(users, (FIRST, SECOND), strict=True):
        reason = _("One of the first two persons of the installation")
        grants.give_at_installation(user, keys, enterprise, by=house, at=at, reason=reason)
    record(enterprise, by=house, action="firstrun.founded", facts={"by": str(users[0])}, at=at)
    link = "" if second.password_hash else entrance.make_link(users[1], by=house, reason="", at=at)
    return Founded(users[0], users[1], site, link)


def _refuse_same(first: Founder, second: Founder) -> None:
    """Four eyes belong to two persons."""
    errors = {}
    if first.name.casefold().split() == second.name.casefold().split():
        errors["name"] = [_("Two persons are needed: nobody approves their own work.")]
    if first.username.casefold() == second.username.casefold():
        errors["username"] = [_("The first person has this user name.")]
    if second.email and first.email.casefold() == second.email.casefold():
        errors["email"] = [_("The first person has this e-mail address.")]
    if errors:
        raise BadInput(errors)


def check_second(first: Founder, second: Founder) -> Founder:
    """The second founder, told apart from the first; raises BadInput."""
    _refuse_same(first, second)
    return second


def _account(one: Founder, *, by: User) -> User:
    person = accounts.add_person(accounts.PersonDetails(one.name, one.email), by=by)
    user = accounts.open_account(person, username=one.username, password=None, by=by)
    if one.password_hash:
        user.password = one.password_hash
        user.credential_version += 1
        write(user, by=by, action="people.account.password_set")
    return user
