"""Policies as data: which approvals and checks a change needs, in versions that never change."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from changes.models.change import Change
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager


class Policy(Governed):
    """A named rule set. Every active policy that matches a change attaches to it; nobody can detach one."""

    scope_location = None

    key = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("in force"), default=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["key"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Governed):
    """What a policy says from one publication to the next; see `changes.rules.policies` for its body."""

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    body = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["policy", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="changes_policy_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.policy.name}, version {self.number}"


class PolicyAttachment(Governed):
    """A policy version that counts for one round of a change."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="attachments")
    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="attachments")
    round = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["change", "version", "round"], name="changes_policy_attached_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.change.reference}"


class Requirement(Governed):
    """How many distinct persons with which permission must approve in one stage of one round."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="requirements")
    round = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField()
    stage_name = models.CharField(max_length=100)
    label = models.CharField(max_length=100)
    permission = models.CharField(max_length=100)
    count = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["stage", "permission"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "round", "stage", "permission"], name="changes_requirement_once"
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="changes_requirement_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.stage_name}: {self.count} × {self.label}"
