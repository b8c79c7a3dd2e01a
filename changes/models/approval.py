"""Signed decisions: approvals of stages, releases of equipment."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from changes.models.change import Change
from changes.models.gate import CheckRun
from changes.models.policy import Requirement
from plantgov.audit.models import Governed
from plantgov.people.models import Person, Signature


class Approval(Governed):
    """One signed decision of one person. It is superseded by a material edit, never deleted."""

    class Decision(models.TextChoices):
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="approvals")
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="approvals")
    decision = models.CharField(max_length=10, choices=Decision)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="+")
    check_run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, null=True, related_name="+")
    comment = models.TextField(blank=True)
    decided_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)
    superseded_reason = models.CharField(max_length=250, blank=True)

    class Meta:
        ordering = ["decided_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "person"],
                condition=Q(superseded_at=None),
                name="changes_approval_once_a_person",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None, superseded_reason="")
                | Q(superseded_at__isnull=False) & ~Q(superseded_reason=""),
                name="changes_approval_superseded_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_decision_display()} {self.change.reference}"


class Release(Governed):
    """The signed statement that the equipment is released for this work, good for a short while."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="releases")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, related_name="+")
    check_run = models.ForeignKey(CheckRun, on_delete=models.PROTECT, null=True, related_name="+")
    content_digest = models.CharField(max_length=64)
    released_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-released_at"]

    def __str__(self) -> str:
        return f"{self.person} released {self.change.reference}"
