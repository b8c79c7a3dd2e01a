"""System checks that refuse a configuration in which rights would not be what the ledger says."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

OURS = "access.backends.ScopedPermissionBackend"
FORBIDDEN = ("guardian.backends.ObjectPermissionBackend", "django.contrib.auth.backends.ModelBackend")


@register("security")
def permission_backends(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Only our backend may answer for permissions: guardian's own honours expired rows, Django's has no places."""
    found = settings.AUTHENTICATION_BACKENDS
    errors: list[CheckMessage] = []
    if OURS not in found:
        errors.append(Error(f"Add {OURS} to AUTHENTICATION_BACKENDS.", id="access.E001"))
    errors += [
        Error(f"Remove {name} from AUTHENTICATION_BACKENDS: it grants past the ledger.", id="access.E002")
        for name in FORBIDDEN
        if name in found
    ]
    if settings.ANONYMOUS_USER_NAME is not None:
        errors.append(Error("Set ANONYMOUS_USER_NAME to None: nobody is somebody.", id="access.E003"))
    return errors
