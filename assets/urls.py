"""Addresses of the register."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from assets.api import control, imports, places, register
from assets.views import assets, lists
from assets.views import control as acts
from assets.views import imports as files
from assets.views import places as where

portal = [
    path("assets/", lists.asset_list, name="list"),
    path("assets/export.csv", lists.asset_export, name="export"),
    path("assets/add", assets.asset_add, name="add"),
    path("assets/owners", acts.owner_bulk, name="owner-bulk"),
    path("assets/owners/<uuid:uid>/end", acts.owner_end, name="owner-end"),
    path("assets/holds/<uuid:uid>/lift", acts.hold_lift, name="hold-lift"),
    path("assets/relations/<uuid:uid>/remove", assets.relation_remove, name="relation-remove"),
    path("assets/imports/", files.import_list, name="import-list"),
    path("assets/imports/new", files.import_new, name="import-new"),
    path("assets/imports/<uuid:uid>/", files.import_detail, name="import-detail"),
    path("assets/imports/<uuid:uid>/apply", files.import_apply, name="import-apply"),
    path("assets/locations/", where.location_list, name="location-list"),
    path("assets/locations/add", where.location_add, name="location-add"),
    path("assets/locations/<uuid:uid>/", where.location_detail, name="location-detail"),
    path("assets/locations/<uuid:uid>/edit", where.location_edit, name="location-edit"),
    path("assets/locations/<uuid:uid>/move", where.location_move, name="location-move"),
    path("assets/locations/<uuid:uid>/hold", acts.location_hold, name="location-hold"),
    path("assets/locations/<uuid:uid>/owner", acts.location_owner, name="location-owner"),
    path("assets/zones/", where.zone_list, name="zone-list"),
    path("assets/zones/add", where.zone_add, name="zone-add"),
    path("assets/zones/<uuid:uid>/", where.zone_detail, name="zone-detail"),
    path("assets/zones/<uuid:uid>/edit", where.zone_edit, name="zone-edit"),
    path("assets/zones/<uuid:uid>/owner", acts.zone_owner, name="zone-owner"),
    path("assets/<slug:site>/<str:tag>/", assets.asset_detail, name="detail"),
    path("assets/<slug:site>/<str:tag>/edit", assets.asset_edit, name="edit"),
    path("assets/<slug:site>/<str:tag>/status", assets.asset_status, name="status"),
    path("assets/<slug:site>/<str:tag>/hold", acts.asset_hold, name="hold"),
    path("assets/<slug:site>/<str:tag>/owner", acts.asset_owner, name="owner"),
    path("assets/<slug:site>/<str:tag>/relation", assets.relation_add, name="relation-add"),
]

router = SimpleRouter(trailing_slash=False)
router.register("locations", places.LocationViewSet, basename="locations")
router.register("zones", places.ZoneViewSet, basename="zones")
router.register("assets", register.AssetViewSet, basename="assets")
router.register("relations", register.RelationViewSet, basename="relations")
router.register("ownerships", control.OwnershipViewSet, basename="ownerships")
router.register("baselines", control.BaselineViewSet, basename="baselines")
router.register("holds", control.HoldViewSet, basename="holds")
router.register("authorisations", control.AuthorisationViewSet, basename="authorisations")
router.register("imports", imports.ImportViewSet, basename="imports")
api = router.urls
