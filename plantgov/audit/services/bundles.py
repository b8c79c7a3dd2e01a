"""Evidence bundles: ledger entries with their proofs, and what people read of them, in one ZIP file."""

import csv
import io
import json
import time
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from plantgov.audit import selectors
from plantgov.audit.models import Checkpoint, Entry, Leaf
from plantgov.audit.rules import notes
from plantgov.audit.services import keys, proofs, sealing
from plantgov.audit.services.entries import plain
from plantgov.audit.verifier import verify
from plantgov.core.errors import BadInput, Refused
from plantgov.core.verdict import ReasonKind

NOT_SEALED = ReasonKind(
    "entries_not_sealed",
    _(
        "{count} of the ledger entries that belong into this bundle are not sealed yet. {holder} Ask again in "
        "a minute."
    ),
)
KEY_UNUSABLE = ReasonKind("signing_key_unusable", _("The bundle cannot be signed. {detail}"))
OWN_FILES = frozenset({*verify.REQUIRED, "verify.py", "VERIFY.md", "ledger.csv", "keys/fingerprint.txt"})
COLUMNS = ("entry", *(name for name in verify.facts_of({}) if name not in {"uid", "before", "after"}))
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Sealed:
    """The entries of a bundle with their leaves, and the checkpoint that covers them."""

    leaves: list[Leaf]
    checkpoint: Checkpoint

    @property
    def entries(self) -> list[Entry]:
        """The entries in the order of the ledger."""
        return [leaf.entry for leaf in self.leaves]


def build(
    *,
    files: Mapping[str, bytes],
    entries: QuerySet[Entry],
    facts: Mapping[str, Any],
    at: datetime,
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
        _wait_until_sealed(entries, wait_s)
    except keys.KeyUnusable as error:
        raise Refused(KEY_UNUSABLE(detail=str(error))) from error
    sealed = _sealed(entries, at)
    content = {**files, **_own_files(sealed, signer)}
    manifest = _manifest(content, sealed, facts, at, signer)
    text = f"{verify.FORMAT} manifest\nsha256 {sha256(manifest).hexdigest()}\n"
    signature = signer.note(text, name=sealed.checkpoint.origin.name).encode()
    return _zip({**content, "manifest.json": manifest, "manifest.sig": signature})


def record_of(thing: Any, entries: Iterable[Entry]) -> dict[str, Any]:
    """A record view of a thing: its entries as people read them and the last values of its rows.

    Written as `<folder>/record.json` into a bundle, the verifier holds it against the entries.
    """
    told = [facts_of(entry) for entry in entries]
    rows = verify.replay(sorted(told, key=lambda fact: fact["seq"]))
    return {
        "thing": {"kind": thing._meta.label_lower, "uid": str(thing.uid), "label": str(thing)},
        "entries": told,
        "rows": [
            {"table": table, "key": key, "values": values}
            for (table, key), values in sorted(rows.items())
            if values is not None
        ],
    }


def as_json(document: Any) -> bytes:
    """A document as the bundles write it: the same bytes for the same content."""
    return (json.dumps(plain(document), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def facts_of(entry: Entry) -> dict[str, Any]:
    """An entry as record views repeat it, from the very bytes that are sealed."""
    return verify.facts_of(json.loads(bytes(entry.canonical)))


def _require_names(files: Mapping[str, bytes]) -> None:
    for name in files:
        parts = name.split("/")
        if name in OWN_FILES or not name or {"", ".", ".."} & set(parts) or "\\" in name:
            raise BadInput(f"A file of a bundle cannot be named {name!r}.")


def _wait_until_sealed(entries: QuerySet[Entry], wait_s: float) -> None:
    unsealed = entries.filter(leaf__isnull=True)
    deadline = time.monotonic() + wait_s
    if not unsealed.exists() and selectors.latest_checkpoint():
        return
    if connection.in_atomic_block:
        raise RuntimeError(
            "A bundle is built outside of a transaction: an open one keeps its entries unsealed."
        )
    while True:
        result = sealing.seal()
        count = unsealed.count()
        if not count and selectors.latest_checkpoint():
            return
        if time.monotonic() >= deadline:
            holder = result.holder or selectors.horizon_holder()
            told = f"The sealer is held back by {holder}." if holder else ""
            raise Refused(NOT_SEALED(count=count, holder=told))
        time.sleep(0.2)


def _sealed(entries: QuerySet[Entry], at: datetime) -> _Sealed:
    found = Leaf.objects.filter(entry__in=entries.order_by().values("pk"))
    leaves = list(found.select_related("entry").order_by("index"))
    needed = leaves[-1].index + 1 if leaves else 0
    known = Checkpoint.objects.select_related("origin", "key").filter(size__gte=needed)
    checkpoint = known.filter(at__lte=at).order_by("-pk").first() or known.order_by("pk").first()
    if checkpoint is None:
        raise RuntimeError(f"No checkpoint covers leaf {needed - 1}, though it is sealed.")
    return _Sealed(leaves, checkpoint)


def _own_files(sealed: _Sealed, signer: keys.Signer) -> dict[str, bytes]:
    checkpoint = sealed.checkpoint
    note = checkpoint.note
    if bytes(checkpoint.key.public_key) != signer.public_key:  # the key was changed since: say the same anew
        head = notes.Head(checkpoint.origin.name, checkpoint.size, bytes(checkpoint.root), checkpoint.at)
        note = signer.note(head.text(), name=checkpoint.origin.name)
    return {
        "checkpoint.txt": note.encode(),
        "keys/ledger.pub": notes.pem(signer.public_key).encode(),
        "keys/fingerprint.txt": f"{signer.fingerprint}\n".encode(),
        "entries.jsonl": b"".join(bytes(entry.canonical) + b"\n" for entry in sealed.entries),
        "proofs.json": _proofs(sealed),
        "ledger.csv": _csv(sealed.entries),
        "verify.py": Path(verify.__file__).read_bytes(),
        "VERIFY.md": (Path(verify.__file__).parent / "VERIFY.md").read_bytes(),
    }


def _proofs(sealed: _Sealed) -> bytes:
    size = sealed.checkpoint.size
    paths = proofs.inclusion_proofs([leaf.index for leaf in sealed.leaves], size)
    leaves = [
        {
            "uid": str(leaf.entry.uid),
            "index": leaf.index,
            "hash": bytes(leaf.leaf_hash).hex(),
            "proof": [hashed.hex() for hashed in paths[leaf.index]],
        }
        for leaf in sealed.leaves
    ]
    return as_json({"size": size, "leaves": leaves})


def _csv(entries: Sequence[Entry]) -> bytes:
    """The entries as a table that a spreadsheet opens without taking anything for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        facts = facts_of(entry)
        writer.writerow([entry.uid, *(verify.safe_cell(facts[name]) for name in COLUMNS[1:])])
    return out.getvalue().encode("utf-8-sig")


def _manifest(
    content: Mapping[str, bytes],
    sealed: _Sealed,
    facts: Mapping[str, Any],
    at: datetime,
    signer: keys.Signer,
) -> bytes:
    checkpoint = sealed.checkpoint
    return as_json(
        {
            "format": verify.FORMAT,
            "built_at": at,
            "software": {"name": "PlantGov", "version": settings.VERSION},
            "facts": dict(facts),
            "ledger": {
                "origin": checkpoint.origin.name,
                "size": checkpoint.size,
                "fingerprint": signer.fingerprint,
            },
            "things": _things(sealed),
            "files": {
                name: {"sha256": sha256(data).hexdigest(), "size": len(data)}
                for name, data in content.items()
            },
        }
    )


def _things(sealed: _Sealed) -> list[dict[str, Any]]:
    """How many entries each thing has here, and how many in the ledger up to the checkpoint."""
    latest: dict[Any, Entry] = {}
    numbers: dict[Any, list[int]] = {}
    for entry in sealed.entries:
        if entry.thing_uid is not None:
            numbers.setdefault(entry.thing_uid, []).append(entry.thing_seq)
            if entry.thing_uid not in latest or latest[entry.thing_uid].thing_seq < entry.thing_seq:
                latest[entry.thing_uid] = entry
    covered = Entry.objects.filter(thing_uid__in=numbers, leaf__index__lt=sealed.checkpoint.size)
    last = dict(
        covered.order_by()
        .values("thing_uid")
        .annotate(last=Max("thing_seq"))
        .values_list("thing_uid", "last")
    )
    return [
        {
            "kind": latest[uid].thing_kind,
            "uid": str(uid),
            "label": latest[uid].thing_label,
            "count": len(found),
            "in_ledger": last[uid],
            "complete": sorted(found) == list(range(1, last[uid] + 1)),
        }
        for uid, found in sorted(numbers.items())
    ]


def _zip(content: Mapping[str, bytes]) -> bytes:
    """A ZIP file in which nothing depends on when and where it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(content.items()):
            info = zipfile.ZipInfo(name, FIXED_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, compresslevel=6)
    return out.getvalue()
