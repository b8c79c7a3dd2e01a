"""Opening a new origin after a restore, so that nothing published is ever told anew."""

from datetime import datetime

from django.db import connection, transaction

from plantgov.audit import selectors
from plantgov.audit.models import Origin
from plantgov.audit.services import entries, keys, sealing


@transaction.atomic
def open_new_origin(*, by: entries.Acting, reason: str, at: datetime) -> Origin:
    """Go on under a new name; the first leaf under it cites the last checkpoint known here and the reason.

    What was sealed under the old name stays where it is: a checkpoint published before the restore that is
    larger than the restored log belongs to the old origin and contradicts nothing.
    """
    signer = keys.signer()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sealing.LOCK])
    last = selectors.latest_checkpoint()
    origin = Origin.objects.create(name=sealing.new_name(), opened_at=at, previous=last, reason=reason)
    facts = {"name": origin.name, "previous": last.note if last else None}
    entry = entries.record(origin, by=by, action="audit.origin.opened", facts=facts, reason=reason, at=at)
    sealing.append([(entry.pk, bytes(entry.canonical))], selectors.size())
    sealing.sign(origin, signer, at=at)
    return origin
