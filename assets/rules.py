"""Pure rules of the register."""

from django.utils.translation import gettext_lazy as _

from assets.states import KIND_BELOW, STATUS_MOVES
from plantgov.core.verdict import Reason, ReasonKind

NOT_BELOW = ReasonKind(
    "location_not_below", _("A {kind} cannot stand below {parent}. Possible there: {possible}.")
)
STATUS_MOVE = ReasonKind(
    "asset_status_move", _("{tag} is “{old}” and cannot become “{new}”. Possible: {possible}.")
)
OTHER_SITE = ReasonKind(
    "asset_other_site", _("{what} belongs to {site}; choose one of the asset's own site.")
)
HOLD_ENDED = ReasonKind("hold_ended", _("This hold was lifted already."))
ALREADY_AUTHORISED = ReasonKind(
    "asset_already_authorised",
    _("{tag} is being worked on by {reference} since {since}. Wait until that has ended."),
)


def place_blockers(*, kind: str, below: str, parent_name: str) -> list[Reason]:
    """Whether a kind of place may stand below another (IEC 62264-1)."""
    possible = KIND_BELOW[below]
    return (
        [] if kind in possible else [NOT_BELOW(kind=kind, parent=parent_name, possible=", ".join(possible))]
    )


def status_blockers(*, tag: str, old: str, new: str) -> list[Reason]:
    """Whether an asset may go from one status to another."""
    possible = STATUS_MOVES[old]
    if new == old or new in possible:
        return []
    return [STATUS_MOVE(tag=tag, old=old, new=new, possible=", ".join(sorted(possible)) or "–")]
