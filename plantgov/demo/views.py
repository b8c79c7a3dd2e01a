"""The hand at the simulated plant's panels. Exists in the demonstration only."""

from collections.abc import Callable
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
    if verb not in _SWITCHES:
        raise PlantError(_("The panel has no such switch."))
    _SWITCHES[verb](client, tag, given)


def _force(client: PlantClient, tag: str, given: Any) -> None:
    count = given.get("count", "")
    client.forces(tag, int(count) if count.isdigit() else -1)


_SWITCHES: dict[str, Callable[[PlantClient, str, Any], Any]] = {
    "key": lambda client, tag, given: client.turn_key(tag, given.get("mode", "")),
    "bypass": lambda client, tag, given: client.bypass(tag, given.get("name", "")),
    "clear": lambda client, tag, given: client.bypass(tag, given.get("name", ""), clear=True),
    "load": lambda client, tag, given: client.load_program(tag, given.get("program", "")),
    "restore": lambda client, tag, given: client.restore_program(tag),
    "forces": _force,
    "stop": lambda client, tag, given: client.stop(tag),
    "start": lambda client, tag, given: client.start(tag),
    "quality": lambda client, tag, given: client.quality(tag, given.get("quality", "")),
    "stall": lambda client, tag, given: client.stall(tag),
    "unstall": lambda client, tag, given: client.stall(tag, off=True),
    "drop": lambda client, tag, given: client.drop(tag),
    "undrop": lambda client, tag, given: client.drop(tag, off=True),
    "reset": lambda client, tag, given: client.reset(tag),
}
