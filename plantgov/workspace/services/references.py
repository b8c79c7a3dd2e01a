"""Human references: CHG-2026-0042."""

from datetime import datetime

from django.db import connection

from plantgov.workspace.models import ReferenceCounter


def next_reference(kind: str, *, at: datetime) -> str:
    """The next reference of a kind; the counter stays locked until the creating transaction ends."""
    if not connection.in_atomic_block:
        raise RuntimeError("A reference is taken in the transaction that creates what carries it.")
    ReferenceCounter.objects.get_or_create(kind=kind, year=at.year)
    counter = ReferenceCounter.objects.select_for_update().get(kind=kind, year=at.year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{kind}-{at.year}-{counter.last:04d}"
