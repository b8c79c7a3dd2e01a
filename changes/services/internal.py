"""The checks that need no reading: holds, competing work, qualification. They are in every gate."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from changes.rules import reasons as r
from changes.rules.checks import Judgement
from changes.rules.gates import clock
from changes.rules.policies import qualifications_of
from changes.rules.work import conflict_blockers, hold_blockers
from changes.selectors import plant
from changes.selectors.facts import Dossier
from changes.selectors.specs import INTERNAL_MAX_AGE_S
from changes.selectors.windows import conflicts_of
from changes.states import Role
from plantgov.core.slots import GateCheck
from plantgov.core.verdict import Reason, Verdict
from plantgov.people.models import Qualification


@dataclass(frozen=True)
class GateContext:
    """What an internal check may look at."""

    dossier: Dossier
    phase: str


def no_hold(context: GateContext) -> Judgement:
    """No hold on any of the assets or the places above them."""
    dossier = context.dossier
    tags = ", ".join(asset.tag for asset in dossier.assets)
    return _judged(context, hold_blockers(dossier.holds), r.NOT_HELD(asset=tags))


def no_competing_work(context: GateContext) -> Judgement:
    """No other change works, or is scheduled to work, on the assets in this window."""
    dossier, change = context.dossier, context.dossier.change
    taken = [
        r.ASSET_TAKEN(asset=tag, other=row.change_reference, at=clock(row.from_at))
        for tag, row in plant.authorisations_of(dossier.assets)
        if row.change_uid != change.uid
    ]
    tags = ", ".join(asset.tag for asset in dossier.assets)
    return _judged(context, taken + conflict_blockers(conflicts_of(dossier)), r.NOT_TAKEN(asset=tags))


def qualified(context: GateContext) -> Judgement:
    """Who carries out the work holds every qualification asked for, until the end of the window."""
    dossier = context.dossier
    asked = qualifications_of(dossier.bodies)
    people = dossier.acts.get(Role.IMPLEMENTER, {})
    if not asked:
        return Judgement(Verdict.NOT_APPLICABLE, r.NO_QUALIFICATION_ASKED())
    if not people:
        return Judgement(Verdict.FAIL, r.NO_IMPLEMENTER())
    until = (dossier.change.window_until or dossier.at).date()
    held = set(
        Qualification.objects.filter(
            person__in=people, key__in=asked, valid_from__lte=dossier.at.date(), valid_until__gte=until
        ).values_list("person_id", "key")
    )
    missing = [
        r.NOT_QUALIFIED(name=name, key=key)
        for person, name in people.items()
        for key in asked
        if (person, key) not in held
    ]
    return _judged(context, missing, r.QUALIFIED(names=", ".join(people.values())))


def _judged(context: GateContext, blockers: list[Reason], fine: Reason) -> Judgement:
    until = context.dossier.at + timedelta(seconds=INTERNAL_MAX_AGE_S)
    return Judgement(Verdict.FAIL, blockers[0], until) if blockers else Judgement(Verdict.PASS, fine, until)


_CHECKS: tuple[tuple[str, object, Callable[[GateContext], Judgement]], ...] = (
    ("no_hold", _("No hold on the equipment"), no_hold),
    ("no_competing_work", _("No other work on the equipment"), no_competing_work),
    ("qualified", _("Those who do the work are qualified"), qualified),
)
GATE_CHECKS = tuple(GateCheck(key, label, evaluate) for key, label, evaluate in _CHECKS)
