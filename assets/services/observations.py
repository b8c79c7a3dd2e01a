"""The latest observed state of an asset."""

from typing import Any

from assets.models import Asset, Observation
from plantgov.audit.services.entries import plain
from plantgov.core.clock import now
from plantgov.people.models import User


def note(asset: Asset, values: dict[str, dict[str, Any]], *, by: User) -> None:
    """Keep what was read of `asset`: property → {value, at}. Older properties stay."""
    known, _created = Observation.objects.get_or_create(asset=asset, defaults={"read_at": now()})
    known.values = {**known.values, **plain(values)}
    known.read_at = now()
    known.save()
