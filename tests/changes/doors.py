"""The two doors of changes, told apart by nothing but their names: the portal and the API."""

from typing import Any

from django.test import Client

from changes.models import Change
from changes.selectors.facts import Dossier
from changes.services.offers import Desk
from changes.states import TRANSITIONS
from plantgov.core.clock import now
from plantgov.people.models import User
from plantgov.people.services import accounts
from tests import factories as f

PASSWORD = "a long and dull password"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def client_of(user: User) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def with_password(user: User) -> User:
    """Somebody who knows a password to sign with."""
    accounts.set_password(user, PASSWORD, by=accounts.INSTALLER)
    return f.again(user)


def basis(user: User, change: Change) -> dict[str, str]:
    """The digests of what the page shows."""
    desk = Desk(Dossier(Change.objects.get(pk=change.pk), now()), f.again(user))
    run = desk.run
    return {
        "content_digest": desk.dossier.change.content_digest,
        "evidence_digest": run.results_digest if run else "",
    }


class Portal:
    """Buttons of the page."""

    name = "portal"

    def take(self, user: User, name: str, change: Change, **typed: Any) -> int:
        """Press the button; a redirect is a success."""
        given: dict[str, Any] = {"reason": typed.pop("reason", "because"), "password": PASSWORD}
        if TRANSITIONS[name].meaning:
            given |= basis(user, change)
        response = client_of(user).post(f"/changes/{change.reference}/{name}", {**given, **typed})
        self.last = response
        went_back = response.status_code == 302 and response["Location"].startswith("/changes/")
        return 200 if went_back else response.status_code


class Api:
    """Verbs of the API."""

    name = "api"

    def take(self, user: User, name: str, change: Change, **typed: Any) -> int:
        """Send the verb."""
        given: dict[str, Any] = {"reason": typed.pop("reason", "because")}
        if TRANSITIONS[name].meaning:
            given |= {
                **basis(user, change),
                "reauthentication": {"password": typed.pop("password", PASSWORD)},
            }
        response = client_of(user).post(
            f"/api/v1/changes/{change.reference}/{name}", {**given, **typed}, content_type="application/json"
        )
        self.last = response
        return response.status_code
