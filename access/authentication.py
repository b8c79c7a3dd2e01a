"""API tokens."""

from rest_framework.authentication import BaseAuthentication


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer pgv_…`."""

    def authenticate(self, request):  # noqa: D102
        return None
