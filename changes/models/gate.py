"""Runs of a gate with their evidence."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assets.models import Asset
from changes.models.change import Change
from changes.states import Phase
from operations.models import ProbeRun
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager
from plantgov.core.verdict import VERDICT_LABELS, Verdict
from plantgov.people.models import Person, User

VERDICTS = [(v.value, VERDICT_LABELS[v]) for v in Verdict]


class CheckRun(Governed):
    """One evaluation of the gate of a phase: what was to be checked, on what content, and what came out.

    The row is the queue: `due` until the readings have come home and were judged in one transaction. A run
    whose readings were lost ends `lost`, which proves nothing.
    """

    class State(models.TextChoices):
        DUE = "due", _("Reading the plant")
        DONE = "done", _("Done")
        LOST = "lost", _("Lost")

    scope_array = "location_ids"
    ledger_ignored = ("probe_run", "heartbeats", "read_again_at")

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="check_runs")
    phase = models.CharField(max_length=10, choices=Phase)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    specs = models.JSONField()
    spec_digest = models.CharField(max_length=64)
    content_digest = models.CharField(max_length=64)
    probe_run = models.ForeignKey(ProbeRun, on_delete=models.PROTECT, null=True, related_name="+")
    heartbeats = models.JSONField(default=dict)  # asset uid → value seen at the first of two readings
    read_again_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    verdict = models.CharField(max_length=20, choices=VERDICTS, blank=True)
    results_digest = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["change", "number"], name="changes_run_number_once"),
            models.UniqueConstraint(
                fields=["change", "phase"], condition=Q(state="due"), name="changes_run_one_in_flight"
            ),
            models.CheckConstraint(
                condition=Q(state="done", finished_at__isnull=False) & ~Q(verdict="") & ~Q(results_digest="")
                | ~Q(state="done") & Q(verdict="", results_digest=""),
                name="changes_run_done_has_results",
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=Q(state="due"), name="changes_run_due")]

    def __str__(self) -> str:
        return f"{self.change.reference} {self.get_phase_display()} run {self.number}"

    def scope_location_ids(self) -> list[int]:
        """The places of the change."""
        return list(self.location_ids)


class CheckResult(models.Model):
    """What one check of a run said, with the value it rests on."""

    governed = "written once with its run, whose ledger entry holds the digest over all of them; append-only"

    class Severity(models.TextChoices):
        BLOCKING = "blocking", _("Blocks")
        WARNING = "warning", _("Warns")
        SHADOW = "shadow", _("Only observed")

    class Source(models.TextChoices):
        LIVE = "live", _("Live")
        INTERNAL = "internal", _("Internal")
        IMPORTED = "imported", _("Imported")
        MANUAL = "manual", _("Manual")

    run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, related_name="results")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=60)
    label = models.CharField(max_length=150)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=20, choices=VERDICTS)
    severity = models.CharField(max_length=10, choices=Severity)
    source = models.CharField(max_length=10, choices=Source)
    expected = models.JSONField(null=True)
    expected_from = models.CharField(max_length=100, blank=True)
    observed = models.JSONField(null=True)
    unit = models.CharField(max_length=20, blank=True)
    quality = models.CharField(max_length=20, blank=True)
    source_time = models.DateTimeField(null=True)
    received_time = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    reason_code = models.CharField(max_length=60)
    reason_params = models.JSONField(default=dict)
    endpoint = models.CharField(max_length=150, blank=True)
    observer = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "key", "asset"], name="changes_result_once", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["asset", "key", "-id"], name="changes_result_of_asset")]

    def __str__(self) -> str:
        return f"{self.label}: {self.verdict}"


class ManualReading(Governed):
    """A value that a person read off the equipment, for what no protocol reaches."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="manual_readings")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    key = models.SlugField(_("property"), max_length=60)
    phase = models.CharField(_("phase"), max_length=10, choices=Phase)
    value = models.JSONField(_("value"))
    observer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    witness = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(_("note"), blank=True)
    observed_at = models.DateTimeField(_("observed at"))
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-observed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(witness=None) | ~Q(witness=models.F("observer")),
                name="changes_manual_two_persons",
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset.tag} {self.key} by {self.observer}"


class Snapshot(Governed):
    """What was read of the assets before the work began (as found) and when it was over (as left)."""

    class Kind(models.TextChoices):
        AS_FOUND = "as_found", _("As found")
        AS_LEFT = "as_left", _("As left")

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="snapshots")
    kind = models.CharField(max_length=10, choices=Kind)
    check_run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, null=True, related_name="+")
    values = models.JSONField()
    digest = models.CharField(max_length=64)
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["taken_at"]
        constraints = [models.UniqueConstraint(fields=["change", "kind"], name="changes_snapshot_once")]

    def __str__(self) -> str:
        return f"{self.change.reference} {self.get_kind_display()}"
