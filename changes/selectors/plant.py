"""What changes read of the register: profiles, modes, baselines, holds, authorisations. One query each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from assets.models import Asset, Authorisation, Hold
from assets.selectors import Inherited, authorisations_on, holds_on, settings_of

PROFILES = ("small", "standard", "regulated")  # strictest last


def settings_for(assets: Sequence[Asset], location: Any) -> list[Inherited]:
    """What the places that a change touches are told from above; its own location counts while it has no asset."""
    places = {asset.location_id: asset.location for asset in assets} or {location.pk: location}
    return list(settings_of(places.values()).values())


def profile_of(found: Sequence[Inherited]) -> str:
    """The profile that counts for a change: the strictest of all places."""
    known = [one.profile if one.profile in PROFILES else "standard" for one in found]
    return max(known, key=PROFILES.index, default="standard")


def is_enforced(found: Sequence[Inherited]) -> bool:
    """Whether a shut gate blocks: as soon as one place does not merely observe."""
    return any(one.mode != "observe" for one in found) or not found


def holds_of(assets: Sequence[Asset], *, at: datetime) -> list[tuple[str, Hold]]:
    """The holds in force on these assets or on places above them, with the tag they stop."""
    found = holds_on(assets, at=at)
    return [(asset.tag, hold) for asset in assets for hold in found[asset.pk]]


def authorisations_of(assets: Sequence[Asset]) -> list[tuple[str, Authorisation]]:
    """The authorisations in force on these assets, with the tag."""
    found = authorisations_on(assets)
    return [(asset.tag, found[asset.pk]) for asset in assets if asset.pk in found]
