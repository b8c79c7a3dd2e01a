"""How far the sealer is, for whoever watches the installation and for its pages."""

from datetime import timedelta
from typing import Any

from plantgov.audit import selectors
from plantgov.audit.services import keys, sealing
from plantgov.core.clock import now
from plantgov.core.scope import scope_of

LATE = timedelta(seconds=60)


def may_read(user: Any) -> bool:
    """Whether somebody may read any part of the ledger."""
    return bool(scope_of(user, "audit.view_entry"))


def sealer_probe() -> tuple[bool, str]:
    """Whether entries get sealed: the key is usable and no entry waits longer than a minute."""
    try:
        keys.signer()
    except keys.KeyUnusable as error:
        return False, str(error)
    waiting, last = selectors.waiting(), selectors.latest_checkpoint()
    if last is not None and now() - last.at > sealing.IDLE + LATE:
        return (
            False,
            f"the newest checkpoint is of {last.at:%Y-%m-%d %H:%M} UTC: see that worker and beat run",
        )
    if waiting.oldest_at is None:
        return True, "every entry is sealed"
    age = now() - waiting.oldest_at
    told = f"{waiting.count} entries wait, the oldest for {age.total_seconds():.0f} s"
    if age <= LATE:
        return True, told
    holder = selectors.horizon_holder()
    held = (
        f"held back by {holder}" if holder else "no transaction holds it back: see that worker and beat run"
    )
    return False, f"{told}; {held}"


def unsealed_entries() -> list[tuple[tuple[str, ...], float]]:
    """How many entries wait for their seal."""
    return [((), float(selectors.waiting().count))]


def unsealed_age_s() -> list[tuple[tuple[str, ...], float]]:
    """How long the oldest of them has waited."""
    oldest = selectors.waiting().oldest_at
    return [((), (now() - oldest).total_seconds() if oldest else 0.0)]


def checkpoint_age_s() -> list[tuple[tuple[str, ...], float]]:
    """How old the newest checkpoint is; nothing as long as there is none."""
    last = selectors.latest_checkpoint()
    return [((), (now() - last.at).total_seconds())] if last else []
