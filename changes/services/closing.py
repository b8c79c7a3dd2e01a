"""The end of the work: verified, failed, or closed with a deviation."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from changes.models import Change, Snapshot
from changes.services import plant
from changes.services.drafts import involve
from changes.services.moves import begin, move
from changes.services.signatures import Signing, compare, gate_of, signed
from changes.states import Outcome, Role
from plantgov.core.clock import now
from plantgov.people.models import User


@transaction.atomic
def close(
    change_id: int | UUID, *, by: User, signing: Signing, comment: str = "", at: datetime | None = None
) -> Change:
    """Verify and close: signed by somebody who did not do the work, on a fresh and open gate.

    As-left is kept and becomes the baseline; after a rollback the gate has proved as-found instead.
    """
    act = begin("close", change_id, by=by, at=at or now(), reason=comment)
    dossier, change = act.dossier, act.change
    gate = gate_of(dossier, dossier.verify_phase, at=act.at)
    compare(act, gate, signing)
    gate.demand()
    signature = signed(act, signing, gate=gate)
    left = plant.snapshot(dossier, Snapshot.Kind.AS_LEFT, gate.run, by=by)
    if not change.is_backed_out:
        plant.adopt_baselines(dossier, left, signature=signature, by=by)
    plant.end_work(dossier, by=by)
    assert by.person is not None  # noqa: S101 - begin() refused accounts without a person
    involve(change, Role.VERIFIER, by.person, by=by, at=act.at)
    change.outcome = Outcome.ROLLED_BACK if change.is_backed_out else Outcome.SUCCESS
    return move(act)


@transaction.atomic
def fail(change_id: int | UUID, *, by: User, reason: str, at: datetime | None = None) -> Change:
    """The verification failed: the work is on hold until it is resumed or backed out."""
    return move(begin("fail", change_id, by=by, at=at or now(), reason=reason))


@transaction.atomic
def deviate(
    change_id: int | UUID, *, by: User, signing: Signing, reason: str, at: datetime | None = None
) -> Change:
    """Close as nonconforming: neither the plan nor as-found was reached, or nobody can read whether it was.

    The deviation is signed; no baseline is adopted, so that drift stays visible. The way out for dead devices.
    """
    act = begin("deviate", change_id, by=by, at=at or now(), reason=reason)
    dossier, change = act.dossier, act.change
    gate = gate_of(dossier, dossier.verify_phase, at=act.at)
    compare(act, gate, signing)
    signed(act, signing, gate=gate)
    plant.snapshot(dossier, Snapshot.Kind.AS_LEFT, gate.run, by=by)
    plant.end_work(dossier, by=by)
    assert by.person is not None  # noqa: S101 - begin() refused accounts without a person
    involve(change, Role.DEVIATION, by.person, by=by, at=act.at)
    change.outcome = Outcome.NONCONFORMING
    return move(act)
