"""Pure rules of the register."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from assets.states import LEVELS, TRANSITIONS, LocationKind, Status
from plantgov.core.verdict import Reason, ReasonKind

NOT_BELOW = ReasonKind(
    "location_not_below", _("A place of the kind “{kind}” can't stand below {parent}. Possible: {possible}.")
)
BELOW_ITSELF = ReasonKind("location_below_itself", _("{name} can't be moved below itself."))
LEAVES_SITE = ReasonKind(
    "location_leaves_site", _("{name} stays in {site}: tags are unique in a site. Choose a place there.")
)
TOO_DEEP = ReasonKind("location_too_deep", _("Places can be nested {most} deep at most."))
STATUS_MOVE = ReasonKind(
    "asset_status_move", _("{tag} is “{old}” and can't become “{new}”. Possible: {possible}.")
)
BEING_ALTERED = ReasonKind(
    "asset_being_altered", _("{tag} is being altered by {reference}; it can be retired when that has ended.")
)
NOT_IN_SITE = ReasonKind("asset_not_in_site", _("An asset stands in a site; choose a place within one."))
OTHER_SITE = ReasonKind(
    "asset_other_site", _("{what} belongs to another site than the asset; choose one of {site}.")
)
PART_OF_ITSELF = ReasonKind("asset_part_of_itself", _("{tag} can't be a part of itself or of its own parts."))
NEEDS_REASON = ReasonKind(
    "asset_needs_reason",
    _(
        "{tag} is in service and no running change covers it. To correct {fields} in the record, give the reason."
    ),
)
LATER_OWNER = ReasonKind(
    "ownership_later_owner",
    _("{name} becomes accountable on {at}. End that first, or choose a later moment."),
)
OWNERSHIP_ENDED = ReasonKind("ownership_ended", _("This ownership ended on {at}."))
OWNERSHIP_END_BEFORE = ReasonKind("ownership_end_before", _("It began on {at} and can't end before that."))
HOLD_ENDED = ReasonKind("hold_ended", _("{name} lifted this hold on {at}."))
ALREADY_AUTHORISED = ReasonKind(
    "asset_already_authorised",
    _("{tag} is being worked on by {reference} since {since}. Wait until that has ended."),
)
IMPORT_NOT_READY = ReasonKind(
    "import_not_ready", _("This import has errors; correct the file and bring it again.")
)
IMPORT_APPLIED = ReasonKind("import_applied", _("This import was applied on {at}."))
IMPORT_MOVED = ReasonKind(
    "import_moved",
    _("The register has changed since this preview was made. Look at the new preview, then apply it."),
)
MOST_LEVELS = 12
# Fields of an asset in service that change by a change, or by a correction with its reason.
CONTROLLED_FIELDS = frozenset(
    {"asset_type", "zone", "criticality", "safety_related", "firmware_version", "purdue_level"}
)


def moment(at: datetime) -> str:
    """A moment inside a sentence, in UTC."""
    return f"{at:%-d %b %Y, %H:%M} UTC"


def kinds_below(kind: str) -> list[LocationKind]:
    """The kinds of place that may stand below one of `kind`; units may be nested."""
    level = LEVELS.index(LocationKind(kind))
    return LEVELS[level + 1 : 2] if level == 0 else LEVELS[level + 1 :] or [LocationKind.WORK_UNIT]


def place_blockers(*, kind: str, below: str, parent_name: str, depth: int = 0) -> list[Reason]:
    """Whether a kind of place may stand below another (IEC 62264-1)."""
    found = [TOO_DEEP(most=MOST_LEVELS)] if depth > MOST_LEVELS else []
    possible = kinds_below(below)
    if kind not in possible:
        names = ", ".join(str(one.label) for one in possible)
        found.append(NOT_BELOW(kind=LocationKind(kind).label, parent=parent_name, possible=names))
    return found


def status_blockers(*, tag: str, old: str, new: str, altered_by: str = "") -> list[Reason]:
    """Whether an asset may go from one status to another; `altered_by` is the running change, if any."""
    if new == old:
        return []
    possible = TRANSITIONS[Status(old)]
    if new not in possible:
        names = ", ".join(str(one.label) for one in possible) or "–"
        return [STATUS_MOVE(tag=tag, old=Status(old).label, new=Status(new).label, possible=names)]
    if new == Status.RETIRED and altered_by:
        return [BEING_ALTERED(tag=tag, reference=altered_by)]
    return []


def correction_blockers(
    *, tag: str, status: str, changed: Iterable[str], reason: str, is_authorised: bool
) -> list[Reason]:
    """Whether a record of an asset in service may be altered: by a running change, or with a reason."""
    touched = sorted(CONTROLLED_FIELDS.intersection(changed))
    if status != Status.IN_SERVICE or not touched or is_authorised or reason.strip():
        return []
    names: Sequence[str] = [name.replace("_", " ") for name in touched]
    return [NEEDS_REASON(tag=tag, fields=", ".join(names))]
