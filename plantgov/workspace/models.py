"""What every thing can have, and the rows that are queues."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Governed
from plantgov.core.clock import new_uid
from plantgov.core.scope import ScopedManager
from plantgov.people.models import User


class ReferenceCounter(models.Model):
    """The last number given to a kind of reference in a year."""

    governed = "counts references; each is written down with the thing that carries it"

    kind = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="workspace_counter_once")]

    def __str__(self) -> str:
        return f"{self.kind}-{self.year}-{self.last:04d}"


class Leased(models.Model):
    """A row that is a queue: due until a worker claims it, back to due when the worker's lease runs out."""

    class State(models.TextChoices):
        DUE = "due", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        LOST = "lost", _("Lost")

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.DUE, db_index=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class Job(Leased):
    """Work that takes longer than a page: its arguments, its progress and what came out."""

    governed = "a queue row; what a job changes is governed where it is changed"

    kind = models.CharField(max_length=60)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="jobs")
    arguments = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=250, blank=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    cancel_requested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.by}"


class Event(models.Model):
    """The outbox: something that happened, written in the transaction in which it happened."""

    governed = "repeats for consumers what the ledger entry of the same transaction says"

    uid = models.UUIDField(default=new_uid, unique=True)
    kind = models.CharField(max_length=100)
    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField()
    thing_label = models.TextField()
    facts = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing_label}"


class Delivery(Leased):
    """One event on its way to one consumer; delivered at least once, told apart by the event's uid."""

    governed = "the progress of an event; the event itself stands in the ledger"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    consumer = models.CharField(max_length=60)
    error = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="workspace_delivery_once")]

    def __str__(self) -> str:
        return f"{self.event} to {self.consumer}"


class InboxItem(models.Model):
    """Something a person is told, or has to do."""

    governed = "a notice to one person; what it speaks of is governed"

    uid = models.UUIDField(default=new_uid, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="inbox")
    kind = models.CharField(max_length=60)
    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField()
    title = models.CharField(max_length=250)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    is_task = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "done_at", "-created_at"], name="workspace_inbox_of_user")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "thing_uid"],
                condition=Q(done_at=None),
                name="workspace_inbox_told_once",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Mail(Leased):
    """A mail to one person about one inbox item, sent by a worker."""

    governed = "a delivery; what it says stands in the inbox and in the ledger"

    item = models.OneToOneField(InboxItem, on_delete=models.CASCADE, related_name="mail")
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"mail: {self.item}"


class Comment(Governed):
    """A remark on a thing."""

    scope_array = "location_ids"

    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField(db_index=True)
    body = models.TextField(_("comment"))
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["written_at"]
        indexes = [GinIndex(fields=["location_ids"], name="workspace_comment_location")]

    def __str__(self) -> str:
        return self.body[:80]

    def scope_location_ids(self) -> list[int]:
        """The places of what it speaks of."""
        return list(self.location_ids)


class File(Governed):
    """A file attached to a thing; stored once by its SHA-256."""

    scope_array = "location_ids"

    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField(db_index=True)
    name = models.CharField(_("name"), max_length=200)
    size = models.BigIntegerField(_("size in bytes"))
    content_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, db_index=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["added_at"]
        indexes = [GinIndex(fields=["location_ids"], name="workspace_file_location")]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """The places of what it is attached to."""
        return list(self.location_ids)


class Calendar(Governed):
    """Working days of a site: weekdays less holidays, in the site's zone."""

    scope_location = "location_id_of_site"

    location_id_of_site = models.BigIntegerField(unique=True)
    name = models.CharField(_("name"), max_length=100)
    zone_name = models.CharField(_("time zone"), max_length=60)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)
    holidays = ArrayField(models.DateField(), default=list, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """The site."""
        return [self.location_id_of_site]


class Heartbeat(models.Model):
    """The last sign of life of a kind of process."""

    governed = "written every few seconds by each process"

    name = models.CharField(max_length=100, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.seen_at:%H:%M:%S}"
