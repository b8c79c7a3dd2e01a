"""Giving roles in tests."""

from django.test import Client

from access.models import Role
from access.services import grants
from assets.models import Asset, Location
from plantgov.people.models import User
from tests.assets.conftest import AT


def grant(user: User, role: str, place: Location | Asset, *, by: User) -> None:
    """Give a role that ships."""
    terms = grants.Terms(from_at=AT, reason="For the test")
    grants.give(user, Role.objects.get(key=role), place, terms, by=by)


def sign_in(client: Client, user: User) -> None:
    """Sign an account in."""
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
