"""Files of things, stored once by their content."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput
from plantgov.core.scope import require
from plantgov.people.models import User
from plantgov.workspace.models import File

MAX_BYTES = 50_000_000
REFUSED_ENDINGS = (
    ".exe",
    ".bat",
    ".cmd",
    ".com",
    ".js",
    ".vbs",
    ".ps1",
    ".scr",
    ".msi",
    ".hta",
    ".jar",
    ".lnk",
)


@dataclass(frozen=True)
class Upload:
    """A file as it comes in."""

    name: str
    content_type: str
    chunks: Iterable[bytes]


def path_of(sha256: str) -> Path:
    """Where content stands."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


@transaction.atomic
def attach(thing: Governed, upload: Upload, *, by: User, at: datetime) -> File:
    """Attach a file to a thing. The content is written first and whole, the row after it."""
    require(by, "workspace.add_file", thing)
    name = Path(upload.name.replace("\\", "/")).name[:200]
    if not name or name.lower().endswith(REFUSED_ENDINGS):
        raise BadInput({"file": [_("Programs cannot be attached. Put it into an archive, and say why.")]})
    sha256, size = store(upload.chunks)
    row = File(
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        name=name,
        size=size,
        content_type=upload.content_type[:100] or "application/octet-stream",
        sha256=sha256,
        added_by=by,
        added_at=at,
        location_ids=sorted(thing.scope_location_ids()),
    )
    return write(row, by=by, action="workspace.file.attached", at=at, thing=thing)


def store(chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write content under its digest, atomically; the digest and the size in bytes."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as part:
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > MAX_BYTES:
                    raise BadInput(
                        {"file": [_("The file is larger than %(most)d MB.") % {"most": MAX_BYTES // 10**6}]}
                    )
                digest.update(chunk)
                part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
    target = path_of(digest.hexdigest())
    target.parent.mkdir(exist_ok=True)
    Path(part.name).replace(target)
    return digest.hexdigest(), size
