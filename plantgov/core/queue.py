"""Waking workers. The row in the database is the queue; a lost wake-up only means waiting for the sweep."""

import threading
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.pools import producers

log = structlog.get_logger(__name__)
_local = threading.local()


def wake(task: str, *args: str | int, queue: str | None = None) -> None:
    """After commit, ask a worker to run the task named `task`. Never raises for a broker that is down."""
    transaction.on_commit(lambda: send(task, *args, queue=queue))


def send(task: str, *args: str | int, queue: str | None = None) -> bool:
    """Send a task by name now; returns whether the broker took it."""
    name = queue or settings.CELERY_TASK_DEFAULT_QUEUE
    try:
        with producers[_connection()].acquire(block=True, timeout=2) as producer:
            producer.publish(
                [list(args), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}],
                exchange="",
                routing_key=name,
                serializer="json",
                headers=_headers(task),
                retry=False,
            )
    except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the sweep does the work later
        log.warning("wake_up_lost", task=task, error=type(error).__name__)
        return False
    return True


def _connection() -> Connection:
    if not hasattr(_local, "connection"):
        _local.connection = Connection(
            settings.REDIS_URL,
            transport_options={"socket_connect_timeout": 1, "socket_timeout": 2, "max_retries": 0},
        )
    return _local.connection


def _headers(task: str) -> dict[str, Any]:
    uid = str(uuid4())
    return {"lang": "py", "task": task, "id": uid, "root_id": uid, "parent_id": None, "group": None}
