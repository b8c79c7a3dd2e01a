"""Running a gate: asked for in one transaction, read by a worker, judged in another. The row is the queue."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from changes.models import CheckRun
from changes.rules.checks import CheckSpec
from changes.rules.reasons import WRONG_STATE
from changes.selectors.facts import Dossier
from changes.selectors.specs import signals_to_read, spec_digest, specs_of
from changes.services import notices
from changes.services.judging import conclude, needs_second_reading
from changes.services.moves import lock
from changes.states import TERMINAL, Role, State
from operations.models import ProbeRun
from operations.selectors import signals_of
from operations.services import probes
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.core.errors import Refused
from plantgov.core.queue import wake
from plantgov.core.scope import require
from plantgov.people.models import User
from plantgov.people.services.accounts import system_account

TASK = "changes.evaluate"
DEADLINE_S = 10.0
SECOND_READING_AFTER = timedelta(seconds=2)
UNFINISHED = (ProbeRun.State.DUE, ProbeRun.State.RUNNING)


@transaction.atomic
def request_run(change_id: int | UUID, phase: str, *, by: User, at: datetime | None = None) -> CheckRun:
    """Ask for a run of the gate; returns the one in flight if there is one."""
    dossier = lock(change_id, at=at or now())
    change = dossier.change
    _may_run(dossier, by)
    if change.state in TERMINAL:
        label = str(State(change.state).label)
        raise Refused(WRONG_STATE(action=_("Run the gate"), reference=change.reference, state=label))
    running = change.check_runs.filter(phase=phase, state=CheckRun.State.DUE).first()
    if running:
        return running
    specs = specs_of(dossier, phase)
    last = change.check_runs.aggregate(last=Max("number"))["last"] or 0
    run = CheckRun(
        change=change,
        phase=phase,
        number=last + 1,
        specs=[spec.to_json() for spec in specs],
        spec_digest=spec_digest(specs),
        content_digest=change.content_digest,
        requested_by=by,
        requested_at=dossier.at,
        location_ids=change.scope_location_ids(),
    )
    run.probe_run = _read(run, dossier, specs)
    return write(run, by=by, action="changes.gate.requested", at=dossier.at, thing=change)


def _may_run(dossier: Dossier, by: User) -> None:
    """Whoever may check changes here, and those who are named to carry this one out."""
    if not dossier.standing(by).stands_as(Role.IMPLEMENTER):
        require(by, "changes.check_change", dossier.change)


def _read(run: CheckRun, dossier: Dossier, specs: list[CheckSpec]) -> ProbeRun | None:
    """Put the reading of everything that is needed into the queue, to wake the judging of this run."""
    signals = signals_to_read(specs, signals_of(dossier.assets))
    if not signals:
        wake(TASK, str(run.uid))
        return None
    return probes.request(
        signals,
        by=run.requested_by,
        purpose=f"{run.change.reference} {run.get_phase_display()}"[:100],
        deadline_s=DEADLINE_S,
        then=probes.Wake(TASK, run.uid),
    )


@transaction.atomic
def evaluate(run_uid: UUID | str, *, at: datetime | None = None) -> bool:
    """Judge a run whose readings are home. False if there is nothing to do (yet), so that it may come twice."""
    rows = CheckRun.objects.select_for_update(of=("self",), skip_locked=True)
    run = (
        rows.filter(uid=run_uid, state=CheckRun.State.DUE)
        .select_related("change__location", "requested_by")
        .first()
    )
    if run is None or run.read_again_at is not None:
        return False
    probe = run.probe_run
    if probe is not None and probe.state in UNFINISHED:
        return False
    if probe is not None and probe.state != ProbeRun.State.DONE:
        return _lose(run)
    dossier = Dossier(run.change, at or now())
    beats = needs_second_reading(run, dossier)
    if beats and not run.heartbeats:
        run.heartbeats, run.read_again_at = beats, dossier.at + SECOND_READING_AFTER
        run.save(update_fields=["heartbeats", "read_again_at"])
        return True
    conclude(run, dossier, by=system_account("gatekeeper"))
    notices.gate_finished(run)
    return True


def _lose(run: CheckRun) -> bool:
    """End a run whose readings will never come: what it would have said is unknown."""
    by, at = system_account("gatekeeper"), now()
    run.state, run.finished_at = CheckRun.State.LOST, at
    write(run, by=by, action="changes.gate.lost", at=at, thing=run.change)
    notices.gate_finished(run)
    return True


def sweep() -> int:
    """Judge runs whose wake-up was lost, and read again where a heartbeat has to be seen to move."""
    at = now()
    due = CheckRun.objects.filter(state=CheckRun.State.DUE)
    for run in due.filter(read_again_at__lte=at)[:50]:
        _read_again(run.pk)
    home = Q(probe_run=None, requested_at__lt=at - timedelta(seconds=2)) | ~Q(probe_run__state__in=UNFINISHED)
    waiting = due.filter(home, read_again_at=None).values_list("uid", flat=True)[:100]
    for uid in waiting:
        wake(TASK, str(uid))
    return len(waiting)


@transaction.atomic
def _read_again(run_id: int) -> None:
    rows = CheckRun.objects.select_for_update(of=("self",), skip_locked=True)
    run = rows.filter(pk=run_id, state=CheckRun.State.DUE, read_again_at__isnull=False).first()
    if run is None:
        return
    specs = [CheckSpec.from_json(row) for row in run.specs]
    run.read_again_at = None
    run.probe_run = _read(run, Dossier(run.change, now()), specs)
    run.save(update_fields=["read_again_at", "probe_run"])
