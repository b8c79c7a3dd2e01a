"""One asset: what is known, who answers for it, what is approved, what stops it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assets import selectors
from assets.forms import AssetForm, RelationForm, StatusForm
from assets.models import Asset, Relation
from assets.services import assets as services
from assets.states import ATTRIBUTES, TRANSITIONS, Status
from assets.views.pages import SignedIn, asset_at, form_page
from plantgov.audit.models import Entry
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.core.scope import may, require, require_anywhere
from plantgov.workspace.selectors import comments_of, files_of

CRUMB = ("assets:list", _("Assets"))


def url_of(asset: Asset) -> str:
    """The page of an asset."""
    return reverse("assets:detail", args=[asset.site.slug, asset.tag])


@login_required
@require_safe
def asset_detail(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """One asset with everything that the reader may see of it."""
    asset = asset_at(request, site, tag)
    at, user = now(), request.user
    told = selectors.settings_at(asset.location)
    context = {
        "asset": asset,
        "places": selectors.with_path(asset.location),
        "told": told,
        "facts": _facts(asset),
        "further": [(ATTRIBUTES.get(k, k.removeprefix("cf_")), v) for k, v in asset.attributes.items()],
        "owners": selectors.owners_of(asset, at=at),
        "baseline": selectors.current_baseline(asset),
        "baselines": asset.baselines.select_related("approved_by__person")[:20],
        "holds": selectors.holds_on([asset], at=at)[asset.pk],
        "authorisation": selectors.active_authorisation(asset, at),
        "relations": selectors.relations_of(asset, user),
        "affected": selectors.impact_of(asset, user),
        "parts": Asset.objects.visible_to(user).filter(parent=asset).select_related("site"),
        "entries": entries_of(request, asset),
        "comments": comments_of(user, asset),
        "files": files_of(user, asset),
        "panels": _panels(request, asset),
        "actions": actions_on(request, asset),
        "may": {verb: may(user, f"assets.{verb}", asset) for verb in _VERBS},
        "may_comment": may(user, "workspace.add_comment", asset),
        "statuses": TRANSITIONS[Status(asset.status)],
    }
    return render(request, "assets/asset_detail.html", context)


_VERBS = ("change_asset", "assign_ownership", "place_hold", "lift_hold", "adopt_baseline")


def _facts(asset: Asset) -> list[tuple[str, Any]]:
    return [
        (_("Type"), asset.get_asset_type_display()),
        (_("Manufacturer"), asset.manufacturer),
        (_("Model"), asset.model),
        (_("Serial number"), asset.serial_number),
        (_("Firmware on record"), asset.firmware_version),
        (_("Purdue level"), asset.get_purdue_level_display()),
        (_("Safety-related"), _("Yes") if asset.safety_related else _("No")),
    ]


def entries_of(request: SignedIn, thing: Any) -> list[dict[str, Any]]:
    """What the ledger says happened to a thing lately, as far as the reader may see it."""
    rows = Entry.objects.visible_to(request.user).filter(thing_uid=thing.uid).order_by("-thing_seq")[:15]
    return [
        {"who": row.actor_label, "what": said(row.action), "at": row.at, "text": row.reason, "detail": ""}
        for row in rows
    ]


def said(action: str) -> str:
    """An action of the ledger in words: `assets.hold.placed` is “hold placed”."""
    return " ".join(action.split(".")[1:]).replace("_", " ")


def _panels(request: SignedIn, asset: Asset) -> list[str]:
    rendered = [panel.render(request, asset) for panel in slots.panels if panel.on == "assets.asset"]
    return [mark_safe(html) for html in rendered if html]  # noqa: S308 - rendered templates


def actions_on(request: SignedIn, thing: Any) -> list[dict[str, Any]]:
    """The buttons that upper floors offer on a thing, where the reader may use them."""
    kind = thing._meta.label_lower
    return [
        {"label": item.label, "icon": item.icon, "url": f"{item.url()}?from={kind}:{thing.uid}"}
        for item in slots.actions
        if item.on == kind and may(request.user, item.permission, thing)
    ]


def _form(request: SignedIn, permission: str, asset: Asset | None, initial: dict[str, Any]) -> AssetForm:
    form = AssetForm(request.POST or None, asset=asset, initial=initial)
    places = selectors.locations_for(request.user, permission).exclude(site=None).order_by("path")
    if asset:
        places = places.filter(site=asset.site)
    zones = selectors.zones_for(request.user)
    form.offer(places, selectors.paths_of(places), zones.filter(site=asset.site) if asset else zones)
    return form


@login_required
def asset_add(request: SignedIn) -> HttpResponse:
    """Put an asset into the register."""
    require_anywhere(request.user, "assets.add_asset")
    form = _form(request, "assets.add_asset", None, {"location": request.GET.get("location", "")})

    def save() -> str:
        given = form.cleaned_data
        parent = _parent(request, given["parent_tag"], given["location"].site_id)
        asset = services.add_asset(
            form.details(), location=given["location"], zone=given["zone"], parent=parent, by=request.user
        )
        return url_of(asset)

    title = _("Add an asset")
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=reverse("assets:list"))


def _parent(request: SignedIn, tag: str, site_id: int) -> Asset | None:
    if not tag:
        return None
    found = Asset.objects.visible_to(request.user).filter(tag__iexact=tag.strip(), site=site_id).first()
    if found is None:
        raise BadInput({"parent_tag": [_("You know no asset “%(tag)s” in this site.") % {"tag": tag}]})
    return found


@login_required
def asset_edit(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """Change what is known about an asset."""
    asset = asset_at(request, site, tag)
    require(request.user, "assets.change_asset", asset)
    initial = {
        **vars(services.details_of(asset)),
        **asset.attributes,
        "location": asset.location.uid,
        "zone": asset.zone.uid if asset.zone else None,
        "parent_tag": asset.parent.tag if asset.parent else "",
    }
    form = _form(request, "assets.change_asset", asset, initial)

    def save() -> str:
        given = form.cleaned_data
        placing = {"location": given["location"], "zone": given["zone"]}
        placing["parent"] = _parent(request, given["parent_tag"], asset.site_id)
        changed = services.change_asset(
            asset,
            form.details(),
            by=request.user,
            placing=placing,
            revision=_revision(request),
            reason=given["reason"],
        )
        return url_of(changed)

    title = _("Edit %s") % asset.tag
    return form_page(
        request, form, save, title=title, back=CRUMB, cancel_url=url_of(asset), revision=asset.revision
    )


def _revision(request: SignedIn) -> int | None:
    text = request.POST.get("revision", "")
    return int(text) if text.isdigit() else None


@login_required
def asset_status(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """Move an asset to another status."""
    asset = asset_at(request, site, tag)
    require(request.user, "assets.change_asset", asset)
    choices = [(one.value, one.label) for one in TRANSITIONS[Status(asset.status)]]
    form = StatusForm(request.POST or None, choices=choices)

    def save() -> str:
        given = form.cleaned_data
        services.set_status(asset, given["status"], by=request.user, reason=given["reason"])
        return url_of(asset)

    title = _("Change the status of %s") % asset.tag
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=url_of(asset))


@login_required
def relation_add(request: SignedIn, site: str, tag: str) -> HttpResponse:
    """Say how an asset bears on another."""
    asset = asset_at(request, site, tag)
    require(request.user, "assets.change_asset", asset)
    form = RelationForm(request.POST or None)

    def save() -> str:
        given = form.cleaned_data
        rows = Asset.objects.visible_to(request.user).filter(tag__iexact=given["target_tag"].strip())
        target = rows.filter(site=asset.site).first() or rows.first()
        if target is None:
            raise BadInput({"target_tag": [_("You know no asset with this tag.")]})
        services.relate(asset, given["kind"], target, by=request.user, note=given["note"])
        return url_of(asset)

    title = _("Add a relation of %s") % asset.tag
    return form_page(request, form, save, title=title, back=CRUMB, cancel_url=url_of(asset))


@login_required
@require_POST
def relation_remove(request: SignedIn, uid: str) -> HttpResponse:
    """Remove a relation."""
    row = get_object_or_404(Relation.objects.visible_to(request.user).select_related("source__site"), uid=uid)
    services.unrelate(row, by=request.user, reason=request.POST.get("reason", ""))
    messages.success(request, _("The relation was removed."))
    return redirect(url_of(row.source))
