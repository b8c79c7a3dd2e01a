"""Addresses of the ledger."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from plantgov.audit import api as rest
from plantgov.audit import views

portal = [
    path("audit/", views.entry_list, name="list"),
    path("audit/export", views.export, name="export"),
    path("audit/checkpoints/", views.checkpoint_list, name="checkpoints"),
    path("audit/checkpoints/<int:pk>", views.checkpoint_note, name="checkpoint"),
    path("audit/<uuid:uid>/", views.entry_detail, name="detail"),
]

router = SimpleRouter(trailing_slash=False)
router.register("ledger/entries", rest.EntryViewSet, basename="entries")
router.register("ledger/checkpoints", rest.CheckpointViewSet, basename="checkpoints")
api = router.urls
