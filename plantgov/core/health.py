"""Liveness, readiness and metrics for whoever watches the installation."""

import hmac

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from plantgov.core import slots


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that the process lives; asks nothing else."""
    return JsonResponse({"status": "ok", "version": settings.VERSION})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether work can be done, with a sentence for each part that matters."""
    parts = {probe.key: _ask(probe) for probe in slots.readiness}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)


def _ask(probe: slots.Probe) -> dict[str, object]:
    try:
        ok, sentence = probe.check()
    except Exception as error:  # noqa: BLE001 - a part that cannot be asked is a part that is not ready
        return {"ok": False, "detail": type(error).__name__}
    return {"ok": ok, "detail": sentence}


def database_probe() -> tuple[bool, str]:
    """Whether the database answers and has every migration."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return False, f"{len(missing)} migrations are not applied; run `manage.py migrate`."
    return True, "answers, all migrations applied"


def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges in the Prometheus text format, for holders of PLANTGOV_METRICS_TOKEN or the machine itself."""
    if not _may_read_metrics(request):
        return HttpResponse("Send PLANTGOV_METRICS_TOKEN as a bearer token.", status=403)
    registry = CollectorRegistry()
    for metric in slots.metrics:
        gauge = Gauge(f"plantgov_{metric.key}", metric.help, metric.labels, registry=registry)
        for labels, value in metric.read():
            (gauge.labels(*labels) if labels else gauge).set(value)
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4")


def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.PLANTGOV_METRICS_TOKEN
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}")
    return request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
