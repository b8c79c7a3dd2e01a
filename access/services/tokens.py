"""API tokens: shown once, kept as a hash, narrower than their owner."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from access.models import ApiToken
from access.rules import TOKEN_BY_TOKEN
from access.selectors import permissions_of
from assets.models import Location
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import FORBIDDEN, BadInput, Forbidden, Hidden, Refused
from plantgov.core.scope import can_see, scope_of
from plantgov.people.models import User

PREFIX = "pgv_"
MAX_DAYS = 366
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class TokenTerms:
    """What a token is for. No permissions named means: those that its owner holds today."""

    name: str
    expires_at: datetime
    permissions: tuple[str, ...] = ()
    location: Location | None = None


def digest_of(secret: str) -> str:
    """The hash under which a token is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue(owner: User, terms: TokenTerms, *, by: User, at: datetime | None = None) -> tuple[ApiToken, str]:
    """Issue a token; the secret is returned this once and stored nowhere."""
    at = at or now()
    if getattr(by, "api_token", None) is not None:
        raise Refused(TOKEN_BY_TOKEN())
    _may_manage(owner, by)
    held = permissions_of(owner, at=at)
    _check(owner, terms, held, by=by, at=at)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        owner=owner,
        name=terms.name.strip(),
        prefix=secret[:10],
        digest=digest_of(secret),
        permissions=sorted(terms.permissions or held),
        location=terms.location,
        created_at=at,
        expires_at=terms.expires_at,
    )
    try:
        row.full_clean()
    except ValidationError as error:
        raise BadInput(error.message_dict) from error
    write(row, by=by, action="access.token.issued", at=at)
    return row, secret


def _check(owner: User, terms: TokenTerms, held: set[str], *, by: User, at: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if not terms.name.strip():
        errors["name"] = [_("Give the token a name, so that its use can be told apart.")]
    if not at < terms.expires_at <= at + timedelta(days=MAX_DAYS):
        errors["expires_at"] = [_("A token ends in the future, within a year.")]
    beyond = sorted(set(terms.permissions) - held)
    if beyond:
        names = {"owner": owner, "names": ", ".join(beyond)}
        errors["permissions"] = [_("%(owner)s does not hold these: %(names)s.") % names]
    elif not held:
        errors["permissions"] = [_("%(owner)s holds no role yet. Give one first.") % {"owner": owner}]
    if terms.location is not None and not can_see(by, terms.location):
        errors["location"] = [_("Choose a place that you can see.")]
    if errors:
        raise BadInput(errors)


def _may_manage(owner: User, by: User) -> None:
    """A person keeps their own tokens; those of programs need the right to manage tokens everywhere.

    Anywhere would not do: a program may reach further than whoever makes a token for it.
    """
    if owner.is_system:
        raise Hidden
    if owner == by:
        return
    if owner.kind != User.Kind.SERVICE:
        raise Hidden
    if not scope_of(by, "access.manage_token").everything:
        raise Forbidden(FORBIDDEN(permission="access.manage_token"))


@transaction.atomic
def revoke(token: ApiToken, *, by: User, at: datetime | None = None, reason: str = "") -> ApiToken:
    """End a token at once."""
    row = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    _may_manage(row.owner, by)
    if row.revoked_at is None:
        row.revoked_at = at or now()
        write(row, by=by, action="access.token.revoked", at=at, reason=reason)
    return row


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Remember the last use, at most once a minute; the column is outside the ledger."""
    if token.last_used_at is None or at - token.last_used_at > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
