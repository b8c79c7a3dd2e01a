"""The latest observed state of an asset."""

from datetime import datetime
from typing import Any

from assets.models import Asset, Observation
from plantgov.audit.services.entries import plain
from plantgov.core.clock import now
from plantgov.people.models import User


def note(
    asset: Asset, values: dict[str, dict[str, Any]], *, by: User, at: datetime | None = None
) -> Observation:
    """Keep what was read of `asset`: property → {value, at}. Older properties stay."""
    at = at or now()
    row, _created = Observation.objects.select_for_update().get_or_create(
        asset=asset, defaults={"read_at": at}
    )
    row.values = {**row.values, **plain(values)}
    row.firmware = _value(row.values, "firmware")
    row.program_fingerprint = _value(row.values, "program_fingerprint")
    row.read_at = at
    row.save()
    return row


def _value(values: dict[str, Any], key: str) -> str:
    known = values.get(key, {}).get("value")
    return "" if known is None else str(known)[:200]
