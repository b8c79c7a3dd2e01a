"""What happened, told to whoever acts on it: written with the happening, delivered at least once."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import plain
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.queue import wake
from plantgov.people.models import User
from plantgov.workspace.models import Delivery, Event
from plantgov.workspace.services import leases

TASK = "workspace.deliver"
LEASE_S = 60
MAX_WAIT_S = 3600


def announce(
    kind: str, thing: Governed, *, by: User, at: datetime, facts: dict[str, Any] | None = None
) -> Event:
    """Write an event in the transaction of what happened, with one delivery for each consumer of its kind."""
    if not connection.in_atomic_block:
        raise RuntimeError("An event is written in the transaction of what happened.")
    event = Event.objects.create(
        kind=kind,
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        thing_label=str(thing),
        facts=plain(facts or {}),
        by=by,
        at=at,
        location_ids=sorted(thing.scope_location_ids()),
    )
    for consumer in slots.consumers:
        if any(_matches(kind, pattern) for pattern in consumer.kinds):
            delivery = Delivery.objects.create(event=event, consumer=consumer.key)
            wake(TASK, str(delivery.uid))
    return event


def _matches(kind: str, pattern: str) -> bool:
    return kind == pattern or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


def deliver(uid: str) -> bool:
    """Hand one event to its consumer; what fails is tried again later, and later events of the thing wait."""
    delivery = leases.claim(Delivery, uid, seconds=LEASE_S)
    if delivery is None:
        return False
    if _earlier_open(delivery):
        Delivery.objects.filter(pk=delivery.pk).update(state="due", lease_until=None)
        return False
    consumer = slots.consumers.get(delivery.consumer)
    try:
        with transaction.atomic():
            if consumer is not None:
                consumer.handle(delivery.event)
            return leases.finish(delivery)
    except Exception as error:  # noqa: BLE001 - one broken consumer must not stop the others
        _later(delivery, f"{type(error).__name__}: {error}")
        return False


def _earlier_open(delivery: Delivery) -> bool:
    rows = Delivery.objects.filter(
        consumer=delivery.consumer, event__thing_uid=delivery.event.thing_uid, event__lt=delivery.event_id
    )
    return rows.exclude(state="done").exclude(state="lost").exists()


def _later(delivery: Delivery, error: str) -> None:
    wait_s = min(5 * 2**delivery.attempt, MAX_WAIT_S)
    Delivery.objects.filter(pk=delivery.pk).update(
        state="due", lease_until=None, error=error[:2000], not_before=now() + timedelta(seconds=wait_s)
    )


def sweep() -> int:
    """Wake deliveries whose wake-up was lost or whose pause is over, oldest first."""
    leases.reap(Delivery)
    due = Delivery.objects.filter(state="due").exclude(not_before__gt=now()).order_by("pk")[:200]
    for delivery in due:
        deliver(str(delivery.uid))
    return len(due)
