"""API tokens: shown once, kept as a hash, narrower than their owner."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from access.models import ApiToken
from assets.models import Location
from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput
from plantgov.core.scope import require_anywhere
from plantgov.people.models import User

PREFIX = "pgv_"
MAX_DAYS = 366


@dataclass(frozen=True)
class TokenTerms:
    """What a token is for: no permissions named means all of its owner's."""

    name: str
    expires_at: datetime
    permissions: tuple[str, ...] = field(default=())
    location: Location | None = None


def digest_of(secret: str) -> str:
    """The hash under which a token is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def issue(owner: User, terms: TokenTerms, *, by: User, at: datetime) -> tuple[ApiToken, str]:
    """Issue a token; the secret is returned this once and stored nowhere."""
    if owner != by:
        require_anywhere(by, "access.manage_token")
    if not at < terms.expires_at <= at + timedelta(days=MAX_DAYS):
        raise BadInput({"expires_at": [_("A token lasts at most a year, and ends in the future.")]})
    if not terms.name.strip():
        raise BadInput({"name": [_("Give the token a name, so that its use can be told apart.")]})
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        owner=owner,
        name=terms.name,
        prefix=secret[:10],
        digest=digest_of(secret),
        permissions=sorted(terms.permissions),
        location=terms.location,
        created_at=at,
        expires_at=terms.expires_at,
    )
    write(row, by=by, action="access.token.issued", at=at)
    return row, secret


@transaction.atomic
def revoke(token: ApiToken, *, by: User, at: datetime) -> ApiToken:
    """End a token at once."""
    row = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    if row.owner_id != by.pk:
        require_anywhere(by, "access.manage_token")
    if row.revoked_at is None:
        row.revoked_at = at
        write(row, by=by, action="access.token.revoked", at=at)
    return row


def note_use(token: ApiToken, *, at: datetime) -> None:
    """Remember the last use, at most once a minute."""
    if token.last_used_at is None or at - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
