"""What workers do for changes."""

from celery import shared_task

from changes.services import gates


@shared_task(name=gates.TASK)
def evaluate(uid: str) -> None:
    """Judge the readings of one run of a gate."""
    gates.evaluate(uid)
