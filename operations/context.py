"""What operations shows on pages of other floors."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from assets.models import Asset
from operations import selectors
from operations.models import ReadingStop
from plantgov.core.scope import may


def asset_panel(request: HttpRequest, asset: Asset) -> str:
    """The live values of an asset as last read, with a button to read them now."""
    signals = selectors.signals_of([asset])
    run = selectors.latest_run(request.user, signals) if signals else None
    readings = selectors.readings_of(run) if run else {}
    context: dict[str, Any] = {
        "asset": asset,
        "run": run,
        "rows": [(signal, readings.get(str(signal.uid))) for signal in signals],
        "endpoints": sorted({signal.endpoint for signal in signals}, key=lambda e: e.name),
        "stop": ReadingStop.objects.filter(asset=asset, lifted_at=None).first(),
        "may_read": may(request.user, "operations.run_probe", asset),
        "may_stop": may(request.user, "operations.stop_reading", asset),
    }
    return render_to_string("operations/_asset_panel.html", context, request)
