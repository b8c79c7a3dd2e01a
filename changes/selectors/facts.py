"""The facts that rules ask for: who is who in a change, what was decided, what the gate said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from assets.models import Asset
from assets.selectors import Inherited
from changes.models import (
    Change,
    ChangeAsset,
    CheckResult,
    CheckRun,
    Involvement,
    PolicyAttachment,
    Release,
    Step,
)
from changes.rules import approvals as approval_rules
from changes.rules.approvals import Asked, Decision
from changes.rules.gates import RunFacts
from changes.rules.policies import AssetFacts, Body
from changes.rules.separation import Acts
from changes.rules.transitions import Standing
from changes.selectors import plant
from changes.states import TRANSITIONS, Phase, Role, State
from plantgov.core.scope import may

PERMISSIONS = tuple(sorted({who.permission for row in TRANSITIONS.values() for who in row.who}))


@dataclass
class Dossier:
    """Everything around one change, each part read once when first asked for."""

    change: Change
    at: datetime

    @cached_property
    def covered(self) -> list[ChangeAsset]:
        """The assets it covers, with their places."""
        return list(self.change.covered.select_related("asset__location", "asset__site", "asset__zone"))

    @property
    def assets(self) -> list[Asset]:
        """The same, as assets."""
        return [row.asset for row in self.covered]

    @cached_property
    def steps(self) -> list[Step]:
        """The steps of the work."""
        return list(self.change.steps.select_related("done_by"))

    @cached_property
    def involved(self) -> list[Involvement]:
        """Who is in it, with roles that are given."""
        return list(self.change.involved.filter(until_at=None).select_related("person"))

    @cached_property
    def settings(self) -> list[Inherited]:
        """What its places are told from above."""
        return plant.settings_for(self.assets, self.change.location)

    @property
    def profile(self) -> str:
        """The profile that counts."""
        return plant.profile_of(self.settings)

    @property
    def is_enforced(self) -> bool:
        """Whether a shut gate blocks here, or only says what it would have done."""
        return plant.is_enforced(self.settings)

    @cached_property
    def attachments(self) -> list[PolicyAttachment]:
        """The policy versions of the present round."""
        rows = self.change.attachments.filter(round=self.change.round).select_related("version__policy")
        return sorted(rows, key=lambda row: row.version.policy.key)

    @property
    def bodies(self) -> list[Body]:
        """What these say."""
        return [row.version.body for row in self.attachments]

    @cached_property
    def decisions(self) -> list[Decision]:
        """The decisions that count."""
        rows = self.change.approvals.filter(superseded_at=None).select_related("person")
        return [
            Decision(row.requirement_id, row.person_id, row.person.name, row.decision, row.decided_at)
            for row in rows
        ]

    @cached_property
    def asked(self) -> list[Asked]:
        """The requirements of the present round with what is given for each."""
        rows = self.change.requirements.filter(round=self.change.round)
        asked = [
            Asked(row.pk, row.stage, row.stage_name, row.label, row.permission, row.count) for row in rows
        ]
        return approval_rules.progress(asked, self.decisions)

    @cached_property
    def acts(self) -> Acts:
        """Who is what in this change: named roles, and those who approved or released."""
        found: dict[Role, dict[int, str]] = defaultdict(dict)
        for row in self.involved:
            found[Role(row.role)][row.person_id] = row.person.name
        for one in self.decisions:
            found[Role.APPROVER][one.person_id] = one.name
        return found

    @cached_property
    def release(self) -> Release | None:
        """The newest release of the equipment."""
        return self.change.releases.select_related("person").first()

    @cached_property
    def holds(self) -> list[tuple[str, Any]]:
        """The holds in force on its assets."""
        return plant.holds_of(self.assets, at=self.at)

    @cached_property
    def runs(self) -> dict[str, CheckRun]:
        """The newest finished or lost run of each phase."""
        rows = self.change.check_runs.exclude(state=CheckRun.State.DUE).order_by("phase", "-number")
        return {row.phase: row for row in rows.distinct("phase")}

    @cached_property
    def running(self) -> dict[str, CheckRun]:
        """The run in flight of each phase."""
        return {row.phase: row for row in self.change.check_runs.filter(state=CheckRun.State.DUE)}

    def run_facts(self, phase: str) -> RunFacts | None:
        """What the newest run of a phase says; the one in flight if there is no other."""
        run = self.runs.get(phase) or self.running.get(phase)
        return facts_of(run) if run else None

    def standing(self, user: Any) -> Standing:
        """Who `user` is to this change."""
        person = getattr(user, "person", None)
        return Standing(
            person_id=person.pk if person else None,
            name=person.name if person else str(user),
            held=frozenset(p for p in PERMISSIONS if may(user, p, self.change)),
            acts=self.acts,
            profile=self.profile,
            risk=self.change.risk,
        )

    @property
    def verify_phase(self) -> Phase:
        """What has to be proved before closing: the planned state, or as-found in and after a rollback."""
        is_back = self.change.is_backed_out or self.change.state == State.BACKING_OUT
        return Phase.BACK_OUT if is_back else Phase.VERIFY


def asset_facts(assets: Sequence[Asset]) -> list[AssetFacts]:
    """Assets as policies see them."""
    return [AssetFacts(asset.asset_type, asset.criticality) for asset in assets]


@dataclass(frozen=True)
class Shown:
    """A result as the gate's rules take it, with the tag of its asset."""

    row: CheckResult
    asset_tag: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def facts_of(run: CheckRun) -> RunFacts:
    """A run and its results as the rules of gates take them."""
    facts = RunFacts(
        state=run.state,
        verdict=run.verdict,
        content_digest=run.content_digest,
        spec_digest=run.spec_digest,
        results_digest=run.results_digest,
        requested_at=run.requested_at,
        finished_at=run.finished_at,
        valid_until=run.valid_until,
    )
    if run.state != CheckRun.State.DONE:
        return facts
    rows = run.results.select_related("asset")
    return replace(facts, results=[Shown(row, row.asset.tag if row.asset else "") for row in rows])
