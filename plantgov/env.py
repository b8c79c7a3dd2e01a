"""Typed readers of environment variables that say what to set when a value is missing or wrong."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def secret(name: str) -> str:
    """Read a secret from `NAME`, or from the file that `NAME_FILE` names."""
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    raise ImproperlyConfigured(
        f"{name} is not set. Set it, or set {name}_FILE to a file with mode 0600 that holds it. "
        "`manage.py up` makes one for you."
    )


def required_url(name: str, example: str) -> str:
    """Read a connection URL that has no sensible default."""
    value = os.environ.get(name)
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it to something like {example}, or run `make run`."
        )
    return value


def folder(name: str, default: Path) -> Path:
    """Read a folder, made absolute."""
    return Path(os.environ.get(name) or default).expanduser().resolve()
