"""What is approved, what is stopped, and what may be altered."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assets.models.asset import Asset
from assets.models.place import Location
from plantgov.audit.models import Governed
from plantgov.core.scope import Scope, ScopedManager, ScopedQuerySet
from plantgov.people.models import Signature, User


class Baseline(Governed):
    """The approved configuration of an asset: firmware, content fingerprint of the program, settings."""

    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="baselines")
    version = models.PositiveIntegerField(_("version"))
    firmware = models.CharField(_("firmware"), max_length=200, blank=True)
    program_name = models.CharField(_("program"), max_length=200, blank=True)
    program_fingerprint = models.CharField(_("content fingerprint"), max_length=200, blank=True)
    change_counter = models.CharField(_("change counter"), max_length=60, blank=True)
    details = models.JSONField(_("details"), default=dict, blank=True)
    approved_at = models.DateTimeField(_("approved at"))
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signature = models.ForeignKey(
        Signature, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    change_uid = models.UUIDField(null=True, blank=True)
    change_reference = models.CharField(_("change"), max_length=30, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    is_current = models.BooleanField(_("in force"), default=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-version"]
        default_permissions = ("view",)
        permissions = [("adopt_baseline", "Adopt a baseline without a change")]
        constraints = [
            models.UniqueConstraint(fields=["asset", "version"], name="assets_baseline_version_once"),
            models.UniqueConstraint(
                fields=["asset"], condition=Q(is_current=True), name="assets_baseline_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset.tag} baseline {self.version}"

    def scope_location_ids(self) -> list[int]:
        """Where the asset stands."""
        return [self.asset.location_id]

    @property
    def scope_asset_id(self) -> int:
        """Its asset, for rights on single assets."""
        return self.asset_id


class HoldQuerySet(ScopedQuerySet):
    """Holds of places and of assets."""

    def _within(self, scope: Scope, verb: str) -> Q:
        places = sorted(scope.location_ids)
        single = Q(asset__in=sorted(scope.asset_ids))
        return Q(location__in=places) | Q(asset__location__in=places) | single

    def in_force(self, at: datetime) -> "HoldQuerySet":
        """Those neither lifted nor run out at `at`."""
        begun = self.filter(placed_at__lte=at, lifted_at=None)
        return begun.filter(Q(expires_at=None) | Q(expires_at__gt=at))


class Hold(Governed):
    """A stop on an asset, or on a place and everything in it: nothing is altered there until it is lifted."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="holds"
    )
    reason = models.TextField(_("reason"))
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(_("placed at"))
    expires_at = models.DateTimeField(_("runs out at"), null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lift_reason = models.TextField(_("why it was lifted"), blank=True)

    objects = models.Manager.from_queryset(HoldQuerySet)()

    class Meta:
        ordering = ["-placed_at"]
        default_permissions = ("view",)
        permissions = [("place_hold", "Place a hold"), ("lift_hold", "Lift a hold")]
        constraints = [
            models.CheckConstraint(
                condition=Q(asset=None, location__isnull=False) | Q(asset__isnull=False, location=None),
                name="assets_hold_one_target",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="assets_hold_lifted_pair",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("placed_at")),
                name="assets_hold_forward",
                violation_error_message=_("A hold can't run out before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"Hold on {self.asset.tag if self.asset else self.location}"

    @property
    def target(self) -> Asset | Location | None:
        """What is stopped."""
        return self.asset or self.location

    def scope_location_ids(self) -> list[int]:
        """The place, or where the asset stands."""
        if self.asset:
            return [self.asset.location_id]
        return [self.location_id] if self.location_id else []

    @property
    def scope_asset_id(self) -> int | None:
        """Its asset, for rights on single assets."""
        return self.asset_id


class Authorisation(Governed):
    """The permission of one running change to alter an asset. It ends when the change says so."""

    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="authorisations")
    change_uid = models.UUIDField(db_index=True)
    change_reference = models.CharField(_("change"), max_length=30)
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("planned until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-from_at"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(ended_at=None), name="assets_authorisation_one_active"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("from_at")),
                name="assets_authorisation_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_reference} on {self.asset.tag}"

    def scope_location_ids(self) -> list[int]:
        """Where the asset stands."""
        return [self.asset.location_id]

    @property
    def scope_asset_id(self) -> int:
        """Its asset, for rights on single assets."""
        return self.asset_id
