"""Making evidence bundles: ZIP files that prove themselves to whoever has the signing key's fingerprint."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import rfc8785
from django.utils.translation import gettext_lazy as _

from plantgov.audit import selectors
from plantgov.audit.models import Checkpoint, Entry, Leaf, PersonalValue, SigningKey
from plantgov.audit.rules import notes
from plantgov.audit.services import keys, proofs
from plantgov.audit.services.entries import plain
from plantgov.audit.verifier import verify
from plantgov.core.errors import Refused
from plantgov.core.verdict import ReasonKind

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file
VERIFIER = Path(verify.__file__)
NOT_SEALED = ReasonKind(
    "entries_not_sealed",
    _("{count} of the entries are not sealed yet; {holder}. Try again in a few seconds."),
)
NO_CHECKPOINT = ReasonKind("ledger_not_sealed", _("The ledger was never sealed; nothing can be proved yet."))
OTHER_KEY = ReasonKind(
    "ledger_signed_by_other_key",
    _("The signing key was changed and the ledger is not signed with it yet. Try again in a few seconds."),
)
GUIDE = """# How to verify this bundle

1. Get the fingerprint of the signing key by another way than this bundle: from the plant's own records, by phone,
   from an earlier bundle that you trust.
2. Take `verify.py` from a source that you trust too (the one in here could have been altered with the rest), and
   Python 3.9 or newer. It needs nothing else and no network.
3. Run `python verify.py BUNDLE.zip --fingerprint HEX`. It ends with VERIFIED, or names each thing that is wrong.

Without a fingerprint it can only say that the bundle agrees with itself. Whoever makes up a bundle can do that too.
"""


@dataclass(frozen=True)
class Attested:
    """A file whose SHA-256 stands in an entry, at `field` of the entry's canonical JSON."""

    file: str
    entry: Entry
    field: tuple[str, ...] = ("after", "sha256")


@dataclass(frozen=True)
class Contents:
    """What goes into a bundle.

    `facts` go into the manifest (purpose, filters, who asked, when: given, never read from the clock).
    `complete` are the things whose whole history is claimed. `personal` also discloses personal values.
    `since` are tree sizes from which growth is proved, for readers who kept those checkpoints.
    """

    entries: Sequence[Entry]
    files: Mapping[str, bytes | Path] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    complete: Iterable[UUID] = ()
    attested: Iterable[Attested] = ()
    personal: bool = False
    since: Iterable[int] = ()


def sealed_entries(things: Iterable[UUID], checkpoint: Checkpoint) -> list[Entry]:
    """The whole histories of things as sealed under a checkpoint, oldest first."""
    rows = Entry.objects.filter(thing_uid__in=list(things), leaf__index__lt=checkpoint.size)
    return list(rows.order_by("leaf__index"))


def write_bundle(
    target: IO[bytes] | Path, contents: Contents, *, checkpoint: Checkpoint | None = None
) -> str:
    """Write the ZIP; returns the SHA-256 of its manifest, which names the bundle.

    `checkpoint` is the newest one unless given. Raises `Refused` while an entry is not sealed under it.
    """
    checkpoint = checkpoint or selectors.latest_checkpoint()
    if checkpoint is None:
        raise Refused(NO_CHECKPOINT())
    signer = keys.signer()
    if signer.fingerprint != checkpoint.key.fingerprint:
        raise Refused(OTHER_KEY())
    places = _places(contents.entries, checkpoint)
    files = {**contents.files, **_own_files(contents, checkpoint, places)}
    manifest = _manifest(contents, checkpoint, places, files)
    digest = hashlib.sha256(manifest).hexdigest()
    statement = f"{verify.MANIFEST_TITLE}\n{verify.SCHEMA}\nsha256 {digest}\n"
    files["manifest.json"] = manifest
    files["manifest.sig"] = signer.note(statement, name=checkpoint.origin.name).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            _add(archive, name, files[name])
    return digest


def _places(entries: Sequence[Entry], checkpoint: Checkpoint) -> dict[int, Entry]:
    """The entries by their leaf, in the order of the log."""
    by_pk = {entry.pk: entry for entry in entries}
    leaves = Leaf.objects.filter(entry__in=by_pk, index__lt=checkpoint.size).values_list("index", "entry_id")
    places = {index: by_pk[pk] for index, pk in sorted(leaves)}
    if len(places) < len(by_pk):
        holder = selectors.horizon_holder()
        held = _("the sealer is held back by %s") % holder if holder else _("the sealer has not come to them")
        raise Refused(NOT_SEALED(count=len(by_pk) - len(places), holder=held))
    return places


def _own_files(contents: Contents, checkpoint: Checkpoint, places: dict[int, Entry]) -> dict[str, bytes]:
    files = {
        "checkpoint.txt": checkpoint.note.encode(),
        "entries.jsonl": b"".join(_line(index, entry) for index, entry in places.items()),
        "proofs.json": _json(_proofs(contents, checkpoint, places)),
        "verify.py": VERIFIER.read_bytes(),
        "VERIFY.md": GUIDE.encode(),
        **_keys(),
    }
    if contents.personal:
        files["personal.json"] = _json(_personal(places))
    return files


def _line(index: int, entry: Entry) -> bytes:
    row = {"canonical": bytes(entry.canonical).decode(), "index": index}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _proofs(contents: Contents, checkpoint: Checkpoint, places: dict[int, Entry]) -> dict[str, Any]:
    paths = proofs.inclusion_proofs(places, checkpoint.size)
    sizes = sorted({old for old in contents.since if old < checkpoint.size})
    return {
        "size": checkpoint.size,
        "inclusion": {str(index): _base64(path) for index, path in paths.items()},
        "consistency": {str(old): _base64(proofs.consistency_proof(old, checkpoint.size)) for old in sizes},
    }


def _base64(path: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(part).decode() for part in path]


def _keys() -> dict[str, bytes]:
    """Every key that ever signed, and since when."""
    rows = list(SigningKey.objects.order_by("pk"))
    history = [{"fingerprint": row.fingerprint, "first_used_at": plain(row.first_used_at)} for row in rows]
    files = {f"keys/{row.fingerprint[:16]}.pem": notes.pem(bytes(row.public_key)).encode() for row in rows}
    return {**files, "keys/history.json": _json(history)}


def _personal(places: dict[int, Entry]) -> list[dict[str, Any]]:
    """The personal values behind the commitments, as far as they were not erased."""
    by_uid = {entry.uid: index for index, entry in places.items()}
    rows = PersonalValue.objects.filter(entry_uid__in=by_uid)
    return sorted(
        (
            {
                "index": by_uid[row.entry_uid],
                "side": row.side,
                "field": row.field,
                "salt": base64.b64encode(bytes(row.salt)).decode(),
                "value": row.value,
            }
            for row in rows
        ),
        key=lambda item: (item["index"], item["side"], item["field"]),
    )


def _manifest(
    contents: Contents, checkpoint: Checkpoint, places: dict[int, Entry], files: Mapping[str, bytes | Path]
) -> bytes:
    indices = {entry.pk: index for index, entry in places.items()}
    return _json(
        {
            "schema": verify.SCHEMA,
            "facts": plain(dict(contents.facts)),
            "checkpoint": {"origin": checkpoint.origin.name, "size": checkpoint.size},
            "entries": len(places),
            "complete": _complete(contents, places),
            "attested": [
                {"file": claim.file, "index": indices[claim.entry.pk], "field": list(claim.field)}
                for claim in contents.attested
            ],
            "files": [_item(name, files[name]) for name in sorted(files)],
        }
    )


def _complete(contents: Contents, places: dict[int, Entry]) -> list[dict[str, Any]]:
    """How many entries each thing has; ValueError if one of those sealed was left out by the caller."""
    histories: dict[UUID, list[Entry]] = {uid: [] for uid in contents.complete}
    for entry in places.values():
        if entry.thing_uid in histories:
            histories[entry.thing_uid].append(entry)
    return [_whole(uid, histories[uid]) for uid in sorted(histories)]


def _whole(uid: UUID, history: list[Entry]) -> dict[str, Any]:
    numbers = {entry.thing_seq for entry in history}
    if not history or numbers != set(range(1, max(numbers) + 1)):
        raise ValueError(f"The history of {uid} is not whole; take the entries from sealed_entries().")
    newest = max(history, key=lambda entry: entry.thing_seq)
    return {"uid": str(uid), "kind": newest.thing_kind, "label": newest.thing_label, "last": newest.thing_seq}


def _item(name: str, content: bytes | Path) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    with content.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": name, "sha256": digest, "size": content.stat().st_size}


def _json(value: Any) -> bytes:
    return rfc8785.dumps(value) + b"\n"


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    with content.open("rb") as source, archive.open(info, "w", force_zip64=True) as sink:
        while data := source.read(1 << 20):
            sink.write(data)
