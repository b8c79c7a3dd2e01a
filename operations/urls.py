"""Addresses of operations."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from operations import api as rest
from operations import views

portal = [
    path("settings/endpoints/", views.endpoint_list, name="endpoint-list"),
    path("settings/endpoints/add", views.endpoint_add, name="endpoint-add"),
    path("settings/endpoints/<uuid:uid>/", views.endpoint_detail, name="endpoint-detail"),
    path("settings/endpoints/<uuid:uid>/edit", views.endpoint_edit, name="endpoint-edit"),
    path("settings/endpoints/<uuid:uid>/read", views.endpoint_read, name="endpoint-read"),
    path("settings/endpoints/<uuid:uid>/signals/add", views.signal_add, name="signal-add"),
    path("settings/signals/<uuid:uid>/remove", views.signal_remove, name="signal-remove"),
    path("settings/networks/", views.network_list, name="network-list"),
    path("settings/networks/<uuid:uid>/confirm", views.network_confirm, name="network-confirm"),
    path("settings/networks/<uuid:uid>/withdraw", views.network_withdraw, name="network-withdraw"),
    path("readings/<uuid:uid>/", views.run_detail, name="run-detail"),
    path("assets/<uuid:uid>/stop-reading", views.reading_stop, name="reading-stop"),
    path("readings/stops/<uuid:uid>/resume", views.reading_resume, name="reading-resume"),
]

router = SimpleRouter(trailing_slash=False)
router.register("endpoints", rest.EndpointViewSet, basename="endpoints")
router.register("signals", rest.SignalViewSet, basename="signals")
router.register("probe-runs", rest.ProbeRunViewSet, basename="probe-runs")
api = router.urls
