"""The app that starts the servers an installation needs."""

from django.apps import AppConfig


class EmbeddedConfig(AppConfig):
    """Launcher, supervisor, backup; no models."""

    name = "plantgov.embedded"
    label = "embedded"
