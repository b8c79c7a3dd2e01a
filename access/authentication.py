"""`Authorization: Bearer pgv_…`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.models import ApiToken
from access.services import tokens
from plantgov.core.clock import now


class TokenAuthentication(BaseAuthentication):
    """Lets a program in with a token that is live, of an account that is active."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """The account and its token; None when no bearer token was sent."""
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"bearer":
            return None
        at = now()
        digest = tokens.digest_of(words[1].decode("latin-1"))
        token = ApiToken.objects.select_related("owner__person", "location").filter(digest=digest).first()
        if token is None or token.revoked_at or token.expires_at <= at or not token.owner.is_active:
            raise AuthenticationFailed(
                _("The token is unknown, expired or revoked. Issue a new one under Account.")
            )
        tokens.note_use(token, at=at)
        token.owner.api_token = token
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """What to send instead."""
        return 'Bearer realm="PlantGov"'
