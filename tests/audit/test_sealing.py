"""Every committed entry gets one place in the log, whoever commits when, and whoever is killed."""

import threading
from datetime import timedelta
from random import Random
from unittest import mock

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Max

from plantgov.audit import selectors
from plantgov.audit.models import Checkpoint, Entry, Leaf, Node, Origin, SigningKey
from plantgov.audit.rules import merkle
from plantgov.audit.services import keys, origins, proofs, sealing
from plantgov.core.clock import now
from tests.audit.conftest import ACTOR, add, commits_late, in_threads, seal_all, write_key

pytestmark = [pytest.mark.enable_socket, pytest.mark.serial]


def check_the_log() -> None:
    """Every entry once, no gap, and a root that is the one of the plain definition."""
    leaves = list(Leaf.objects.order_by("index").select_related("entry"))
    assert [leaf.index for leaf in leaves] == list(range(len(leaves)))
    assert {leaf.entry_id for leaf in leaves} == set(Entry.objects.values_list("pk", flat=True))
    assert all(bytes(leaf.leaf_hash) == merkle.leaf_hash(bytes(leaf.entry.canonical)) for leaf in leaves)
    for checkpoint in Checkpoint.objects.all():
        plain = _root([bytes(leaf.leaf_hash) for leaf in leaves[: checkpoint.size]])
        assert bytes(checkpoint.root) == plain


def _root(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return merkle.node_hash(_root(hashes[:half]), _root(hashes[half:]))


def _stress(writers: int, rows: int, seed: int) -> None:
    """Writers commit when they like while sealers run, one of which is killed in the middle of its batch."""
    random = Random(seed)
    seeds = [random.random() for _ in range(writers)]
    killed = 0
    running = in_threads(writers, lambda n: commits_late(f"w{n}", Random(seeds[n]), rows=rows))
    for turn, _ in enumerate(running):
        if turn % 3 == 1:
            with mock.patch.object(sealing, "sign", side_effect=KeyboardInterrupt):
                try:
                    sealing.seal()
                except KeyboardInterrupt:
                    killed += 1
        else:
            sealing.seal()
    seal_all()
    assert killed, "no sealer was killed in its batch: the test proves less than it says"
    check_the_log()


def test_eight_writers_and_a_killed_sealer_leave_every_entry_sealed_once(fresh_database):
    _stress(writers=8, rows=6, seed=8)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(3))
def test_fifty_writers_and_killed_sealers_leave_every_entry_sealed_once(fresh_database, seed):
    _stress(writers=50, rows=20, seed=seed)


def test_a_sealer_whose_connection_is_cut_leaves_nothing_half_done(fresh_database, settings):
    add("Ada Berg")

    def _cut(*_args, **_kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [pid])

    with mock.patch.object(sealing, "sign", side_effect=_cut), pytest.raises(DatabaseError):
        sealing.seal()
    connection.close()
    assert (Leaf.objects.count(), Node.objects.count(), Checkpoint.objects.count()) == (0, 0, 0)
    seal_all()
    check_the_log()


def test_two_sealers_at_once_do_the_work_of_one(fresh_database):
    for number in range(20):
        add(f"Person {number}")
    results = []
    for _ in in_threads(4, lambda _n: results.append(sealing.seal())):
        pass
    seal_all()
    check_the_log()
    assert sum(result.sealed for result in results) <= Entry.objects.count()


def test_a_late_commit_is_sealed_late_and_not_lost(fresh_database):
    """The trap: a transaction that began first and took the lower id commits last."""
    began, may_end = threading.Event(), threading.Event()

    def _slow(_number: int) -> None:
        with transaction.atomic():
            add("Slow, with the lower id")
            began.set()
            may_end.wait(10)

    running = in_threads(1, _slow)
    next(running)
    assert began.wait(10)
    add("Quick, with the higher id")
    result = sealing.seal()
    assert not Leaf.objects.filter(entry__thing_label="Quick, with the higher id").exists()
    assert result.waiting.count
    assert result.holder is not None
    assert result.holder.application == "plantgov"
    assert result.holder.pid
    assert result.holder.since
    assert "open since" in str(result.holder)
    may_end.set()
    for _ in running:
        pass
    seal_all()
    check_the_log()
    assert Leaf.objects.filter(entry__thing_label="Slow, with the lower id").exists()


def test_batches_end_where_they_should(fresh_database):
    with mock.patch.object(sealing, "BATCH", 7):
        for number in range(30):
            add(f"Person {number}")
        seal_all()
        seal_all()
    check_the_log()
    assert Checkpoint.objects.filter(complete_below=None).exists()


def test_an_idle_ledger_is_signed_anew_every_hour(fresh_database):
    add("Ada Berg")
    seal_all()
    before = Checkpoint.objects.count()
    assert sealing.seal().checkpoint is None
    later = now() + timedelta(minutes=61)
    heartbeat = sealing.seal(at=later).checkpoint
    assert heartbeat is not None
    assert heartbeat.size == selectors.size()
    assert Checkpoint.objects.count() == before + 1
    assert sealing.seal(at=later + timedelta(minutes=1)).checkpoint is None


def test_nothing_is_signed_while_there_is_nothing(fresh_database):
    last = Entry.objects.aggregate(last=Max("pk"))["last"]
    if last is None:
        assert sealing.seal().checkpoint is None
        assert not Origin.objects.exists()
    seal_all()
    assert all(checkpoint.size for checkpoint in Checkpoint.objects.all())


def test_a_missing_key_is_said_with_what_to_do(fresh_database, settings, tmp_path):
    settings.PLANTGOV_SIGNING_KEY_FILE = tmp_path / "none.pem"
    add("Ada Berg")
    with pytest.raises(keys.KeyUnusable, match="PLANTGOV_SIGNING_KEY_FILE"):
        sealing.seal()


def test_a_new_key_is_noted_in_the_ledger(fresh_database, settings, tmp_path):
    add("Ada Berg")
    seal_all()
    settings.PLANTGOV_SIGNING_KEY_FILE = write_key(tmp_path / "second.pem")
    add("Bo Lind")
    seal_all()
    assert SigningKey.objects.count() == 2
    assert Entry.objects.filter(action="audit.key.used_first").count() == 2


def test_a_log_that_was_written_to_past_the_sealer_stops_sealing(fresh_database):
    add("Ada Berg")
    seal_all()
    add("Bo Lind")
    entry = Entry.objects.filter(leaf=None).first()
    Leaf.objects.create(index=selectors.size(), entry=entry, leaf_hash=b"\0" * 32)
    add("Cy Holm")
    with pytest.raises(sealing.LogBroken, match="another root was signed last"):
        sealing.seal()


def test_entries_of_another_cluster_count_as_committed(fresh_database):
    """After a restore into a new cluster the transaction numbers in the entries mean nothing."""
    add("Ada Berg")
    seal_all()
    add("Bo Lind")
    new_cluster = selectors.Frontier(cluster=1, horizon=1, since=0, foreign=True)
    with mock.patch.object(selectors, "frontier", return_value=new_cluster):
        sealing.seal()
    check_the_log()


def test_a_new_origin_begins_with_an_entry_that_cites_the_last_checkpoint(fresh_database):
    add("Ada Berg")
    seal_all()
    last = selectors.latest_checkpoint()
    add("Bo Lind")  # was waiting when the backup was taken
    origin = origins.open_new_origin(by=ACTOR, reason="Restored after a fire", at=now())
    first = Leaf.objects.get(index=last.size).entry
    assert first.action == "audit.origin.opened"
    assert first.after["previous"] == last.note
    assert first.reason == "Restored after a fire"
    assert selectors.latest_checkpoint().origin == origin
    seal_all()
    check_the_log()
    assert {row.name for row in Origin.objects.all()} == {last.origin.name, origin.name}


def test_stored_subtrees_prove_inclusion_and_growth(fresh_database):
    for number in range(13):
        add(f"Person {number}")
        sealing.seal()
    seal_all()
    leaves = [bytes(leaf.leaf_hash) for leaf in Leaf.objects.order_by("index")]
    size = len(leaves)
    for index, path in proofs.inclusion_proofs(range(size), size).items():
        assert _climb(index, size, leaves[index], path) == _root(leaves)
    for old in range(1, size):
        assert proofs.consistency_proof(old, size) == _plain_consistency(old, leaves)


def _climb(index: int, size: int, hashed: bytes, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2, as written there."""
    fn, sn = index, size - 1
    for part in path:
        assert sn
        if fn & 1 or fn == sn:
            hashed = merkle.node_hash(part, hashed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hashed = merkle.node_hash(hashed, part)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return hashed


def _plain_consistency(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2, as written there."""
    if old == len(leaves):
        return [] if whole else [_root(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= half:
        return [*_plain_consistency(old, leaves[:half], whole), _root(leaves[half:])]
    return [*_plain_consistency(old - half, leaves[half:], False), _root(leaves[:half])]


@pytest.mark.parametrize("model", [Leaf, Node, Checkpoint, Origin, SigningKey, Entry])
def test_the_log_refuses_every_change_and_every_delete(fresh_database, model):
    add("Ada Berg")
    add("Bo Lind")
    seal_all()
    table = model._meta.db_table
    assert model.objects.exists()
    column = model._meta.concrete_fields[-1].column
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with (
            connection.cursor() as cursor,
            pytest.raises(DatabaseError, match=r"append-only|permission denied"),
        ):
            cursor.execute(statement)
