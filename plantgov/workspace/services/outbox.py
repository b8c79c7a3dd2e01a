"""What happened, told to whoever acts on it: written with the happening, delivered at least once, in order."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import plain
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.queue import wake
from plantgov.people.models import User
from plantgov.workspace.models import Delivery, Event
from plantgov.workspace.services import leases

TASK = "workspace.deliver"
LEASE_S = 120
MAX_TRIES = 20  # most of a day; then the thing's later events go on, and the failure stays to be seen
UNDONE = (Delivery.State.DUE, Delivery.State.RUNNING)
log = structlog.get_logger(__name__)


def announce(
    kind: str, thing: Governed, *, by: User, at: datetime, facts: dict[str, Any] | None = None
) -> Event:
    """Write an event in the transaction of what happened, with one delivery for each consumer of its kind.

    Write the ledger entry first: it serialises the writers of a thing, and so keeps its events in order.
    """
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
    """Hand one event to its consumer; what fails is tried again later, and later events of the thing wait.

    What the consumer writes and the end of the delivery are one transaction: done once, whoever dies when.
    """
    waiting = Delivery.objects.select_related("event").filter(uid=uid).first()
    if waiting is None or _siblings(waiting).filter(event__lt=waiting.event_id, state__in=UNDONE).exists():
        return False
    delivery = leases.claim(Delivery, uid, seconds=LEASE_S)
    if delivery is None:
        return False
    try:
        is_done = _handled(delivery)
    except Exception as error:
        log.warning(
            "delivery_failed", told=str(delivery.event.uid), consumer=delivery.consumer, exc_info=True
        )
        _later(delivery, f"{type(error).__name__}: {error}")
        return False
    following = _siblings(delivery).filter(event__gt=delivery.event_id, state="due").order_by("event").first()
    if following is not None:
        wake(TASK, str(following.uid))
    return is_done


class _TakenAway(Exception):
    """The lease ran out and another worker has the delivery: nothing of this one may stay."""


def _handled(delivery: Delivery) -> bool:
    consumer = slots.consumers.get(delivery.consumer)
    try:
        with transaction.atomic():
            if consumer is not None:  # one that was uninstalled wants nothing any more
                consumer.handle(delivery.event)
            if not leases.finish(delivery):
                raise _TakenAway
    except _TakenAway:
        return False
    return True


def _siblings(delivery: Delivery) -> QuerySet[Delivery]:
    """The deliveries of the same thing's events to the same consumer."""
    return Delivery.objects.filter(consumer=delivery.consumer, event__thing_uid=delivery.event.thing_uid)


def _later(delivery: Delivery, error: str) -> None:
    delivery.error = error[:2000]
    delivery.not_before = now() + timedelta(seconds=leases.pause_s(delivery.attempt))
    state = Delivery.State.DUE if delivery.attempt < MAX_TRIES else Delivery.State.FAILED
    leases.finish(delivery, state=state, update_fields=["error", "not_before"])


def sweep() -> int:
    """Hand over what is due, oldest first: wake-ups that were lost, pauses that are over."""
    leases.reap(Delivery, attempts=MAX_TRIES)
    due = Delivery.objects.filter(state="due").exclude(not_before__gt=now()).order_by("pk")[:200]
    return sum(deliver(str(delivery.uid)) for delivery in due)
