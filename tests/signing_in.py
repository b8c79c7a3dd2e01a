"""Signing in without a password: sessions of accounts belong to the backend that signs in."""

from django.test import Client

from plantgov.people.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def sign_in(user: User, client: Client | None = None) -> Client:
    """A client in which `user` is signed in."""
    client = client or Client()
    client.force_login(user, backend=BACKEND)
    return client
