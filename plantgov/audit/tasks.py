"""What workers do for the ledger."""

from celery import shared_task

from plantgov.audit.services import sealing


@shared_task(name="audit.seal")
def seal() -> None:
    """Seal what is committed and sign a checkpoint."""
    sealing.seal()


@shared_task(name="audit.seal_everything")
def seal_everything() -> None:
    """Look through the whole ledger for what was never sealed."""
    sealing.seal(everything=True)
