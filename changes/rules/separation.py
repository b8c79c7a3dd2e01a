"""Four eyes as a matrix over persons."""

from collections.abc import Mapping
from dataclasses import dataclass

from changes.rules.reasons import SEPARATION
from changes.states import ROLE_LABELS, Role
from plantgov.core.verdict import Reason

RISKS = ("low", "medium", "high")
Acts = Mapping[Role, Mapping[int, str]]  # role → persons in it: id → name


@dataclass(frozen=True)
class Pair:
    """Two roles that one person may not have in the same change; from which risk, in which profiles."""

    first: Role
    second: Role
    from_risk: str = "low"
    profiles: tuple[str, ...] = ()  # none: all of them

    def holds(self, profile: str, risk: str) -> bool:
        """Whether the pair counts here. A risk that nobody rated counts as the highest."""
        rank = RISKS.index(risk) if risk in RISKS else len(RISKS)
        return (not self.profiles or profile in self.profiles) and rank >= RISKS.index(self.from_risk)

    def other(self, role: Role) -> Role | None:
        """The role that `role` excludes, if this pair speaks of it."""
        if role == self.first:
            return self.second
        return self.first if role == self.second else None


_STRICT = ("standard", "regulated")
MATRIX = (
    Pair(Role.APPROVER, Role.REQUESTER),
    Pair(Role.APPROVER, Role.EDITOR),
    Pair(Role.VERIFIER, Role.IMPLEMENTER),
    Pair(Role.RELEASER, Role.IMPLEMENTER),
    Pair(Role.DEVIATION, Role.IMPLEMENTER),
    Pair(Role.APPROVER, Role.IMPLEMENTER, from_risk="medium"),
    Pair(Role.VERIFIER, Role.REQUESTER, profiles=_STRICT),
    Pair(Role.VERIFIER, Role.EDITOR, profiles=_STRICT),
    Pair(Role.DEVIATION, Role.REQUESTER, profiles=_STRICT),
    Pair(Role.VERIFIER, Role.APPROVER, profiles=("regulated",)),
    Pair(Role.RELEASER, Role.APPROVER, profiles=("regulated",)),
)


def excluded_roles(role: Role, *, profile: str, risk: str) -> list[Role]:
    """The roles whose persons may not also take `role`."""
    others = (pair.other(role) for pair in MATRIX if pair.holds(profile, risk))
    return [other for other in others if other is not None]


def excluded_persons(role: Role, acts: Acts, *, profile: str, risk: str) -> set[int]:
    """The persons who may not take `role` in a change with these acts."""
    return {
        person for other in excluded_roles(role, profile=profile, risk=risk) for person in acts.get(other, {})
    }


def separation_blockers(role: Role, person_id: int, acts: Acts, *, profile: str, risk: str) -> list[Reason]:
    """Why this person may not take `role`: what else they are in this change."""
    return [
        SEPARATION(name=acts[other][person_id], other=str(ROLE_LABELS[other]), role=str(ROLE_LABELS[role]))
        for other in excluded_roles(role, profile=profile, risk=risk)
        if person_id in acts.get(other, {})
    ]
