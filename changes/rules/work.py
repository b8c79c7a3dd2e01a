"""What a change must have before it is submitted, scheduled, started and completed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from changes.rules import reasons as r
from changes.rules.gates import clock
from changes.states import Phase
from plantgov.core.verdict import Reason


@dataclass(frozen=True)
class Conflict:
    """Another change that has the asset in the same time."""

    reference: str
    asset_tag: str
    start: datetime
    end: datetime


def submit_blockers(
    change: Any, *, assets: Sequence[Any], step_count: int, implementer_count: int, at: datetime
) -> list[Reason]:
    """What is missing before others are asked to look at a change."""
    texts = {
        _("what changes"): change.description,
        _("why"): change.justification,
        _("when to roll back"): change.rollback_trigger,
        _("how to roll back"): change.rollback_steps,
    }
    found = [r.NO_TEXT(field=name) for name, text in texts.items() if not text.strip()]
    found += [] if assets else [r.NO_ASSETS()]
    found += [] if step_count else [r.NO_STEPS()]
    found += [] if implementer_count else [r.NO_IMPLEMENTER()]
    found += [] if change.risk else [r.RISK_OPEN()]
    return found + future_window_blockers(change, at=at) + expectation_blockers(assets)


def expectation_blockers(covered: Iterable[Any]) -> list[Reason]:
    """Expected states must name phases that exist."""
    return [
        r.UNRESOLVED_EXPECTATION(key=row.get("key", "?"), asset=one.asset.tag)
        for one in covered
        for row in one.expected
        if not row.get("key") or not row.get("phases") or not set(row["phases"]) <= set(Phase.values)
    ]


def future_window_blockers(change: Any, *, at: datetime) -> list[Reason]:
    """A window that is set and not over."""
    if change.window_from is None or change.window_until is None:
        return [r.NO_WINDOW()]
    return [r.WINDOW_PAST(until=clock(change.window_until))] if change.window_until <= at else []


def inside_window_blockers(change: Any, *, at: datetime) -> list[Reason]:
    """Work begins inside its window only."""
    if change.window_from is None or change.window_until is None:
        return [r.NO_WINDOW()]
    if at < change.window_from:
        return [r.BEFORE_WINDOW(start=clock(change.window_from))]
    return [r.AFTER_WINDOW(end=clock(change.window_until))] if at >= change.window_until else []


def conflict_blockers(conflicts: Iterable[Conflict]) -> list[Reason]:
    """Two changes never have one asset at the same time."""
    return [
        r.WINDOW_TAKEN(other=one.reference, asset=one.asset_tag, start=clock(one.start), end=clock(one.end))
        for one in conflicts
    ]


def release_blockers(release: Any | None, change: Any, *, at: datetime) -> list[Reason]:
    """The equipment must be released, for this content since it was scheduled, not long ago and not used up."""
    if release is None or release.used_at is not None or release.content_digest != change.content_digest:
        return [r.NO_RELEASE()]
    if change.scheduled_at is None or release.released_at < change.scheduled_at:
        return [r.NO_RELEASE()]
    if at > release.valid_until:
        return [r.RELEASE_OLD(name=str(release.person), at=clock(release.valid_until))]
    return []


def step_blockers(steps: Iterable[Any]) -> list[Reason]:
    """Every step is done, or skipped with a reason."""
    numbers = ", ".join(str(step.number) for step in steps if step.state == "open")
    return [r.STEPS_OPEN(numbers=numbers)] if numbers else []


def hold_blockers(holds: Iterable[tuple[str, Any]]) -> list[Reason]:
    """Holds on assets stop everything: `holds` are (tag, hold)."""
    return [r.HELD(asset=tag, at=clock(hold.placed_at), why=hold.reason) for tag, hold in holds]
