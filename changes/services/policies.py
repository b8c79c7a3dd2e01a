"""Publishing policies, and attaching those in force to a change."""

from datetime import datetime
from typing import Any

from django.db import transaction

from changes.models import Change, Policy, PolicyAttachment, PolicyVersion, Requirement
from changes.rules.policies import matches, needs_of
from changes.selectors.facts import Dossier, asset_facts
from changes.selectors.specs import digest
from changes.services.seeds import POLICIES
from plantgov.audit.services.entries import Acting, write, write_all
from plantgov.core.clock import now
from plantgov.people.models import User
from plantgov.people.services.accounts import system_account


@transaction.atomic
def publish(key: str, name: str, body: dict[str, Any], *, by: Acting, at: datetime) -> PolicyVersion:
    """Put a policy's wording in force; does nothing if it is in force already."""
    policy = Policy.objects.select_for_update().filter(key=key).first()
    if policy is None:
        policy = write(Policy(key=key, name=name), by=by, action="changes.policy.added", at=at)
    latest = policy.versions.first()
    fingerprint = digest(body)
    if latest and latest.digest == fingerprint:
        return latest
    number = latest.number + 1 if latest else 1
    row = PolicyVersion(policy=policy, number=number, body=body, digest=fingerprint, published_at=at)
    return write(row, by=by, action="changes.policy.published", at=at, thing=policy)


@transaction.atomic
def set_in_force(policy: Policy, is_active: bool, *, by: User, reason: str, at: datetime) -> Policy:
    """Take a policy out of force, or back in; changes that have it attached keep it."""
    row = Policy.objects.select_for_update().get(pk=policy.pk)
    row.is_active = is_active
    return write(
        row,
        by=by,
        action="changes.policy.in_force" if is_active else "changes.policy.retired",
        reason=reason,
        at=at,
    )


def prepare() -> None:
    """Publish what ships with this version: a step after `migrate`, idempotent."""
    by, at = system_account("policies"), now()
    for key, (name, body) in POLICIES.items():
        publish(key, name, body, by=by, at=at)


def in_force() -> list[PolicyVersion]:
    """The newest version of every policy in force."""
    rows = PolicyVersion.objects.filter(policy__is_active=True).select_related("policy")
    return list(rows.order_by("policy__key", "-number").distinct("policy__key"))


def attach(dossier: Dossier, *, by: User) -> list[PolicyVersion]:
    """Attach every policy that matches to the present round of a locked change, with its requirements.

    The author picks none and detaches none; the versions stay pinned for this round.
    """
    change = dossier.change
    facts = asset_facts(dossier.assets)
    found = [
        version
        for version in in_force()
        if matches(version.body, profile=dossier.profile, risk=change.risk, assets=facts)
    ]
    attachments = [PolicyAttachment(change=change, version=version, round=change.round) for version in found]
    write_all(attachments, by=by, action="changes.policy.attached", at=dossier.at, thing=change)
    _require(change, found, by=by, at=dossier.at)
    return found


def _require(change: Change, versions: list[PolicyVersion], *, by: User, at: datetime) -> None:
    rows = [
        Requirement(
            change=change,
            round=change.round,
            stage=need.stage,
            stage_name=need.stage_name,
            label=need.label,
            permission=need.permission,
            count=need.count,
        )
        for need in needs_of(version.body for version in versions)
    ]
    write_all(rows, by=by, action="changes.requirement.set", at=at, thing=change)
