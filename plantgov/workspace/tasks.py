"""What workers do for the workspace."""

import structlog
from celery import shared_task

from plantgov.core import slots
from plantgov.workspace.services import health, inbox, jobs, outbox

log = structlog.get_logger(__name__)


@shared_task(name="workspace.sweep")
def sweep() -> None:
    """Take up everything whose wake-up was lost; a sign of life of beat and worker alike."""
    health.note_alive("worker")
    for item in slots.sweeps:
        try:
            item.run()
        except Exception:  # one app's trouble keeps no other app's work
            log.exception("sweep_failed", sweep=item.key)


@shared_task(name=outbox.TASK)
def deliver(uid: str) -> None:
    """Hand an event to a consumer."""
    outbox.deliver(uid)


@shared_task(name=inbox.TASK)
def send_mail(uid: str) -> None:
    """Send a mail."""
    inbox.send(uid)


@shared_task(name=jobs.TASK)
def run_job(uid: str) -> None:
    """Do a job."""
    jobs.run(uid)
