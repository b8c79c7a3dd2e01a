"""Reading the ledger, its log and what holds the sealer back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from plantgov.audit.models import Checkpoint, Leaf, Node, Origin
from plantgov.audit.rules.merkle import Address

# What is committed and has no place in the log yet. Below `since` all of this cluster is known to be sealed; an
# entry that came from another cluster was committed there.
_UNSEALED = """
FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
WHERE l.index IS NULL AND (
    (e.system_identifier = %(cluster)s AND e.xid >= %(since)s::xid8 {below})
    OR (%(foreign)s AND e.system_identifier IS DISTINCT FROM %(cluster)s)
)
"""
BELOW = "AND e.xid < %(horizon)s::xid8"


@dataclass(frozen=True)
class Frontier:
    """How far sealing can go now: entries of transactions below `horizon`; all below `since` are sealed."""

    cluster: int
    horizon: int
    since: int
    foreign: bool

    def parameters(self) -> dict[str, Any]:
        """For the queries of this module."""
        return {
            "cluster": self.cluster,
            "horizon": str(self.horizon),
            "since": str(self.since),
            "foreign": self.foreign,
        }


@dataclass(frozen=True)
class Holder:
    """The oldest transaction that keeps the sealer from later entries."""

    pid: int | None
    application: str
    role: str
    database: str
    since: datetime | None

    def __str__(self) -> str:
        where = f"{self.application or 'a program'} (process {self.pid}, role {self.role}, database {self.database})"
        return f"{where}, open since {self.since:%H:%M:%S} UTC" if self.since else where


@dataclass(frozen=True)
class Waiting:
    """Committed entries that are not sealed yet."""

    count: int
    oldest_at: datetime | None


def frontier(*, everything: bool = False) -> Frontier:
    """Where the sealer stands. `everything` distrusts the bookmark and looks at the whole ledger."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()), "
            "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        )
        cluster, horizon = cursor.fetchone()
    mark = Checkpoint.objects.filter(system_identifier=cluster, complete_below__isnull=False).first()
    if everything or mark is None:
        return Frontier(cluster, horizon, 0, foreign=True)
    return Frontier(cluster, horizon, mark.complete_below or 0, foreign=False)


def sealable(at: Frontier, *, limit: int) -> list[tuple[int, bytes]]:
    """The next committed entries without a place: id and canonical bytes, in the order of their ids."""
    sql = f"SELECT e.id, e.canonical {_UNSEALED.format(below=BELOW)} ORDER BY e.id LIMIT %(limit)s"
    with connection.cursor() as cursor:
        cursor.execute(sql, {**at.parameters(), "limit": limit})
        return [(pk, bytes(canonical)) for pk, canonical in cursor.fetchall()]


def waiting(at: Frontier | None = None) -> Waiting:
    """How many committed entries are not sealed, and how old the oldest is."""
    at = at or frontier()
    sql = f"SELECT count(*), min(e.at) {_UNSEALED.format(below='')}"
    with connection.cursor() as cursor:
        cursor.execute(sql, at.parameters())
        return Waiting(*cursor.fetchone())


def horizon_holder() -> Holder | None:
    """The transaction that holds the horizon of the whole cluster back; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, application_name, usename, datname, xact_start FROM ("
            " SELECT pid, application_name, usename, datname, xact_start, backend_xid AS xid"
            " FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
            " UNION ALL"
            " SELECT NULL, 'prepared transaction ' || gid, owner, database, prepared, transaction"
            " FROM pg_prepared_xacts) AS open ORDER BY age(xid) DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return Holder(row[0], row[1] or "", row[2] or "", row[3] or "", row[4]) if row else None


def size() -> int:
    """How many entries the log holds."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def latest_checkpoint() -> Checkpoint | None:
    """The newest signed tree head."""
    return Checkpoint.objects.select_related("origin", "key").first()


def current_origin() -> Origin | None:
    """The origin under which the log goes on."""
    return Origin.objects.order_by("-pk").first()


def hashes(addresses: set[Address]) -> dict[Address, bytes]:
    """The hashes of complete subtrees, in at most two queries. KeyError is for the caller to raise."""
    leaves = [index for level, index in addresses if level == 0]
    inner = [address for address in addresses if address[0] > 0]
    found: dict[Address, bytes] = {}
    if leaves:
        rows = Leaf.objects.filter(index__in=leaves).values_list("index", "leaf_hash")
        found.update({(0, index): bytes(hashed) for index, hashed in rows})
    if inner:
        nodes = Node.objects.filter(pk__in=inner).values_list("level", "index", "hash")
        found.update({(level, index): bytes(hashed) for level, index, hashed in nodes})
    return found
