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
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput, Refused
from plantgov.core.scope import require
from plantgov.core.verdict import ReasonKind
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
PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")  # how programs begin
NO_PROGRAMS = _("Programs cannot be attached. Put it into an archive, and say why.")
FILE_DAMAGED = ReasonKind(
    "file_damaged",
    _("The content of {name} is lost or was altered on the disk. Restore the files from a backup."),
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
    name = _name(upload.name)
    if not name:
        raise BadInput({"file": [str(_("Give the file a name."))]})
    if name.lower().endswith(REFUSED_ENDINGS):
        raise BadInput({"file": [str(NO_PROGRAMS)]})
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


def _name(given: str) -> str:
    """The last part of a name, without what could break a header or a file system."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip(". ")[:200]


def read(row: File) -> bytes:
    """The content, if it still is what its digest says. Raises `Refused` for one that was lost or altered."""
    path = path_of(row.sha256)
    data = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise Refused(FILE_DAMAGED(name=row.name))
    return data


def store(chunks: Iterable[bytes]) -> tuple[str, int]:
    """Write content under its digest, atomically; the digest and the size in bytes."""
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=root, delete=False) as part:
        try:
            for chunk in chunks:
                if not size and chunk.startswith(PROGRAMS):
                    raise BadInput({"file": [str(NO_PROGRAMS)]})
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
