"""Who answers for a thing."""

from typing import Any, Self

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from assets.states import OwnerRole
from plantgov.audit.models import Governed
from plantgov.core import slots
from plantgov.core.scope import ScopedQuerySet, scope_of
from plantgov.people.models import Person, Team


class Period(Func):
    """A half-open range of time."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class OwnershipQuerySet(ScopedQuerySet):
    """Owners are seen by whoever sees the thing."""

    def visible_to(self, user: Any, verb: str = "view") -> Self:
        """The ownerships of things in the user's view."""
        if scope_of(user, "assets.view_ownership").everything:
            return self.all()
        within = Q(pk__in=[])
        for kind in slots.ownable:
            things = apps.get_model(kind.key)._default_manager
            within |= Q(thing_kind=kind.key, thing_uid__in=things.visible_to(user, verb).values("uid"))  # type: ignore[attr-defined]
        return self.filter(within)


class Ownership(Governed):
    """What a person or a team is to a thing, from a moment until another."""

    Role = OwnerRole

    thing_kind = models.CharField(max_length=100)
    thing_uid = models.UUIDField()
    role = models.CharField(_("role"), max_length=20, choices=OwnerRole)
    discipline = models.CharField(_("discipline"), max_length=60, blank=True)
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ownerships",
        verbose_name=_("person"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ownerships",
        verbose_name=_("team"),
    )
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = models.Manager.from_queryset(OwnershipQuerySet)()

    class Meta:
        ordering = ["from_at"]
        default_permissions = ("view",)
        permissions = [("assign_ownership", "Say who answers for a thing")]
        indexes = [models.Index(fields=["thing_uid", "role"], name="assets_ownership_of_thing")]
        constraints = [
            ExclusionConstraint(
                name="assets_one_accountable",
                expressions=[
                    ("thing_uid", RangeOperators.EQUAL),
                    (Period("from_at", "until_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(role="accountable"),
                violation_error_message=_("Somebody else is accountable in that time."),
            ),
            models.CheckConstraint(
                condition=Q(person=None, team__isnull=False) | Q(person__isnull=False, team=None),
                name="assets_ownership_one_party",
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gte=F("from_at")),
                name="assets_ownership_forward",
                violation_error_message=_("The end lies before the beginning."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner}, {self.get_role_display()}"

    @property
    def owner(self) -> Person | Team:
        """The person or the team."""
        return self.person or self.team  # type: ignore[return-value]

    @property
    def thing(self) -> Any:
        """What is owned."""
        return apps.get_model(self.thing_kind)._default_manager.filter(uid=self.thing_uid).first()

    def scope_location_ids(self) -> list[int]:
        """The places of the thing."""
        thing = self.thing
        return thing.scope_location_ids() if thing else []
