"""Asking the plant: the row is the queue, the network is touched outside every transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from assets.models import Location
from assets.services import observations
from fieldlink.runner import run_plan
from fieldlink.spec import EndpointSpec, Plan, PointSpec, Probe, Result, SecuritySpec
from fieldlink.spec import NetworkRule as AllowedNetwork
from operations.models import Endpoint, NetworkRule, ProbeRun, ReadingStop, Signal
from operations.rules import reading_blockers
from plantgov.core.clock import new_uid, now
from plantgov.core.errors import BadInput
from plantgov.core.queue import wake
from plantgov.core.verdict import Reason
from plantgov.people.models import User
from plantgov.people.services.accounts import system_account
from plantgov.workspace.services import leases

TASK = "operations.probe"
GRACE_S = 20


@dataclass(frozen=True)
class Wake:
    """The task to run, with the uid it is for, when a reading is finished."""

    task: str
    uid: UUID


@transaction.atomic
def request(
    signals: Sequence[Signal], *, by: User, purpose: str, deadline_s: float = 10, then: Wake | None = None
) -> ProbeRun:
    """Put a reading of `signals` into the queue. What may not be read is refused here, with the reason."""
    if not signals:
        raise BadInput(_("There is nothing to read yet: add a signal first."))
    allowed, refused = _sort_out(signals)
    run = ProbeRun.objects.create(
        purpose=purpose,
        requested_by=by,
        requested_at=now(),
        plans=[plan.to_json() for plan in _plans(allowed, deadline_s)],
        refused=refused,
        deadline_s=deadline_s,
        wake_task=then.task if then else "",
        wake_uid=then.uid if then else None,
        location_ids=sorted({signal.asset.location_id for signal in signals}),
    )
    wake(TASK, str(run.uid))
    return run


def _sort_out(signals: Sequence[Signal]) -> tuple[list[Signal], list[dict[str, Any]]]:
    stops = _stops(signals)
    allowed, refused = [], []
    for signal in signals:
        covering = [
            s
            for s in stops
            if s.asset_id == signal.asset_id or (s.zone_id and s.zone_id == signal.asset.zone_id)
        ]
        reasons = reading_blockers(signal.endpoint, covering)
        if reasons:
            refused.append(_refusal(signal, reasons[0]))
        else:
            allowed.append(signal)
    return allowed, refused


def _stops(signals: Iterable[Signal]) -> list[ReadingStop]:
    assets = {signal.asset_id for signal in signals}
    zones = {signal.asset.zone_id for signal in signals} - {None}
    open_stops = ReadingStop.objects.filter(lifted_at=None).select_related("zone", "asset")
    return list(open_stops.filter(Q(asset__in=assets) | Q(zone__in=zones)))


def _refusal(signal: Signal, reason: Reason) -> dict[str, Any]:
    return {"signal": str(signal.uid), "code": reason.code, "params": reason.params}


def _plans(signals: Sequence[Signal], deadline_s: float) -> list[Plan]:
    """One plan a site, so that the networks of one site open nothing at another."""
    by_site: dict[int, dict[Endpoint, list[Signal]]] = defaultdict(lambda: defaultdict(list))
    for signal in signals:
        by_site[site_id_of(signal.endpoint.location)][signal.endpoint].append(signal)
    return [
        Plan(
            run_uid=str(new_uid()),
            probes=tuple(
                Probe(endpoint_spec(e), tuple(map(point_spec, found))) for e, found in endpoints.items()
            ),
            networks=allowed_networks(site_id),
            allow_loopback=settings.PLANTGOV_ALLOW_LOOPBACK,
            deadline_s=deadline_s,
        )
        for site_id, endpoints in by_site.items()
    ]


def site_id_of(location: Location) -> int:
    """The site that `location` belongs to; itself for an enterprise."""
    site = location.site
    return site.pk if site else location.pk


def allowed_networks(site_id: int) -> tuple[AllowedNetwork, ...]:
    """The networks in force at a site."""
    rules = NetworkRule.objects.filter(site_id=site_id, state=NetworkRule.State.IN_FORCE)
    return tuple(
        AllowedNetwork(cidr=r.cidr, ports=tuple(r.ports), protocols=tuple(r.protocols)) for r in rules
    )


def endpoint_spec(endpoint: Endpoint) -> EndpointSpec:
    """The endpoint as the reader of the field takes it."""
    return EndpointSpec(
        uid=str(endpoint.uid),
        protocol=endpoint.protocol,
        url=endpoint.url,
        security=SecuritySpec.from_json(endpoint.security),
        credential=endpoint.credential_ref or None,
        timeout_s=endpoint.timeout_s,
    )


def point_spec(signal: Signal) -> PointSpec:
    """The signal as the reader of the field takes it."""
    return PointSpec(
        uid=str(signal.uid),
        address=signal.address,
        datatype=signal.datatype,
        unit=signal.unit,
        scale=str(signal.scale.normalize()),
        offset=str(signal.offset.normalize()),
    )


def execute(uid: UUID | str) -> bool:
    """Claim a run, read the plant, store what came back and wake who waits for it. False if it was taken."""
    run = leases.claim(ProbeRun, uid, seconds=GRACE_S)
    if run is None:
        return False
    results = asyncio.run(_read([Plan.from_json(plan) for plan in run.plans]))
    return _store(run, results)


async def _read(plans: list[Plan]) -> list[Result]:
    return list(await asyncio.gather(*(run_plan(plan) for plan in plans)))


@transaction.atomic
def _store(run: ProbeRun, results: list[Result]) -> bool:
    run.results = [result.to_json() for result in results]
    if not leases.finish(run, update_fields=["results"]):
        return False  # somebody else took it over; this result is late
    _note_observations(results)
    if run.wake_task:
        wake(run.wake_task, str(run.wake_uid))
    return True


def _note_observations(results: list[Result]) -> None:
    """Keep the latest identity, firmware and fingerprint seen on each asset."""
    good = {r.point_uid: r for result in results for r in result.readings if r.is_ok}
    seen: dict[Any, dict[str, Any]] = defaultdict(dict)
    for signal in Signal.objects.filter(uid__in=good).select_related("asset"):
        reading = good[str(signal.uid)]
        seen[signal.asset][signal.key] = {"value": reading.value, "at": reading.received_time}
    for asset, values in seen.items():
        observations.note(asset, values, by=system_account("gatekeeper"))


def sweep() -> int:
    """Take back runs whose worker died, and wake those whose wake-up was lost."""
    leases.reap(ProbeRun)
    overdue = now() - timedelta(seconds=3)
    due = ProbeRun.objects.filter(state="due", requested_at__lt=overdue).values_list("uid", flat=True)[:100]
    for uid in due:
        wake(TASK, str(uid))
    return len(due)
