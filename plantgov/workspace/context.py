"""What the frame of every page needs to know of the workspace."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from plantgov.workspace.services import inbox


def frame(request: HttpRequest) -> dict[str, Any]:
    """How much in the inbox was not looked at; asked only where a page shows it."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"inbox_count": SimpleLazyObject(lambda: inbox.unread(user))}
