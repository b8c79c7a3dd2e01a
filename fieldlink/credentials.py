"""Credentials by reference. A value lives only between the reference and the wire.

A reference can name nothing but what was put there for the purpose: environment variables that
begin with FIELDLINK_, and files below the folder FIELDLINK_CREDENTIALS (or systemd's
CREDENTIALS_DIRECTORY). Otherwise whoever may enter an endpoint could have any secret of the
machine sent to an address of their choice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from fieldlink.errors import ReadError
from fieldlink.spec import ReadReason

ENV_PREFIX = "FIELDLINK_"
_FOLDERS = ("FIELDLINK_CREDENTIALS", "CREDENTIALS_DIRECTORY")
_MOST_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Credential:
    """A user with a password, or a bearer token; never in a repr."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)


def _problem(code: str) -> ReadError:
    return ReadError(ReadReason.CONFIG, code)


def credential(reference: str) -> Credential:
    """What a reference stands for: `user:password` or `Bearer token`; raises ReadError(CONFIG)."""
    text = _text(reference).strip("\r\n")
    if text.startswith("Bearer "):
        return Credential(bearer=text.removeprefix("Bearer ").strip())
    user, colon, password = text.partition(":")
    if not colon or not user:
        raise _problem("CredentialMalformed")
    return Credential(user=user, password=password)


def _text(reference: str) -> str:
    kind, _, name = reference.partition(":")
    if kind == "env":
        if not name.startswith(ENV_PREFIX) or name in _FOLDERS:
            raise _problem("CredentialNotAllowed")
        if name not in os.environ:
            raise _problem("CredentialMissing")
        return os.environ[name]
    if kind == "file":
        return _secret_file(name)
    raise _problem("CredentialMalformed")


def _secret_file(name: str) -> str:
    path = Path(name).resolve()
    folders = [Path(os.environ[f]).resolve() for f in _FOLDERS if os.environ.get(f)]
    if not any(path.is_relative_to(folder) for folder in folders):
        raise _problem("CredentialNotAllowed")
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        raise _problem("CredentialMissing") from None


def certificate_path(reference: str) -> Path:
    """The file behind a certificate's or key's reference; raises ReadError(CONFIG)."""
    kind, _, name = reference.partition(":")
    path = Path(name)
    if kind != "file" or not name or not path.is_file():
        raise _problem("CertificateMissing")
    return path
