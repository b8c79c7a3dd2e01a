"""Where permissions are decided."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

from plantgov.core.scope import EVERYWHERE, NOWHERE, Scope


class ScopedPermissionBackend:
    """Knows the first administrator only, until grants exist."""

    def authenticate(self, request: Any, **credentials: Any) -> None:
        """Sign nobody in: that is another backend's."""

    def get_user(self, user_id: int) -> Any:
        """Leave accounts to the backend that signs in."""
        return None

    def scope_of(self, user: Any, permission: str) -> Scope:
        """Everywhere for the first account of a person, nowhere for the rest."""
        first = get_user_model().objects.filter(kind="person").order_by("pk").first()
        return EVERYWHERE if first == user else NOWHERE

    def holders_of(self, permission: str, location_ids: Iterable[int], at: datetime) -> QuerySet:
        """The first account of a person."""
        return get_user_model().objects.filter(kind="person").order_by("pk")[:1]
