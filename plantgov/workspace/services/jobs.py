"""Long work in the background, with progress."""

from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Refused
from plantgov.core.queue import wake
from plantgov.people.models import User
from plantgov.workspace.models import Job
from plantgov.workspace.services import leases

TASK = "workspace.run_job"
LEASE_S = 60
log = structlog.get_logger(__name__)


@transaction.atomic
def submit(kind: str, arguments: dict[str, Any], *, by: User) -> Job:
    """Put work into the queue. Arguments are ids and choices, never a secret: they stay in the row."""
    if slots.job_kinds.get(kind) is None:
        raise BadInput(_("There is no work of the kind “%(kind)s”.") % {"kind": kind})
    job = Job.objects.create(kind=kind, arguments=arguments, by=by, requested_at=now())
    wake(TASK, str(job.uid))
    return job


def run(uid: str) -> bool:
    """Claim a job and do it; a refusal is its answer, anything else its failure. False if it was taken."""
    job = leases.claim(Job, uid, seconds=LEASE_S)
    if job is None:
        return False
    with leases.kept_alive(job, seconds=LEASE_S):
        state = _done(job)
    return leases.finish(job, state=state, update_fields=["result", "error"])


def _done(job: Job) -> str:
    """Do the work; the state in which it ends."""
    try:
        job.result = slots.job_kinds[job.kind].run(job)
    except (Refused, BadInput) as error:
        job.error = str(error)
    except Exception as error:
        log.exception("job_failed", job=str(job.uid), kind=job.kind)
        job.error = _("It failed unexpectedly (%(kind)s). The log has the details under %(job)s.") % {
            "kind": type(error).__name__,
            "job": job.uid,
        }
    else:
        return Job.State.DONE
    return Job.State.FAILED


def progress(job: Job, *, done: int, total: int, message: str = "") -> None:
    """Say how far a job is, if it is still this worker's."""
    if leases.heartbeat(job, seconds=LEASE_S):
        told = {"progress_done": done, "progress_total": total, "message": message[:250]}
        Job.objects.filter(pk=job.pk, attempt=job.attempt).update(**told)


def sweep() -> int:
    """Wake jobs whose wake-up was lost, take back those of dead workers."""
    leases.reap(Job)
    due = list(Job.objects.filter(state="due").order_by("pk")[:50])
    for job in due:
        wake(TASK, str(job.uid))
    return len(due)
