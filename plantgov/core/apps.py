"""The kernel: no models and no word of the business."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers the kernel so that its template tags are found."""

    name = "plantgov.core"
    label = "core"
