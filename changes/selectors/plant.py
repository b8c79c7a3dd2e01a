"""What changes read of the register: profiles, modes, baselines, holds, authorisations. One query each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from assets import selectors as register
from assets.models import Asset, Authorisation, Baseline, Hold

PROFILES = ("small", "standard", "regulated")  # strictest last


def profile_of(assets: Sequence[Asset], location: Any) -> str:
    """The profile that counts for a change: the strictest of all places it touches."""
    places = {asset.location_id: asset.location for asset in assets} or {location.pk: location}
    found = {register.profile_of(place) for place in places.values()}
    known = [profile if profile in PROFILES else "standard" for profile in found]
    return max(known, key=PROFILES.index)


def is_enforced(assets: Sequence[Asset], location: Any) -> bool:
    """Whether a shut gate blocks: as soon as one place enforces."""
    places = {asset.location_id: asset.location for asset in assets} or {location.pk: location}
    return any(register.mode_of(place) != "observe" for place in places.values())


def baselines_of(assets: Iterable[Asset]) -> dict[int, Baseline]:
    """The baseline in force of each asset that has one."""
    rows = Baseline.objects.filter(asset__in=[asset.pk for asset in assets], is_current=True)
    return {row.asset_id: row for row in rows}


def holds_of(assets: Sequence[Asset], *, at: datetime) -> list[tuple[str, Hold]]:
    """The holds in force on these assets or on places above them, with the tag they stop."""
    return [(asset.tag, hold) for asset in assets for hold in register.holds_on(asset, at)]


def authorisations_of(assets: Iterable[Asset], *, at: datetime) -> list[Authorisation]:
    """The authorisations in force on these assets."""
    rows = Authorisation.objects.filter(asset__in=[asset.pk for asset in assets], ended_at=None)
    return list(rows.select_related("asset"))
