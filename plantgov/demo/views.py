"""The hand at the simulated plant's panels. Exists in the demonstration only."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plantgov.demo.plant import PlantClient, PlantError

MODES = ("RUN", "REM", "PROG")
QUALITIES = ("good", "uncertain", "bad", "stale")


def _client() -> PlantClient:
    if not settings.PLANTGOV_DEMO:
        raise Http404
    return PlantClient(settings.PLANTGOV_DATA_DIR)


@login_required
@require_safe
def panels(request: HttpRequest) -> HttpResponse:
    """Every device with its key, its bypasses and its faults."""
    client = _client()
    try:
        devices = client.status()["devices"]
        error = ""
    except PlantError as problem:
        devices, error = [], str(problem)
    text = request.GET.get("q", "").strip().lower()
    shown = [d for d in devices if text in f"{d['tag']} {d.get('name', '')}".lower()]
    context = {"devices": shown, "error": error, "q": text, "modes": MODES, "qualities": QUALITIES}
    return render(request, "demo/panels.html", context)


@login_required
@require_POST
def act(request: HttpRequest, tag: str) -> HttpResponse:
    """Do something to a device, as a person at the machine would."""
    verb = request.POST.get("verb", "")
    try:
        _do(_client(), tag, verb, request.POST)
        messages.success(request, _("%(tag)s: done.") % {"tag": tag})
    except PlantError as problem:
        messages.error(request, str(problem))
    return redirect(f"/demo/plant/?q={tag}" if request.POST.get("stay") else "/demo/plant/")


def _do(client: PlantClient, tag: str, verb: str, given: Any) -> None:
    match verb:
        case "key":
            client.turn_key(tag, given.get("mode", ""))
        case "bypass" | "clear":
            client.bypass(tag, given.get("name", ""), clear=verb == "clear")
        case "load":
            client.load_program(tag, given.get("program", ""))
        case "restore":
            client.restore_program(tag)
        case "forces":
            count = given.get("count", "")
            client.forces(tag, int(count) if count.isdigit() else -1)
        case "stop":
            client.stop(tag)
        case "start":
            client.start(tag)
        case "quality":
            client.quality(tag, given.get("quality", ""))
        case "stall" | "unstall":
            client.stall(tag, off=verb == "unstall")
        case "drop" | "undrop":
            client.drop(tag, off=verb == "undrop")
        case "reset":
            client.reset(tag)
        case _:
            raise PlantError(_("The panel has no such switch."))
