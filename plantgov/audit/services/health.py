"""What `/readyz` and `/metrics` ask of the ledger."""

from datetime import datetime, timedelta

from plantgov.audit import selectors
from plantgov.audit.services import keys, sealing
from plantgov.core.clock import now

PATIENCE = timedelta(seconds=60)
Samples = list[tuple[tuple[str, ...], float]]


def sealer_probe() -> tuple[bool, str]:
    """Whether entries are being sealed, and what holds the sealer if not."""
    return judge(now())


def judge(at: datetime) -> tuple[bool, str]:
    """The same for a given moment."""
    try:
        keys.signer()
    except keys.KeyUnusable as error:
        return False, str(error)
    waiting, last = selectors.waiting(), selectors.latest_checkpoint()
    age = at - waiting.oldest_at if waiting.oldest_at else timedelta(0)
    if age > PATIENCE:
        holder = selectors.horizon_holder()
        why = f"held by {holder}" if holder else "no sealer runs; start a worker and beat"
        return False, f"{waiting.count} entries wait, the oldest for {age.total_seconds():.0f} s: {why}"
    if last is None:
        return True, "nothing to seal yet"
    if at - last.at > sealing.IDLE + PATIENCE:
        return False, f"the last checkpoint is of {last.at:%d %b %H:%M} UTC; no sealer runs"
    return True, f"{last.size} entries sealed, {waiting.count} on their way, signed {last.at:%H:%M:%S} UTC"


def log_size() -> Samples:
    """How many entries the log holds."""
    return [((), float(selectors.size()))]


def entries_waiting() -> Samples:
    """How many committed entries are not sealed."""
    return [((), float(selectors.waiting().count))]


def seconds_waiting() -> Samples:
    """How long the oldest of them has waited."""
    oldest = selectors.waiting().oldest_at
    return [((), (now() - oldest).total_seconds() if oldest else 0.0)]
