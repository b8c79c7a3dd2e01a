"""What `/readyz` and `/metrics` ask."""

import shutil
from datetime import timedelta

import redis
from django.conf import settings
from django.db.models import Count

from plantgov.core.clock import now
from plantgov.workspace.models import Delivery, Heartbeat, Job, Mail

ALIVE_FOR = timedelta(seconds=45)
MIN_FREE_BYTES = 500_000_000


def note_alive(name: str) -> None:
    """Leave a sign of life."""
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": now()})


def broker_probe() -> tuple[bool, str]:
    """Whether the broker answers."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.RedisError as error:
        return False, f"does not answer ({type(error).__name__}); work waits in the database and is not lost"
    finally:
        client.close()
    return True, "answers"


def worker_probe() -> tuple[bool, str]:
    """Whether a worker has been seen lately."""
    seen = Heartbeat.objects.filter(name="worker").first()
    if seen is None:
        return False, "no worker has been seen yet; start one, or wait a few seconds"
    age = now() - seen.seen_at
    return age < ALIVE_FOR, f"seen {age.total_seconds():.0f} s ago"


def disk_probe() -> tuple[bool, str]:
    """Whether there is room for files."""
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.MEDIA_ROOT).free
    return free > MIN_FREE_BYTES, f"{free // 1_000_000} MB free"


def jobs_by_state() -> list[tuple[tuple[str, ...], float]]:
    """How many jobs stand in each state."""
    rows = Job.objects.values_list("state").annotate(n=Count("pk")).order_by()
    return [((state,), float(count)) for state, count in rows]


def mails_by_state() -> list[tuple[tuple[str, ...], float]]:
    """How many mails stand in each state."""
    rows = Mail.objects.values_list("state").annotate(n=Count("pk")).order_by()
    return [((state,), float(count)) for state, count in rows]


def deliveries_failed() -> list[tuple[tuple[str, ...], float]]:
    """How many events a consumer has given up on."""
    return [((), float(Delivery.objects.filter(state__in=("failed", "lost")).count()))]


def outbox_backlog() -> list[tuple[tuple[str, ...], float]]:
    """How many events wait for a consumer."""
    return [((), float(Delivery.objects.filter(state="due").count()))]
