"""Pages about changes."""

from typing import Any

from django.http import HttpRequest


class Request(HttpRequest):
    """A request of somebody who is signed in."""

    user: Any
