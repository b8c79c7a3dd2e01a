"""Evidence bundles: ledger entries with their proofs, and what people read of them, in one ZIP that proves itself."""

import base64
import csv
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785
from django.conf import settings
from django.db import connection, models
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from plantgov.audit import selectors
from plantgov.audit.models import Checkpoint, Entry, Leaf, PersonalValue, SigningKey
from plantgov.audit.rules import notes
from plantgov.audit.services import keys, proofs, sealing
from plantgov.audit.services.entries import plain, state_of
from plantgov.audit.verifier import verify
from plantgov.core.errors import BadInput, Refused
from plantgov.core.verdict import ReasonKind

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file
VERIFIER = Path(verify.__file__)
Content = bytes | Path
NOT_SEALED = ReasonKind(
    "entries_not_sealed",
    _(
        "{count} of the ledger entries that belong into this bundle are not sealed yet. {holder} Ask again in "
        "a minute."
    ),
)
KEY_UNUSABLE = ReasonKind("signing_key_unusable", _("The bundle cannot be signed. {detail}"))


@dataclass(frozen=True)
class Attested:
    """A file whose SHA-256 stands in an entry, at `field` of the entry's canonical JSON."""

    file: str
    entry: Entry
    field: tuple[str, ...] = ("after", "sha256")


@dataclass(frozen=True)
class Extras:
    """What a bundle may hold beside: personal values disclosed, files attested by entries, growth since sizes."""

    personal: bool = False
    attested: tuple[Attested, ...] = ()
    since: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Sealed:
    """The entries of a bundle by their leaf, and the checkpoint over all of them."""

    entries: dict[int, Entry]
    checkpoint: Checkpoint
    signer: keys.Signer

    @property
    def size(self) -> int:
        """Of the checkpoint's tree."""
        return self.checkpoint.size


def build(
    *,
    files: Mapping[str, Content],
    entries: QuerySet[Entry],
    facts: Mapping[str, Any],
    at: datetime,
    extras: Extras | None = None,
    wait_s: float = 15,
) -> bytes:
    """A bundle as the bytes of a ZIP file; the same entries, files, facts and `at` give the same bytes.

    `facts` says what the bundle is about (filters, purpose, by whom). Seals what is not sealed yet and waits at
    most `wait_s` for it; must not run inside a transaction, which would hold the sealer back. Raises `Refused`
    when entries stay unsealed or the key is missing, `BadInput` for a file name that the format uses itself.
    """
    _require_names(files)
    try:
        signer = keys.signer()
        wait_until_sealed(entries, wait_s=wait_s)
    except keys.KeyUnusable as error:
        raise Refused(KEY_UNUSABLE(detail=str(error))) from error
    extras = extras or Extras()
    sealed = _sealed(entries, signer, at)
    content = {**files, **_own_files(sealed, extras)}
    manifest = _manifest(content, sealed, extras, {"facts": dict(facts), "built_at": at})
    digest = hashlib.sha256(manifest).hexdigest()
    text = f"{verify.MANIFEST_TITLE}\n{verify.SCHEMA}\nsha256 {digest}\n"
    signature = signer.note(text, name=sealed.checkpoint.origin.name).encode()
    return _zip({**content, "manifest.json": manifest, "manifest.sig": signature})


def record_of(row: models.Model) -> dict[str, Any]:
    """A row as a JSON file of a bundle repeats it; the verifier holds governed ones against their entries."""
    told = {"uid": str(getattr(row, "uid", "")), **state_of(row)}
    if getattr(row, "governed", None) is True:
        told["row"] = {"table": row._meta.db_table, "key": str(row.pk)}
    return told


def _require_names(files: Mapping[str, Content]) -> None:
    for name in files:
        parts = name.split("/")
        if name in verify.OWN_FILES or parts[0] == "keys" or {"", ".", ".."} & set(parts) or "\\" in name:
            raise BadInput(f"A file of a bundle cannot be named {name!r}.")


def wait_until_sealed(entries: QuerySet[Entry], *, wait_s: float = 15) -> None:
    """Seal what is not sealed yet, outside of a transaction. Raises `Refused` with what holds the sealer back."""
    unsealed = entries.filter(leaf__isnull=True)
    deadline = time.monotonic() + wait_s
    while unsealed.exists() or selectors.latest_checkpoint() is None:
        if connection.in_atomic_block:
            raise RuntimeError(
                "A bundle is built outside of a transaction: an open one holds the sealer back."
            )
        result = sealing.seal()
        if time.monotonic() >= deadline:
            holder = result.holder or selectors.horizon_holder()
            told = _("The sealer is held back by %s.") % holder if holder else ""
            raise Refused(NOT_SEALED(count=unsealed.count(), holder=told))
        time.sleep(0.2)


def _sealed(entries: QuerySet[Entry], signer: keys.Signer, at: datetime) -> _Sealed:
    """Under the newest checkpoint of `at`: an older one would call a history whole that has gone on since."""
    found = Leaf.objects.filter(entry__in=entries.order_by().values("pk")).select_related("entry")
    places = {leaf.index: leaf.entry for leaf in found.order_by("index")}
    needed = max(places, default=0)
    covering = Checkpoint.objects.select_related("origin", "key").filter(size__gt=needed)
    known = covering.filter(at__lte=at).order_by("-pk").first()
    checkpoint = known or covering.order_by("pk").first()
    if checkpoint is None:
        raise sealing.LogBroken(f"No checkpoint covers leaf {needed}, though it is sealed.")
    return _Sealed(places, checkpoint, signer)


def _own_files(sealed: _Sealed, extras: Extras) -> dict[str, Content]:
    files: dict[str, Content] = {
        "checkpoint.txt": _note(sealed),
        "entries.jsonl": b"".join(_line(index, entry) for index, entry in sealed.entries.items()),
        "proofs.json": _json(_proofs(sealed, extras)),
        "ledger.csv": _csv(sealed.entries),
        "verify.py": VERIFIER.read_bytes(),
        "VERIFY.md": VERIFIER.with_name("VERIFY.md").read_bytes(),
        **_keys(sealed.signer),
    }
    if extras.personal:
        files["personal.json"] = _json(_personal(sealed.entries))
    return files


def _note(sealed: _Sealed) -> bytes:
    """The checkpoint's note; signed anew, saying the same, if the key was changed since."""
    checkpoint = sealed.checkpoint
    if bytes(checkpoint.key.public_key) == sealed.signer.public_key:
        return checkpoint.note.encode()
    head = notes.Head(checkpoint.origin.name, checkpoint.size, bytes(checkpoint.root), checkpoint.at)
    return sealed.signer.note(head.text(), name=checkpoint.origin.name).encode()


def _line(index: int, entry: Entry) -> bytes:
    row = {"canonical": bytes(entry.canonical).decode(), "index": index}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _proofs(sealed: _Sealed, extras: Extras) -> dict[str, Any]:
    paths = proofs.inclusion_proofs(sealed.entries, sealed.size)
    sizes = sorted({old for old in extras.since if old < sealed.size})
    return {
        "size": sealed.size,
        "inclusion": {str(index): _base64(path) for index, path in paths.items()},
        "consistency": {str(old): _base64(proofs.consistency_proof(old, sealed.size)) for old in sizes},
    }


def _base64(path: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(part).decode() for part in path]


def _csv(entries: Mapping[int, Entry]) -> bytes:
    """The entries as a table that a spreadsheet opens without taking anything for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(verify.COLUMNS)
    for entry in entries.values():
        facts = verify.facts_of(json.loads(bytes(entry.canonical)))
        writer.writerow([verify.safe_cell(facts[name]) for name in verify.COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _keys(signer: keys.Signer) -> dict[str, Content]:
    """Every key that ever signed, since when, and the fingerprint of the one that signs this bundle."""
    known = {row.fingerprint: row for row in SigningKey.objects.order_by("pk")}
    history = [
        {"fingerprint": mark, "first_used_at": plain(row.first_used_at)} for mark, row in known.items()
    ]
    public = {mark: bytes(row.public_key) for mark, row in known.items()}
    public[signer.fingerprint] = signer.public_key
    files: dict[str, Content] = {
        f"keys/{mark[:16]}.pem": notes.pem(key).encode() for mark, key in public.items()
    }
    files["keys/fingerprint.txt"] = f"{signer.fingerprint}\n".encode()
    files["keys/history.json"] = _json(history)
    return files


def _personal(entries: Mapping[int, Entry]) -> list[dict[str, Any]]:
    """The personal values behind the commitments, as far as they were not erased."""
    by_uid = {entry.uid: index for index, entry in entries.items()}
    rows = PersonalValue.objects.filter(entry_uid__in=by_uid)
    told = [
        {
            "index": by_uid[row.entry_uid],
            "side": row.side,
            "field": row.field,
            "salt": base64.b64encode(bytes(row.salt)).decode(),
            "value": row.value,
        }
        for row in rows
    ]
    return sorted(told, key=lambda item: (item["index"], item["side"], item["field"]))


def _manifest(content: Mapping[str, Content], sealed: _Sealed, extras: Extras, told: dict[str, Any]) -> bytes:
    places = {entry.pk: index for index, entry in sealed.entries.items()}
    return _json(
        {
            "schema": verify.SCHEMA,
            **plain(told),
            "software": {"name": "PlantGov", "version": settings.VERSION},
            "checkpoint": {"origin": sealed.checkpoint.origin.name, "size": sealed.size},
            "entries": len(sealed.entries),
            "things": _things(sealed),
            "attested": [
                {"file": claim.file, "index": places[claim.entry.pk], "field": list(claim.field)}
                for claim in extras.attested
            ],
            "files": [_item(name, content[name]) for name in sorted(content)],
        }
    )


def _things(sealed: _Sealed) -> list[dict[str, Any]]:
    """How many entries each thing has here, and how many in the ledger up to the checkpoint."""
    by_thing: dict[Any, list[Entry]] = {}
    for entry in sealed.entries.values():
        if entry.thing_uid is not None:
            by_thing.setdefault(entry.thing_uid, []).append(entry)
    covered = Entry.objects.filter(thing_uid__in=by_thing, leaf__index__lt=sealed.size).order_by()
    last = dict(covered.values("thing_uid").annotate(last=Max("thing_seq")).values_list("thing_uid", "last"))
    return [_thing(by_thing[uid], last[uid]) for uid in sorted(by_thing)]


def _thing(history: list[Entry], in_ledger: int) -> dict[str, Any]:
    newest = max(history, key=lambda entry: entry.thing_seq)
    return {
        "uid": str(newest.thing_uid),
        "kind": newest.thing_kind,
        "label": newest.thing_label,
        "count": len(history),
        "in_ledger": in_ledger,
        "complete": {entry.thing_seq for entry in history} == set(range(1, in_ledger + 1)),
    }


def _item(name: str, content: Content) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    with content.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": name, "sha256": digest, "size": content.stat().st_size}


def _json(value: Any) -> bytes:
    return rfc8785.dumps(value) + b"\n"


def _zip(content: Mapping[str, Content]) -> bytes:
    """A ZIP file in which nothing depends on when and where it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(content.items()):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data if isinstance(data, bytes) else data.read_bytes(), compresslevel=6)
    return out.getvalue()
