"""Runs a plan under one absolute deadline and brings home one reading per point, whatever happens.

Every attempt is bounded twice: by its endpoint's `timeout_s` and by the run's deadline. Tasks that
do not end when cancelled are left behind; their sheets are not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fieldlink.connectors import CONNECTORS
from fieldlink.errors import AddressError, ReadError, classify
from fieldlink.guard import Resolver, Target, admitted, target_of
from fieldlink.link import Link
from fieldlink.sheet import Sheet
from fieldlink.spec import Plan, ReadReason, Result

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
MOST_PER_HOST = 2
_ATTEMPTS = 2
_RETRY_PAUSE_S = 0.1
_LEAST_FOR_RETRY_S = 0.3
_GRACE_S = 0.3
_RETRIED = (ReadReason.TIMEOUT, ReadReason.REFUSED)


@dataclass(slots=True)
class _Run:
    """What all probes of one run share."""

    plan: Plan
    ends_at: float
    resolver: Resolver = field(default_factory=Resolver)
    anywhere: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))
    by_host: dict[tuple[str, int], asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(MOST_PER_HOST))
    )

    def left_s(self) -> float:
        return self.ends_at - asyncio.get_running_loop().time()

    @asynccontextmanager
    async def place(self, target: Target) -> AsyncIterator[None]:
        """A place at the host first, so that a busy host does not hold places of others."""
        async with self.by_host[target.host.lower(), target.port], self.anywhere:
            yield


def run(plan: Plan) -> Result:
    """Run a plan to its end in an event loop of its own."""
    return asyncio.run(run_plan(plan))


async def run_plan(plan: Plan) -> Result:
    """Read every point of a plan; raises nothing but programming errors."""
    started_at = datetime.now(UTC)
    shared = _Run(plan, asyncio.get_running_loop().time() + plan.deadline_s)
    sheets = [Sheet(probe) for probe in plan.probes]
    tasks = [asyncio.create_task(_probe(shared, sheet)) for sheet in sheets]
    await _finished(tasks, shared)
    return Result(
        run_uid=plan.run_uid,
        readings=tuple(reading for sheet in sheets for reading in sheet.readings()),
        identities=tuple(s.identity for s in sheets if s.identity is not None),
        started_at=started_at,
        finished_at=datetime.now(UTC),
        worker=f"{socket.gethostname()}:{os.getpid()}",
    )


async def _finished(tasks: list[asyncio.Task[None]], shared: _Run) -> None:
    """Wait for the tasks until the deadline, then cancel, then wait no longer than a grace."""
    if not tasks:
        return
    try:
        done, late = await asyncio.wait(tasks, timeout=max(0.0, shared.left_s()))
        for task in late:
            task.cancel()
        if late:
            ended, stuck = await asyncio.wait(late, timeout=_GRACE_S)
            done |= ended
            if stuck:
                log.warning("%d probes did not end when cancelled", len(stuck))
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        if not task.cancelled():
            task.result()


async def _probe(shared: _Run, sheet: Sheet) -> None:
    """All attempts at one endpoint."""
    try:
        target = target_of(sheet.endpoint)
    except ReadError as exc:
        sheet.miss_rest(exc.reason, exc.code)
        return
    _check_points(sheet)
    if not sheet.open_points():
        return
    async with shared.place(target):
        for number in range(1, _ATTEMPTS + 1):
            sheet.attempts = number
            reason, code = await _attempt(shared, sheet, target)
            last = number == _ATTEMPTS or reason not in _RETRIED or not sheet.may_retry
            if last or shared.left_s() < _RETRY_PAUSE_S + _LEAST_FOR_RETRY_S:
                sheet.miss_rest(reason, code)
                return
            await asyncio.sleep(_RETRY_PAUSE_S)


def _check_points(sheet: Sheet) -> None:
    connector = CONNECTORS[sheet.endpoint.protocol]
    for place, point in sheet.open_points():
        try:
            connector.check(point)
        except AddressError as exc:
            sheet.miss(place, exc.reason, exc.code)


async def _attempt(shared: _Run, sheet: Sheet, target: Target) -> tuple[ReadReason, str]:
    """One connection to one endpoint; the reason is for the points it left open."""
    endpoint = sheet.endpoint
    now = asyncio.get_running_loop().time()
    until = min(now + endpoint.timeout_s, shared.ends_at)
    try:
        address = await admitted(
            endpoint,
            target,
            resolver=shared.resolver,
            rules=shared.plan.networks,
            allow_loopback=shared.plan.allow_loopback,
            until=until,
        )
        link = Link(endpoint, target, address, sheet, until, shared.plan.identify)
        async with asyncio.timeout_at(until):
            await CONNECTORS[endpoint.protocol].read(link)
    except Exception as exc:
        reason, code = classify(exc)
        if reason is ReadReason.PROTOCOL and not isinstance(exc, ReadError):
            log.warning("endpoint %s: %s", endpoint.uid, type(exc).__name__, exc_info=exc)
    else:
        return ReadReason.PROTOCOL, "NotAnswered"
    if reason in (ReadReason.TIMEOUT, ReadReason.DNS) and shared.left_s() <= 0:
        return ReadReason.DEADLINE, "Deadline"
    return reason, code
