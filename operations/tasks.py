"""What workers do for operations."""

from celery import shared_task

from operations.services import probes


@shared_task(name=probes.TASK)
def probe(uid: str) -> None:
    """Read the plant for one run."""
    probes.execute(uid)
