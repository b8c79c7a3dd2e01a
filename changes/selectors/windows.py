"""Which other changes have the same equipment in the same time."""

from changes.models import ChangeAsset
from changes.rules.work import Conflict
from changes.selectors.facts import Dossier
from changes.states import WORK_BEGUN, State


def conflicts_of(dossier: Dossier) -> list[Conflict]:
    """Scheduled and running changes whose window overlaps on one of the assets."""
    change = dossier.change
    if change.window_from is None or change.window_until is None:
        return []
    rows = (
        ChangeAsset.objects.filter(
            asset__in=[row.asset_id for row in dossier.covered],
            change__state__in=[State.SCHEDULED, *WORK_BEGUN],
            change__window_from__lt=change.window_until,
            change__window_until__gt=change.window_from,
        )
        .exclude(change=change)
        .select_related("change", "asset")
        .order_by("change__window_from")
    )
    return [
        Conflict(row.change.reference, row.asset.tag, row.change.window_from, row.change.window_until)
        for row in rows
        if row.change.window_from and row.change.window_until
    ]
