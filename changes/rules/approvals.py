"""Stages in order, requirements of a stage side by side, k of n distinct persons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from changes.rules import reasons as r
from changes.rules.gates import clock
from plantgov.core.verdict import Reason


@dataclass(frozen=True)
class Decision:
    """One decision that counts: not superseded, of the present round."""

    requirement_id: int
    person_id: int
    name: str
    decision: str
    at: datetime


@dataclass(frozen=True)
class Asked:
    """One requirement and who has met it so far."""

    id: int
    stage: int
    stage_name: str
    label: str
    permission: str
    count: int
    given: tuple[Decision, ...] = field(default=())

    @property
    def missing(self) -> int:
        """How many persons are still to approve."""
        return max(0, self.count - len({one.person_id for one in self.given}))


def progress(asked: Iterable[Asked], decisions: Sequence[Decision]) -> list[Asked]:
    """Each requirement with the approvals given for it. A person counts for one requirement only."""
    approved = [one for one in decisions if one.decision == "approved"]
    return [
        Asked(
            row.id,
            row.stage,
            row.stage_name,
            row.label,
            row.permission,
            row.count,
            tuple(one for one in approved if one.requirement_id == row.id),
        )
        for row in sorted(asked, key=lambda one: (one.stage, one.permission))
    ]


def open_stage(rows: Sequence[Asked]) -> list[Asked]:
    """The requirements of the first stage that is not met; none when all are."""
    missing = [row.stage for row in rows if row.missing]
    return [row for row in rows if row.stage == min(missing)] if missing else []


def is_complete(rows: Sequence[Asked]) -> bool:
    """Whether every requirement is met; without any requirement nothing is."""
    return bool(rows) and not any(row.missing for row in rows)


def meets(rows: Sequence[Asked], held: Iterable[str]) -> Asked | None:
    """The requirement of the open stage that a holder of these permissions would meet."""
    permissions = set(held)
    return next((row for row in open_stage(rows) if row.missing and row.permission in permissions), None)


def stage_blockers(
    rows: Sequence[Asked], decisions: Sequence[Decision], *, person_id: int, held: Iterable[str]
) -> list[Reason]:
    """Why this person has nothing to decide in the stage that is open now."""
    before = next((one for one in decisions if one.person_id == person_id), None)
    if before:
        return [r.ALREADY_DECIDED(name=before.name, at=clock(before.at))]
    if not rows:
        return [r.NO_REQUIREMENT()]
    if is_complete(rows):
        return [r.ALL_APPROVED()]
    if meets(rows, held):
        return []
    stage = open_stage(rows)
    needs = ", ".join(f"{row.missing} × {row.label}" for row in stage if row.missing)
    return [r.NOT_YOUR_STAGE(stage=stage[0].stage_name, needs=needs)]


def approval_blockers(rows: Sequence[Asked]) -> list[Reason]:
    """Which approvals are still missing."""
    if not rows:
        return [r.NO_REQUIREMENT()]
    missing = [f"{row.missing} × {row.label} ({row.stage_name})" for row in rows if row.missing]
    return [r.NOT_APPROVED(missing=", ".join(missing))] if missing else []


def staffing_blockers(
    rows: Sequence[Asked], eligible: Mapping[int, Iterable[int]], *, excluded: Iterable[str]
) -> list[Reason]:
    """Whether enough distinct persons exist: `eligible` maps a requirement to the persons who could meet it.

    Counts distinct persons greedily, requirement with the fewest candidates first.
    """
    taken: set[int] = set()
    found: list[Reason] = []
    names = ", ".join(sorted(excluded)) or "–"
    for row in sorted(rows, key=lambda one: len(set(eligible.get(one.id, ())))):
        free = [person for person in sorted(set(eligible.get(row.id, ()))) if person not in taken]
        taken.update(free[: row.count])
        if len(free) < row.count:
            found.append(r.TOO_FEW(stage=row.stage_name, count=row.count, found=len(free), excluded=names))
    return found
