"""Long work in the background, with progress."""

from typing import Any

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
LEASE_S = 120


@transaction.atomic
def submit(kind: str, arguments: dict[str, Any], *, by: User) -> Job:
    """Put work into the queue."""
    if slots.job_kinds.get(kind) is None:
        raise BadInput(_("There is no work of the kind “%(kind)s”.") % {"kind": kind})
    job = Job.objects.create(kind=kind, arguments=arguments, by=by, requested_at=now())
    wake(TASK, str(job.uid))
    return job


def run(uid: str) -> bool:
    """Claim a job and do it; a refusal is its answer, anything else its failure."""
    job = leases.claim(Job, uid, seconds=LEASE_S)
    if job is None:
        return False
    try:
        job.result = slots.job_kinds[job.kind].run(job)
        state = "done"
    except (Refused, BadInput) as error:
        job.error, state = str(error), "failed"
    except Exception as error:  # noqa: BLE001 - the row has to say that it failed
        job.error, state = f"{type(error).__name__}: {error}"[:2000], "failed"
    return leases.finish(job, state=state, update_fields=["result", "error"])


def progress(job: Job, *, done: int, total: int, message: str = "") -> None:
    """Say how far a job is, and stay alive."""
    leases.heartbeat(job, seconds=LEASE_S)
    Job.objects.filter(pk=job.pk).update(progress_done=done, progress_total=total, message=message[:250])


def sweep() -> int:
    """Wake jobs whose wake-up was lost, take back those of dead workers."""
    leases.reap(Job)
    due = list(Job.objects.filter(state="due")[:50])
    for job in due:
        wake(TASK, str(job.uid))
    return len(due)
