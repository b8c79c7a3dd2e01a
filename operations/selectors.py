"""Reading what operations knows, within the reader's scope."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from assets.models import Asset
from operations.models import Endpoint, ProbeRun, ReadingStop, Signal
from operations.rules import READ_SENTENCES, Observed
from plantgov.core.verdict import Reason


def endpoints_visible_to(user: Any) -> QuerySet[Endpoint]:
    """Endpoints in the user's view, with what lists show."""
    return Endpoint.objects.visible_to(user).select_related("location", "asset__site")


def signals_of(assets: Iterable[Asset]) -> list[Signal]:
    """The signals of some assets with their endpoints, in one query."""
    ids = [asset.pk for asset in assets]
    return list(
        Signal.objects.filter(asset__in=ids)
        .select_related("endpoint__location", "asset__zone")
        .order_by("asset", "key")
    )


def open_stops(user: Any) -> QuerySet[ReadingStop]:
    """Reading that is switched off."""
    return (
        ReadingStop.objects.visible_to(user)
        .filter(lifted_at=None)
        .select_related("zone", "asset", "stopped_by")
    )


def readings_of(run: ProbeRun) -> dict[str, Observed]:
    """What a finished run knows of each signal asked, by the signal's uid."""
    readings = {r["point_uid"]: r for result in run.results for r in result["readings"]}
    refused = {row["signal"]: row for row in run.refused}
    asked = Signal.objects.filter(uid__in=[*readings, *refused]).select_related("endpoint")
    return {str(s.uid): _observed(s, readings.get(str(s.uid)), refused.get(str(s.uid))) for s in asked}


def _observed(signal: Signal, reading: dict[str, Any] | None, refused: dict[str, Any] | None) -> Observed:
    if refused or reading is None:
        row = refused or {"code": "read_config", "params": {"endpoint": signal.endpoint.name}}
        return Observed(
            signal_uid=str(signal.uid),
            key=signal.key,
            asset_id=signal.asset_id,
            endpoint=signal.endpoint.name,
            value=None,
            unit=signal.unit,
            quality="none",
            source_time=None,
            received_time=None,
            code=row["code"],
            reason=Reason(row["code"], row["params"]),
        )
    return Observed(
        signal_uid=str(signal.uid),
        key=signal.key,
        asset_id=signal.asset_id,
        endpoint=signal.endpoint.name,
        value=reading["value"],
        unit=reading["unit"],
        quality=reading["quality"],
        source_time=_time(reading["source_time"]),
        received_time=_time(reading["received_time"]),
        code=reading["reason"],
        reason=READ_SENTENCES[reading["reason"]](endpoint=signal.endpoint.name),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def identities_of(run: ProbeRun) -> dict[str, dict[str, Any]]:
    """Who each endpoint said it was, by the endpoint's uid."""
    return {row["endpoint_uid"]: row for result in run.results for row in result["identities"]}


def latest_run(user: Any, signals: list[Signal]) -> ProbeRun | None:
    """The newest finished reading that the user may see and that asked for one of `signals`."""
    wanted = {str(signal.uid) for signal in signals}
    places = [signal.asset.location_id for signal in signals]
    runs = ProbeRun.objects.visible_to(user).filter(state="done", location_ids__overlap=places)
    for run in runs.order_by("-requested_at")[:10]:
        asked = {p["uid"] for plan in run.plans for probe in plan["probes"] for p in probe["points"]}
        if asked & wanted:
            return run
    return None
