"""What workers do for the ledger."""

from celery import shared_task

from plantgov.audit.services import sealing


@shared_task(name="audit.seal")
def seal() -> None:
    """Seal what is committed and sign a checkpoint."""
    sealing.seal()
