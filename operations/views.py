"""Pages about live systems."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assets.models import Asset, Location
from fieldlink.spec import NetworkRule as AllowedNetwork
from operations import selectors
from operations.filters import EndpointFilter
from operations.forms import EndpointForm, NetworkForm, ReasonForm, SignalForm
from operations.models import NetworkRule, ProbeRun, ReadingStop, Signal
from operations.services import endpoints as services
from operations.services import probes
from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput
from plantgov.core.scope import can_see, may, require, require_anywhere, scope_of


@login_required
@require_safe
def endpoint_list(request: HttpRequest) -> HttpResponse:
    """Every endpoint in view."""
    found = EndpointFilter(request.GET, queryset=selectors.endpoints_visible_to(request.user))
    page = Paginator(found.qs, 50).get_page(request.GET.get("page"))
    context = {
        "filter": found,
        "page": page,
        "stops": selectors.open_stops(request.user),
        "may_add": bool(scope_of(request.user, "operations.add_endpoint")),
    }
    return render(request, "operations/endpoint_list.html", context)


@login_required
@require_safe
def endpoint_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """One endpoint, its signals and its latest reading."""
    endpoint = get_object_or_404(selectors.endpoints_visible_to(request.user), uid=uid)
    signals = list(endpoint.signals.select_related("asset__site"))
    run = selectors.latest_run(request.user, signals)
    readings = selectors.readings_of(run) if run else {}
    context = {
        "endpoint": endpoint,
        "run": run,
        "rows": [(signal, readings.get(str(signal.uid))) for signal in signals],
        "may_change": may(request.user, "operations.change_endpoint", endpoint),
        "may_read": may(request.user, "operations.run_probe", endpoint),
    }
    return render(request, "operations/endpoint_detail.html", context)


def _locations(request: HttpRequest, permission: str) -> Any:
    scope = scope_of(request.user, permission)
    rows = Location.objects.visible_to(request.user)
    return rows if scope.everything else rows.filter(pk__in=sorted(scope.location_ids))


@login_required
def endpoint_add(request: HttpRequest) -> HttpResponse:
    """Register an endpoint."""
    require_anywhere(request.user, "operations.add_endpoint")
    form = EndpointForm(request.POST or None, locations=_locations(request, "operations.add_endpoint"))
    if request.method == "POST" and form.is_valid():
        try:
            endpoint = services.add_endpoint(
                form.details(),
                location=form.cleaned_data["location"],
                asset=_asset(request, form.cleaned_data["asset"]),
                by=request.user,
            )
            return redirect("operations:endpoint-detail", uid=endpoint.uid)
        except BadInput as error:
            complain(form, error)
    context = {"form": form, "title": _("Add an endpoint"), "cancel_url": reverse("operations:endpoint-list")}
    return render(request, "operations/form.html", context, status=400 if form.errors else 200)


def _asset(request: HttpRequest, tag: str) -> Asset | None:
    if not tag:
        return None
    found = Asset.objects.visible_to(request.user).filter(tag=tag).first()
    if found is None:
        raise BadInput({"asset": [_("You know no asset with the tag “%(tag)s”.") % {"tag": tag}]})
    return found


@login_required
def endpoint_edit(request: HttpRequest, uid: str) -> HttpResponse:
    """Change an endpoint."""
    endpoint = get_object_or_404(selectors.endpoints_visible_to(request.user), uid=uid)
    require(request.user, "operations.change_endpoint", endpoint)
    initial = {
        **{name: getattr(endpoint, name) for name in ("name", "location", "protocol", "url", "timeout_s")},
        **{"policy": "None", "mode": "None", **endpoint.security},
        "credential_ref": endpoint.credential_ref,
        "is_enabled": endpoint.is_enabled,
        "asset": endpoint.asset.tag if endpoint.asset else "",
    }
    form = EndpointForm(
        request.POST or None, initial=initial, locations=Location.objects.filter(pk=endpoint.location_id)
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_endpoint(endpoint, form.details(), by=request.user)
            return redirect("operations:endpoint-detail", uid=endpoint.uid)
        except BadInput as error:
            complain(form, error)
    back = reverse("operations:endpoint-detail", args=[endpoint.uid])
    context = {"form": form, "title": _("Change %s") % endpoint.name, "cancel_url": back}
    return render(request, "operations/form.html", context, status=400 if form.errors else 200)


@login_required
def signal_add(request: HttpRequest, uid: str) -> HttpResponse:
    """Say where a property of an asset can be read."""
    endpoint = get_object_or_404(selectors.endpoints_visible_to(request.user), uid=uid)
    require(request.user, "operations.change_endpoint", endpoint)
    form = SignalForm(request.POST or None, initial={"asset": endpoint.asset.tag if endpoint.asset else ""})
    if request.method == "POST" and form.is_valid():
        try:
            asset = _asset(request, form.cleaned_data["asset"])
            if asset is not None:
                services.add_signal(endpoint, form.details(), asset=asset, by=request.user)
                return redirect("operations:endpoint-detail", uid=endpoint.uid)
        except BadInput as error:
            complain(form, error)
    back = reverse("operations:endpoint-detail", args=[endpoint.uid])
    context = {"form": form, "title": _("Add a signal to %s") % endpoint.name, "cancel_url": back}
    return render(request, "operations/form.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def signal_remove(request: HttpRequest, uid: str) -> HttpResponse:
    """Remove a signal."""
    signal = get_object_or_404(Signal.objects.visible_to(request.user), uid=uid)
    services.remove_signal(signal, by=request.user, reason=request.POST.get("reason", ""))
    return redirect("operations:endpoint-detail", uid=signal.endpoint.uid)


@login_required
@require_POST
def endpoint_read(request: HttpRequest, uid: str) -> HttpResponse:
    """Read every signal of an endpoint now."""
    endpoint = get_object_or_404(selectors.endpoints_visible_to(request.user), uid=uid)
    require(request.user, "operations.run_probe", endpoint)
    signals = list(endpoint.signals.select_related("endpoint__location", "asset__zone"))
    run = probes.request(signals, by=request.user, purpose=_("Test of %s") % endpoint.name)
    return redirect("operations:run-detail", uid=run.uid)


@login_required
@require_safe
def run_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """A reading: under way, or what came back."""
    run = get_object_or_404(ProbeRun.objects.visible_to(request.user), uid=uid)
    waiting = run.state in {"due", "running"}
    signals = {str(s.uid): s for s in Signal.objects.visible_to(request.user).select_related("asset__site")}
    rows = [] if waiting else [(signals[k], o) for k, o in selectors.readings_of(run).items() if k in signals]
    context = {"run": run, "waiting": waiting, "rows": rows}
    if getattr(request, "htmx", False):
        response = render(request, "operations/_run.html", context)
        if not waiting:
            response.status_code = 286  # htmx stops polling
        return response
    return render(request, "operations/run_detail.html", context)


@login_required
def network_list(request: HttpRequest) -> HttpResponse:
    """Networks that may be read, and a form to propose one."""
    require_anywhere(request.user, "operations.view_networkrule")
    form = NetworkForm(
        request.POST or None, sites=_locations(request, "operations.add_networkrule").filter(kind="site")
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            allowed = AllowedNetwork(given["cidr"], tuple(given["ports"]), tuple(given["protocols"]))
            services.propose_network(given["site"], allowed, by=request.user, reason=given["reason"])
            messages.success(
                request, _("Proposed. A second person has to confirm it before anything is read.")
            )
            return redirect("operations:network-list")
        except ValueError as error:
            form.add_error("cidr", str(error))
        except BadInput as error:
            complain(form, error)
    rules = NetworkRule.objects.visible_to(request.user).select_related(
        "site", "proposed_by__person", "confirmed_by__person"
    )
    context = {
        "rules": rules,
        "form": form,
        "may_propose": bool(scope_of(request.user, "operations.add_networkrule")),
    }
    return render(request, "operations/network_list.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def network_confirm(request: HttpRequest, uid: str) -> HttpResponse:
    """Put a network in force as the second person."""
    rule = get_object_or_404(NetworkRule.objects.visible_to(request.user), uid=uid)
    services.confirm_network(rule, by=request.user)
    return redirect("operations:network-list")


@login_required
@require_POST
def network_withdraw(request: HttpRequest, uid: str) -> HttpResponse:
    """Close a network."""
    rule = get_object_or_404(NetworkRule.objects.visible_to(request.user), uid=uid)
    services.withdraw_network(rule, by=request.user, reason=request.POST.get("reason", ""))
    return redirect("operations:network-list")


@login_required
def reading_stop(request: HttpRequest, uid: str) -> HttpResponse:
    """Stop reading from an asset."""
    asset = get_object_or_404(Asset.objects.visible_to(request.user), uid=uid)
    require(request.user, "operations.stop_reading", asset)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.stop_reading(asset, by=request.user, reason=form.cleaned_data["reason"], at=now())
        return redirect("assets:detail", site=asset.site.slug, tag=asset.tag)
    context = {
        "form": form,
        "title": _("Stop reading from %s") % asset.tag,
        "cancel_url": reverse("assets:detail", args=[asset.site.slug, asset.tag]),
    }
    return render(request, "operations/form.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def reading_resume(request: HttpRequest, uid: str) -> HttpResponse:
    """Allow reading again."""
    stop = get_object_or_404(ReadingStop.objects.filter(lifted_at=None), uid=uid)
    if not can_see(request.user, stop.asset or stop.zone):
        require_anywhere(request.user, "operations.stop_reading")
    services.resume_reading(stop, by=request.user, reason=request.POST.get("reason", ""), at=now())
    return redirect("operations:endpoint-list")
