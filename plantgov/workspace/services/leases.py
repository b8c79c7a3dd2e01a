"""Claiming queue rows, staying alive while working on them, and taking them back from the dead."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import F

from plantgov.core.clock import now
from plantgov.workspace.models import Leased

Row = TypeVar("Row", bound=Leased)
MAX_ATTEMPTS = 3
DUE, RUNNING, DONE, LOST = Leased.State.DUE, Leased.State.RUNNING, Leased.State.DONE, Leased.State.LOST


def worker_name() -> str:
    """This process, as it signs a lease."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


def claim(model: type[Row], uid: UUID | str, *, seconds: float) -> Row | None:
    """Take a due row for `seconds`; None if it is no longer due. One conditional update: one winner."""
    at = now()
    taken = model._default_manager.filter(uid=uid, state=DUE).update(  # type: ignore[attr-defined]
        state=RUNNING,
        worker=worker_name(),
        attempt=F("attempt") + 1,
        heartbeat_at=at,
        lease_until=at + timedelta(seconds=seconds),
    )
    return model._default_manager.get(uid=uid) if taken else None  # type: ignore[attr-defined]


def _mine(row: Leased) -> dict[str, object]:
    return {"pk": row.pk, "state": RUNNING, "attempt": row.attempt, "worker": row.worker}


def heartbeat(row: Leased, *, seconds: float) -> bool:
    """Stay alive for another `seconds`; False if the row was taken away."""
    at = now()
    rows = type(row)._default_manager.filter(**_mine(row))  # type: ignore[attr-defined]
    return bool(rows.update(heartbeat_at=at, lease_until=at + timedelta(seconds=seconds)))


@contextmanager
def kept_alive(row: Leased, *, seconds: float) -> Iterator[None]:
    """Renew the lease from a thread while the block runs, however long it takes.

    The thread dies with the process, so the row of a worker that was killed still comes back.
    """
    over = threading.Event()

    def _beat() -> None:
        try:
            while not over.wait(seconds / 3):
                if not heartbeat(row, seconds=seconds):
                    return
        except DatabaseError:
            return  # the lease runs out, and the reaper decides
        finally:
            connection.close()

    thread = threading.Thread(target=_beat, name=f"lease of {row.uid}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def finish(row: Leased, *, state: str = DONE, update_fields: Sequence[str] = ()) -> bool:
    """Store the result if the row is still ours; False for a result that comes too late."""
    values = {name: getattr(row, name) for name in update_fields}
    rows = type(row)._default_manager.filter(**_mine(row))  # type: ignore[attr-defined]
    if not rows.update(state=state, lease_until=None, **values):
        return False
    row.state = state
    return True


def pause_s(attempt: int) -> float:
    """How long to wait before the next try: 10 s after the first, twice as long each time, an hour at most."""
    return min(10.0 * 2 ** (attempt - 1), 3600.0)


def reap(model: type[Leased], *, attempts: int = MAX_ATTEMPTS) -> int:
    """Put rows of dead workers back into the queue; after several attempts they are lost, and say so."""
    rows = model._default_manager.filter(state=RUNNING, lease_until__lt=now())  # type: ignore[attr-defined]
    lost = rows.filter(attempt__gte=attempts).update(state=LOST, lease_until=None)
    return lost + rows.filter(attempt__lt=attempts).update(state=DUE, lease_until=None)
