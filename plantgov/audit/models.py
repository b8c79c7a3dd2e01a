"""The ledger's rows, and the base of every governed model."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from plantgov.core.clock import new_uid
from plantgov.core.scope import ScopedManager


class XidField(models.Field):
    """PostgreSQL's `xid8`: the transaction that wrote a row."""

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "xid8"

    def get_prep_value(self, value: Any) -> str | None:
        """As text, which PostgreSQL reads as the type it is."""
        return None if value is None else str(value)

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        """As a number."""
        return None if value is None else int(value)


class Governed(models.Model):
    """A row that is never written without a ledger entry about it in the same transaction.

    `ledger_hidden` names fields that never enter the ledger (secrets); `ledger_personal` names fields of which
    the ledger holds a salted commitment only; `ledger_ignored` names columns whose change alone needs no entry.
    """

    governed: Any = True
    ledger_hidden: tuple[str, ...] = ()
    ledger_personal: tuple[str, ...] = ()
    ledger_ignored: tuple[str, ...] = ()
    scope_location: str | None = None

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> Self:  # type: ignore[override]
        """Remember the loaded values, so that a write can tell before from after."""
        names, loaded = list(field_names), list(values)
        row = super().from_db(db, names, loaded)
        row._loaded = (names, loaded)  # type: ignore[attr-defined]
        return row

    def scope_location_ids(self) -> list[int]:
        """The places this row stands on; none for what belongs to the whole enterprise."""
        return []

    @property
    def kind_key(self) -> str:
        """Its kind, as slots and the ledger name it: `assets.asset`."""
        return self._meta.label_lower


class Entry(models.Model):
    """One line of the ledger: who did what to which thing, with what it was before and after."""

    governed = "is the ledger itself; append-only by trigger and by privilege"
    scope_array = "location_ids"

    uid = models.UUIDField(default=new_uid, unique=True)
    schema_version = models.PositiveSmallIntegerField(default=1)
    at = models.DateTimeField()
    xid = XidField(null=True)
    system_identifier = models.BigIntegerField(null=True)
    canonical = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    attributed = models.BooleanField(default=True)

    action = models.CharField(max_length=100)
    actor_uid = models.UUIDField(null=True)
    actor_label = models.TextField()
    person_uid = models.UUIDField(null=True)
    acting_for_uid = models.UUIDField(null=True)
    acting_for_label = models.TextField(blank=True, default="")
    role = models.TextField(blank=True, default="")
    rule = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    channel = models.CharField(max_length=20, blank=True, default="")

    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField(null=True)
    thing_label = models.TextField()
    thing_seq = models.BigIntegerField()
    row_table = models.CharField(max_length=100)
    row_key = models.CharField(max_length=64)
    location_ids = ArrayField(models.BigIntegerField(), default=list)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    commitments = models.JSONField(default=dict)

    objects = ScopedManager()

    class Meta:
        default_permissions = ()
        permissions = [("view_entry", "Read the ledger"), ("export_entry", "Export the ledger")]
        indexes = [
            models.Index(fields=["xid", "row_table", "row_key"], name="audit_entry_of_write"),
            models.Index(fields=["thing_uid", "thing_seq"], name="audit_entry_of_thing"),
            models.Index(fields=["at"], name="audit_entry_at"),
            models.Index(fields=["actor_uid", "at"], name="audit_entry_of_actor"),
            GinIndex(fields=["location_ids"], name="audit_entry_location"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["thing_uid", "thing_seq"],
                condition=models.Q(thing_uid__isnull=False),
                name="audit_entry_thing_seq_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.thing_label}"


class ThingCounter(models.Model):
    """How many entries a thing has: gives each its number, so that a missing one shows."""

    governed = "counts entries; written with each of them"

    thing_uid = models.UUIDField(primary_key=True)
    last_seq = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.thing_uid}: {self.last_seq}"


class PersonalValue(models.Model):
    """A personal value behind a salted commitment in the ledger; may be erased without breaking a proof."""

    governed = "holds what may be erased by law; the ledger keeps its commitment"

    entry_uid = models.UUIDField(db_index=True)
    side = models.CharField(max_length=6)  # before or after
    field = models.CharField(max_length=63)
    salt = models.BinaryField(max_length=16)
    value = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"{self.side} {self.field} of {self.entry_uid}"


class Origin(models.Model):
    """The name under which the log is published. A restore opens a new one: what was published is never retold."""

    governed = "append-only by trigger; its opening is an entry, sealed with it"
    scope_location = None

    uid = models.UUIDField(default=new_uid, unique=True)
    name = models.CharField(max_length=200, unique=True)
    opened_at = models.DateTimeField()
    previous = models.ForeignKey("audit.Checkpoint", on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class SigningKey(models.Model):
    """A public key that has signed checkpoints; the private half is a file outside the database."""

    governed = "append-only by trigger; its first use is an entry"
    scope_location = None

    uid = models.UUIDField(default=new_uid, unique=True)
    fingerprint = models.CharField(max_length=64, unique=True)  # SHA-256 of the key as DER
    public_key = models.BinaryField(max_length=32)
    first_used_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.fingerprint[:16]


class Leaf(models.Model):
    """The place of an entry in the log; given once, without gaps, by the sealer alone."""

    governed = "append-only by trigger; the order of the ledger itself"

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(index__gte=0), name="audit_leaf_from_zero"),
        ]

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Node(models.Model):
    """The hash over a complete subtree of 2^level leaves (RFC 6962); level 0 are the leaves themselves."""

    governed = "append-only by trigger; computed from the leaves"

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"node {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed tree head: what the ledger was at a moment, in a form that proves itself."""

    governed = "append-only by trigger; signed"
    scope_location = None

    origin = models.ForeignKey(Origin, on_delete=models.PROTECT, related_name="checkpoints")
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField()
    # Every entry of this cluster written by a transaction below this one is sealed; empty when more was waiting.
    complete_below = XidField(null=True)
    system_identifier = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        indexes = [models.Index(fields=["origin", "size"], name="audit_checkpoint_of_size")]
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gt=0), name="audit_checkpoint_not_empty")
        ]

    def __str__(self) -> str:
        return f"{self.origin} {self.size}"

    @property
    def root_hex(self) -> str:
        """The root as people read it."""
        return bytes(self.root).hex()
