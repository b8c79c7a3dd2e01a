"""May this person move this change along this way?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from changes.rules.reasons import AUTOMATIC, NO_PERSON, NO_REASON, NOT_IN_ROLE, WRONG_STATE
from changes.rules.separation import Acts, separation_blockers
from changes.states import ROLE_LABELS, Role, State, Transition
from plantgov.core.errors import FORBIDDEN
from plantgov.core.verdict import Reason


@dataclass(frozen=True)
class Standing:
    """Who somebody is to a change: the person, the permissions held on all its places, everybody's roles."""

    person_id: int | None
    name: str
    held: frozenset[str]
    acts: Acts = field(default_factory=dict)
    profile: str = "standard"
    risk: str = ""

    def stands_as(self, role: Role) -> bool:
        """Whether this person is in `role`."""
        return self.person_id is not None and self.person_id in self.acts.get(role, {})


def state_blockers(row: Transition, *, state: str, reference: str) -> list[Reason]:
    """The change has to stand where the way begins."""
    if state in row.sources:
        return []
    return [WRONG_STATE(action=str(row.label), reference=reference, state=str(State(state).label))]


def permission_blockers(row: Transition, standing: Standing) -> list[Reason]:
    """What permission is missing for this way, if none of those that suffice is held."""
    if row.is_automatic:
        return [AUTOMATIC(action=str(row.label))]
    if any(who.permission in standing.held for who in row.who):
        return []
    return [FORBIDDEN(permission=row.who[0].permission)]


def person_blockers(row: Transition, standing: Standing) -> list[Reason]:
    """Only a person, only in the role that the way asks for, and only with four eyes kept."""
    if standing.person_id is None:
        return [NO_PERSON()]
    fits = [
        w for w in row.who if w.permission in standing.held and (w.role is None or standing.stands_as(w.role))
    ]
    if not fits:
        roles = ", ".join(dict.fromkeys(str(ROLE_LABELS[w.role]) for w in row.who if w.role))
        return [NOT_IN_ROLE(action=str(row.label), roles=roles)]
    if row.acts_as is None:
        return []
    return separation_blockers(
        row.acts_as, standing.person_id, standing.acts, profile=standing.profile, risk=standing.risk
    )


def reason_blockers(row: Transition, reason: str) -> list[Reason]:
    """Some ways need a reason."""
    return [NO_REASON(action=str(row.label))] if row.needs_reason and not reason.strip() else []


def acts_of(rows: Mapping[Role, Mapping[int, str]], *more: tuple[Role, int, str]) -> Acts:
    """`rows` with some more acts."""
    found: dict[Role, dict[int, str]] = {role: dict(people) for role, people in rows.items()}
    for role, person_id, name in more:
        found.setdefault(role, {})[person_id] = name
    return found
