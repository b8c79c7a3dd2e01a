"""Who may do something in a change now: holders of the permission, less those whom four eyes exclude."""

from collections.abc import Iterable

from changes.rules.approvals import open_stage
from changes.rules.separation import excluded_persons
from changes.selectors.facts import Dossier
from changes.states import TRANSITIONS, Role
from plantgov.core.scope import holders_of
from plantgov.people.models import User


def able_to(dossier: Dossier, name: str) -> set[User]:
    """The accounts that can take the transition `name` now, gate and window aside."""
    row = TRANSITIONS[name]
    users: set[User] = set()
    for who in row.who:
        permissions = [who.permission] if name != "approve" else _asked_permissions(dossier, who.permission)
        for permission in permissions:
            found = holders_of(permission, dossier.change, at=dossier.at).exclude(person=None)
            if who.role:
                found = found.filter(person__in=dossier.acts.get(who.role, {}))
            users |= set(found.select_related("person"))
    excluded = _excluded(dossier, row.acts_as)
    decided = {one.person_id for one in dossier.decisions} if name == "approve" else set()
    return {user for user in users if user.person_id not in excluded | decided}


def _asked_permissions(dossier: Dossier, permission: str) -> list[str]:
    asked = {row.permission for row in open_stage(dossier.asked) if row.missing}
    return [permission] if permission in asked else []


def _excluded(dossier: Dossier, role: Role | None) -> set[int]:
    if role is None:
        return set()
    return excluded_persons(role, dossier.acts, profile=dossier.profile, risk=dossier.change.risk)


def approvers_possible(dossier: Dossier) -> dict[int, set[int]]:
    """For each requirement the persons who could meet it."""
    excluded = _excluded(dossier, Role.APPROVER)
    possible = {}
    for row in dossier.asked:
        holders = holders_of(row.permission, dossier.change, at=dossier.at).exclude(person=None)
        possible[row.id] = set(holders.values_list("person_id", flat=True)) - excluded
    return possible


def excluded_names(dossier: Dossier, role: Role) -> Iterable[str]:
    """The names of those whom four eyes keep from `role`."""
    excluded = _excluded(dossier, role)
    return {name for people in dossier.acts.values() for person, name in people.items() if person in excluded}
