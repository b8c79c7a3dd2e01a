"""`Authorization: Bearer pgv_…`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.models import ApiToken
from access.services import tokens
from plantgov.core.clock import now

REFUSED = _("This token is unknown, expired or revoked. Make a new one under Account, Tokens.")


class TokenAuthentication(BaseAuthentication):
    """Lets a program in with a token that is live, of an account that is open."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """The account and its token; None when no bearer token was sent."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        at = now()
        digest = tokens.digest_of(words[1].decode("latin-1")) if len(words) == 2 else ""
        token = ApiToken.objects.select_related("owner__person").filter(digest=digest).first()
        if token is None or token.state(at) != "active" or not _is_open(token, at):
            raise AuthenticationFailed(REFUSED)
        tokens.note_use(token, at=at)
        owner = token.owner
        owner.api_token = token  # type: ignore[attr-defined]  # the backend narrows every scope by it
        return owner, token

    def authenticate_header(self, request: Request) -> str:
        """What to send instead."""
        return 'Bearer realm="PlantGov"'


def _is_open(token: ApiToken, at: Any) -> bool:
    person = token.owner.person
    return token.owner.is_active and not (person and person.left_at and person.left_at <= at)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the API's own description speaks of tokens."""

    target_class = "access.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token in the header Authorization."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "pgv_…"}
