"""A change, the assets it covers, its steps and the persons in it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Location
from changes.states import PERMISSIONS, ROLE_LABELS, Outcome, Role, State
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager
from plantgov.people.models import Person, User


class Change(Governed):
    """A change request: what is altered, why, when, and how to get back."""

    class Kind(models.TextChoices):
        NORMAL = "normal", _("Normal")

    class Risk(models.TextChoices):
        UNKNOWN = "", _("Not rated yet")
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    scope_array = "location_ids"

    reference = models.CharField(_("reference"), max_length=30, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.NORMAL)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.DRAFT)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, blank=True, default=Outcome.OPEN)
    round = models.PositiveSmallIntegerField(_("round of approval"), default=1)
    is_backed_out = models.BooleanField(_("backed out"), default=False)

    title = models.CharField(_("title"), max_length=150)
    description = models.TextField(_("what changes"))
    justification = models.TextField(_("why"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="changes", verbose_name=_("site or area")
    )
    risk_answers = models.JSONField(_("risk answers"), default=dict, blank=True)
    risk = models.CharField(_("risk"), max_length=10, choices=Risk, blank=True, default=Risk.UNKNOWN)
    rollback_trigger = models.TextField(_("when to roll back"), blank=True)
    rollback_steps = models.TextField(_("how to roll back"), blank=True)
    rollback_max_min = models.PositiveIntegerField(
        _("longest time to roll back, minutes"), null=True, blank=True
    )
    rollback_backup = models.CharField(_("backup to roll back to"), max_length=250, blank=True)
    window_from = models.DateTimeField(_("window from"), null=True, blank=True)
    window_until = models.DateTimeField(_("window until"), null=True, blank=True)

    content_digest = models.CharField(max_length=64, blank=True)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(_("approved by everybody at"), null=True, blank=True)
    approvals_until = models.DateTimeField(_("approvals run out at"), null=True, blank=True)
    scheduled_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(_("next step due"), null=True, blank=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["-requested_at"]
        permissions = PERMISSIONS  # type: ignore[assignment]
        indexes = [
            models.Index(fields=["state", "window_until"], name="changes_change_by_window"),
            GinIndex(fields=["location_ids"], name="changes_change_location"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="changes_change_state"),
            models.CheckConstraint(
                condition=Q(window_from=None, window_until=None) | Q(window_until__gt=F("window_from")),
                name="changes_change_window_forward",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") & Q(outcome="") | Q(state="closed") & ~Q(outcome=""),
                name="changes_change_outcome_when_closed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "implementing"]) | Q(window_until__isnull=False),
                name="changes_change_scheduled_has_window",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def scope_location_ids(self) -> list[int]:
        """The places of its assets, and its own."""
        return list(self.location_ids) or [self.location_id]


class ChangeAsset(Governed):
    """An asset that a change covers, and what is expected of it while the change runs.

    `expected` is a list of `{"key", "phases", "value", "why"}`: the value of a signal that counts in these
    phases instead of the default rule. The key `reachable` with the value false declares a dead device.
    """

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="covered")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="in_changes")
    expected = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["asset__tag"]
        constraints = [
            models.UniqueConstraint(fields=["change", "asset"], name="changes_asset_once_in_change")
        ]

    def __str__(self) -> str:
        return f"{self.asset.tag} in {self.change.reference}"


class Step(Governed):
    """One step of the work."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(_("number"))
    text = models.CharField(_("step"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    done_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["change", "number"], name="changes_step_number_once"),
            models.CheckConstraint(
                condition=Q(state="open", done_by=None, done_at=None)
                | ~Q(state="open") & Q(done_by__isnull=False, done_at__isnull=False),
                name="changes_step_done_pair",
            ),
            models.CheckConstraint(
                condition=~Q(state="skipped") | ~Q(note=""), name="changes_step_skipped_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.text}"


class Involvement(Governed):
    """A person in a role of a change: what four eyes are counted over."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="involved")
    role = models.CharField(max_length=20, choices=[(r.value, ROLE_LABELS[r]) for r in Role])
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["from_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "role", "person"], condition=Q(until_at=None), name="changes_role_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_role_display()} of {self.change.reference}"
