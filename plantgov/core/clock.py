"""The only place that reads the clock and makes identifiers; everything else is given `at`."""

from datetime import datetime
from uuid import UUID

from django.utils import timezone
from uuid_utils import compat


def now() -> datetime:
    """The present moment in UTC."""
    return timezone.now()


def new_uid() -> UUID:
    """A new UUIDv7 (RFC 9562): sortable by the time of its making."""
    return compat.uuid7()
