"""Reading policies."""

from typing import Any

from django.db.models import QuerySet

from changes.models import Policy


def policies_visible_to(user: Any) -> QuerySet[Policy]:
    """Every policy that the user may read, with its versions, the newest first."""
    return Policy.objects.visible_to(user).prefetch_related("versions")
