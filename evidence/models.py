"""Exports: what was taken out, by whom, for which purpose."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager
from plantgov.people.models import User
from plantgov.workspace.models import Job


class Export(Governed):
    """An evidence bundle that was asked for: its filters, and the file that came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    scope_array = "location_ids"

    title = models.CharField(_("title"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=250)
    references = ArrayField(models.CharField(max_length=30), verbose_name=_("changes"))
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exports")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    ready_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["-requested_at"]
        indexes = [GinIndex(fields=["location_ids"], name="evidence_export_location")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="ready") & ~Q(sha256="") | ~Q(state="ready") & Q(sha256=""),
                name="evidence_export_ready_has_file",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def scope_location_ids(self) -> list[int]:
        """The places of everything in it."""
        return list(self.location_ids)

    @property
    def file_name(self) -> str:
        """The name under which it is downloaded."""
        return f"evidence-{self.references[0] if len(self.references) == 1 else 'changes'}-{str(self.uid)[:8]}.zip"
