"""Giving entries their place in the log, and signing what the log then is.

Writers only insert entries. One sealer at a time orders what is certainly committed, so no writer waits for
another and no entry that commits late is ever skipped.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from plantgov.audit import selectors
from plantgov.audit.models import Checkpoint, Entry, Leaf, Node, Origin, SigningKey
from plantgov.audit.rules import merkle, notes
from plantgov.audit.selectors import Frontier, Holder, Waiting
from plantgov.audit.services import entries, keys
from plantgov.core.clock import new_uid, now

LOCK = 7_105_820_426
BATCH = 1000
IDLE = timedelta(hours=1)
SEALER = entries.Actor(label="Ledger sealer")


class LogBroken(Exception):
    """The stored log is not the one that was signed last; sealing stops until somebody has looked."""


@dataclass(frozen=True)
class SealResult:
    """What one run of the sealer did, and what it could not reach."""

    sealed: int = 0
    size: int = 0
    checkpoint: Checkpoint | None = None
    busy: bool = False
    waiting: Waiting = field(default_factory=lambda: Waiting(0, None))
    holder: Holder | None = None


def seal(*, at: datetime | None = None, everything: bool = False) -> SealResult:
    """Seal every entry that is certainly committed, in batches; sign a checkpoint for each, and one an hour when idle.

    `everything` looks for forgotten entries in the whole ledger, instead of after the last bookmark.
    Raises `keys.KeyUnusable` without a key and `LogBroken` if the log was tampered with. Does nothing, and says
    so, while another sealer is at work.
    """
    signer = keys.signer()
    sealed, checkpoint, is_last = 0, None, False
    is_wanted = _is_outdated(selectors.latest_checkpoint(), signer, at or now())
    frontier = selectors.frontier(everything=everything or is_wanted)
    while not is_last:
        with transaction.atomic():
            if not _alone():
                return SealResult(sealed, selectors.size(), checkpoint, busy=True)
            count, made = _seal_batch(frontier, signer, at=at or now(), is_wanted=is_wanted)
        sealed, checkpoint, is_last = sealed + count, made or checkpoint, count < BATCH
    left = selectors.waiting()
    holder = selectors.horizon_holder() if left.count else None
    return SealResult(sealed, selectors.size(), checkpoint, waiting=left, holder=holder)


def _is_outdated(last: Checkpoint | None, signer: keys.Signer, at: datetime) -> bool:
    """Whether the last checkpoint is too old, or made with another key."""
    return last is not None and (at - last.at >= IDLE or last.key.fingerprint != signer.fingerprint)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def _seal_batch(
    frontier: Frontier, signer: keys.Signer, *, at: datetime, is_wanted: bool
) -> tuple[int, Checkpoint | None]:
    found = selectors.sealable(frontier, limit=BATCH)
    size = selectors.size()
    if not found and not (is_wanted and size):
        return 0, None
    origin = selectors.current_origin() or _open_first_origin(at)
    append(found, size)
    complete_below = frontier if len(found) < BATCH else None
    return len(found), sign(origin, signer, at=at, complete_below=complete_below)


def _open_first_origin(at: datetime) -> Origin:
    origin = Origin.objects.create(name=new_name(), opened_at=at)
    entries.record(origin, by=SEALER, action="audit.origin.opened", facts={"name": origin.name}, at=at)
    return origin


def new_name() -> str:
    """A name for a log that no other log has."""
    host = urlsplit(settings.PLANTGOV_PUBLIC_URL).hostname or "plantgov"
    return f"{host}/ledger/{new_uid().hex}"


def append(found: list[tuple[int, bytes]], size: int) -> None:
    """Put entries, as (id, canonical bytes), behind `size` others. Needs the sealer's lock."""
    _require_whole(size)
    leaves = [merkle.leaf_hash(canonical) for _, canonical in found]
    Leaf.objects.bulk_create(
        Leaf(index=size + offset, entry_id=pk, leaf_hash=leaves[offset])
        for offset, (pk, _canonical) in enumerate(found)
    )
    before = selectors.hashes(set(merkle.edge(size)))
    grown = merkle.grow(size, leaves, before.__getitem__)
    Node.objects.bulk_create(
        Node(level=level, index=index, hash=hashed) for (level, index), hashed in sorted(grown.items())
    )


def root(size: int) -> bytes:
    """The root of the tree of `size` leaves, from the stored subtrees."""
    edge = merkle.edge(size)
    return merkle.fold(edge, selectors.hashes(set(edge)))


def _require_whole(size: int) -> None:
    """Refuse to go on from a log that does not end in what was signed last."""
    last = selectors.latest_checkpoint()
    if last is None and size == 0:
        return
    if last is None or last.size != size or _root_or_none(size) != bytes(last.root):
        signed = f"{last.size} entries" if last else "nothing"
        raise LogBroken(
            f"The log holds {size} entries, but {signed} with another root was signed last. Somebody wrote to "
            "the log's tables past the sealer. Stop writing, keep the database as it is, and compare it with a "
            "backup and the checkpoints received outside."
        )


def _root_or_none(size: int) -> bytes | None:
    try:
        return root(size)
    except KeyError:
        return None


def sign(
    origin: Origin, signer: keys.Signer, *, at: datetime, complete_below: Frontier | None = None
) -> Checkpoint:
    """Sign what the log is now."""
    size = selectors.size()
    head = notes.Head(origin.name, size, root(size), at)
    return Checkpoint.objects.create(
        origin=origin,
        key=_known(signer, at),
        size=size,
        root=head.root,
        note=signer.note(head.text(), name=origin.name),
        at=at,
        complete_below=complete_below.horizon if complete_below else None,
        system_identifier=complete_below.cluster if complete_below else None,
    )


def _known(signer: keys.Signer, at: datetime) -> SigningKey:
    """The key's row; its first use is entered into the ledger."""
    known = SigningKey.objects.filter(fingerprint=signer.fingerprint).first()
    if known is not None:
        return known
    key = SigningKey.objects.create(
        fingerprint=signer.fingerprint, public_key=signer.public_key, first_used_at=at
    )
    facts = {"fingerprint": signer.fingerprint}
    entries.record(key, by=SEALER, action="audit.key.used_first", facts=facts, at=at)
    return key


def leaf_index(entry: Entry) -> int | None:
    """Where an entry stands in the log; None while it is not sealed."""
    return Leaf.objects.filter(entry=entry).values_list("index", flat=True).first()
