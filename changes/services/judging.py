"""From readings to results: each check of a run is judged purely, and written once with its run."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from changes.models import CheckResult, CheckRun, ManualReading
from changes.rules import reasons as r
from changes.rules.checks import CheckSpec, Judgement, Seen, judge, judge_offline
from changes.rules.gates import gate_verdict, valid_until
from changes.selectors.facts import Dossier
from changes.selectors.specs import digest
from changes.services.internal import GateContext
from operations.rules import Observed
from operations.selectors import readings_of
from plantgov.audit.services.entries import plain, write
from plantgov.core import slots
from plantgov.core.verdict import Verdict
from plantgov.people.models import User

HEARTBEAT = "heartbeat"
REMEMBERED = timedelta(minutes=15)


class Readings:
    """What came home for a run, by signal and by asset, together with what people read."""

    def __init__(self, run: CheckRun, dossier: Dossier) -> None:
        self.run = run
        self.uids = {row.asset_id: str(row.asset.uid) for row in dossier.covered}
        observed = readings_of(run.probe_run) if run.probe_run else {}
        self.by_signal = {uid: seen_of(row) for uid, row in observed.items()}
        self.of_asset: dict[str, dict[str, Seen]] = {uid: {} for uid in self.uids.values()}
        for row in observed.values():
            if row.asset_id in self.uids:
                self.of_asset[self.uids[row.asset_id]][row.key] = self.by_signal[row.signal_uid]
        self.manual = self._manual(dossier)

    def _manual(self, dossier: Dossier) -> dict[tuple[str, str], Seen]:
        rows = dossier.change.manual_readings.filter(phase=self.run.phase).select_related("observer", "asset")
        return {(str(row.asset.uid), row.key): _by_hand(row) for row in rows.order_by("observed_at")}

    def beat_of(self, asset_uid: str) -> Any:
        """The heartbeat read of an asset, if it was read well."""
        seen = self.of_asset.get(asset_uid, {}).get(HEARTBEAT)
        return seen.value if seen and seen.code == "ok" else None


def seen_of(row: Observed) -> Seen:
    """A reading as the rules of checks take it."""
    return Seen(
        code=row.code,
        value=row.value,
        unit=row.unit,
        quality=row.quality,
        source_time=row.source_time,
        received_time=row.received_time,
        endpoint=row.endpoint,
        reason=row.reason,
    )


def _by_hand(row: ManualReading) -> Seen:
    return Seen(
        code="ok",
        value=row.value,
        quality="manual",
        source_time=row.observed_at,
        received_time=row.observed_at,
        observer=row.observer.name,
    )


def needs_second_reading(run: CheckRun, dossier: Dossier) -> dict[str, Any]:
    """The heartbeats of assets without source times whose life is not proved yet: asset uid → value."""
    readings = Readings(run, dossier)
    alive = _alive(run, readings, dossier)
    return {
        uid: readings.beat_of(uid)
        for uid, signals in readings.of_asset.items()
        if uid not in alive
        and readings.beat_of(uid) is not None
        and any(seen.code == "ok" and seen.source_time is None for seen in signals.values())
    }


def _alive(run: CheckRun, readings: Readings, dossier: Dossier) -> set[str]:
    """The assets whose heartbeat has moved since it was last seen, at most a quarter of an hour ago."""
    before = (
        CheckResult.objects.filter(
            asset__in=readings.uids, key=HEARTBEAT, received_time__gte=dossier.at - REMEMBERED
        )
        .order_by("asset_id", "-id")
        .distinct("asset_id")
    )
    earlier = {readings.uids[row.asset_id]: row.observed for row in before if row.asset_id is not None}
    earlier |= run.heartbeats
    return {
        uid
        for uid, value in earlier.items()
        if value is not None and readings.beat_of(uid) is not None and readings.beat_of(uid) != value
    }


def conclude(run: CheckRun, dossier: Dossier, *, by: User) -> CheckRun:
    """Judge every check of a run and write the results with it."""
    readings = Readings(run, dossier)
    alive = _alive(run, readings, dossier)
    results = []
    for position, row in enumerate(run.specs):
        spec = CheckSpec.from_json(row)
        seen = _seen(spec, readings)
        judgement = _judge(spec, seen, readings, dossier, is_alive=spec.asset_uid in alive)
        results.append(_result(run, position, spec, seen, judgement, dossier))
    run.state, run.finished_at = CheckRun.State.DONE, dossier.at
    run.verdict = gate_verdict(results)
    run.valid_until = valid_until(results)
    run.results_digest = digest(_evidence(run, results))
    write(run, by=by, action="changes.gate.finished", at=dossier.at, thing=dossier.change)
    CheckResult.objects.bulk_create(results)
    return run


def _seen(spec: CheckSpec, readings: Readings) -> Seen | None:
    if spec.source == "manual":
        return readings.manual.get((spec.asset_uid, spec.signal_key))
    return readings.by_signal.get(spec.signal_uid)


def _judge(
    spec: CheckSpec, seen: Seen | None, readings: Readings, dossier: Dossier, *, is_alive: bool
) -> Judgement:
    if spec.source == "internal":
        return _internal(spec, dossier, readings.run.phase)
    if spec.kind == "offline":
        return judge_offline(spec, list(readings.of_asset[spec.asset_uid].values()), at=dossier.at)
    if spec.kind == "declared_off":
        return Judgement(Verdict.NOT_APPLICABLE, r.CHECK_DECLARED_OFF(asset=spec.asset_tag))
    return judge(spec, seen, at=dossier.at, is_alive=is_alive)


def _internal(spec: CheckSpec, dossier: Dossier, phase: str) -> Judgement:
    """An internal check that fails to answer is an error, never a pass."""
    check = slots.gate_checks.get(spec.key)
    if check is None:
        return Judgement(Verdict.ERROR, r.CHECK_NO_READING())
    try:
        with transaction.atomic():
            found = check.evaluate(GateContext(dossier, phase))
    except Exception as error:  # noqa: BLE001 - whatever breaks in a check, its gate stays shut and says so
        return Judgement(Verdict.ERROR, r.CHECK_BROKE(error=type(error).__name__))
    return found if isinstance(found, Judgement) else Judgement(Verdict.ERROR, r.CHECK_BROKE(error="answer"))


def _result(
    run: CheckRun, position: int, spec: CheckSpec, seen: Seen | None, judged: Judgement, dossier: Dossier
) -> CheckResult:
    ids = {
        uid: asset_id
        for asset_id, uid in {row.asset_id: str(row.asset.uid) for row in dossier.covered}.items()
    }
    return CheckResult(
        run=run,
        position=position,
        key=spec.key,
        label=spec.label,
        asset_id=ids.get(spec.asset_uid),
        verdict=judged.verdict,
        severity=spec.severity,
        source=spec.source,
        expected=spec.expected,
        expected_from=spec.expected_from,
        observed=seen.value if seen else None,
        unit=(seen.unit if seen else "") or spec.unit,
        quality=seen.quality if seen else "",
        source_time=seen.source_time if seen else None,
        received_time=seen.received_time if seen else None,
        valid_until=judged.valid_until,
        reason_code=judged.reason.code,
        reason_params=plain(judged.reason.params),
        endpoint=seen.endpoint if seen else "",
        observer=seen.observer if seen else "",
    )


_EVIDENCE = (
    "key",
    "verdict",
    "severity",
    "source",
    "expected",
    "observed",
    "unit",
    "quality",
    "source_time",
    "received_time",
    "valid_until",
    "reason_code",
    "endpoint",
    "observer",
)


def _evidence(run: CheckRun, results: list[CheckResult]) -> dict[str, Any]:
    """What the digest of a run is made of: `docs/explanation/gates.md` says how to make it again."""
    return {
        "run": run.uid,
        "phase": run.phase,
        "number": run.number,
        "spec_digest": run.spec_digest,
        "content_digest": run.content_digest,
        "finished_at": run.finished_at,
        "results": [
            {name: getattr(row, name) for name in _EVIDENCE} | {"asset": spec["asset_uid"]}
            for row, spec in zip(results, run.specs, strict=True)
        ],
    }
