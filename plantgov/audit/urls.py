"""Addresses of the ledger."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from plantgov.audit import api as rest
from plantgov.audit import views

portal = [
    path("audit/", views.entry_list, name="list"),
    path("audit/export", views.export, name="export"),
    path("audit/checkpoints/", views.checkpoint_list, name="checkpoints"),
    path("audit/checkpoints/<int:pk>.txt", views.checkpoint_note, name="checkpoint-note"),
    path("audit/keys/<str:fingerprint>.pub", views.public_key, name="key"),
    path("audit/<uuid:uid>/", views.entry_detail, name="detail"),
]

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("ledger/entries", rest.EntryViewSet, basename="ledger-entries")
router.register("ledger/checkpoints", rest.CheckpointViewSet, basename="ledger-checkpoints")
api = router.urls
