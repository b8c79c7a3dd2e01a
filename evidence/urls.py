"""Addresses of evidence."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from evidence import api as rest
from evidence import views

portal = [
    path("exports/", views.export_list, name="list"),
    path("exports/<uuid:uid>/", views.export_detail, name="detail"),
    path("exports/<uuid:uid>/file", views.export_file, name="file"),
]

router = SimpleRouter(trailing_slash=False)
router.register("exports", rest.ExportViewSet, basename="exports")
api = router.urls
