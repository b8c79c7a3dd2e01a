"""Roles, grants, the rows that are enforced, and API tokens."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from assets.models import Asset, Location
from plantgov.audit.models import Governed
from plantgov.core.scope import Scope, ScopedManager, ScopedQuerySet
from plantgov.people.models import Person, Team, User

FAR_FUTURE = datetime(9999, 12, 31, tzinfo=UTC)  # enforced rows need an end; this one means: open


class Role(Governed):
    """A named bundle of permissions."""

    class Risk(models.TextChoices):
        NORMAL = "normal", _("Normal")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    scope_location = None

    key = models.SlugField(_("key"), max_length=40, unique=True)
    title = models.CharField(_("title"), max_length=100)
    sentence = models.CharField(_("what it is for"), max_length=250)
    permissions = ArrayField(models.CharField(max_length=100), verbose_name=_("permissions"))
    risk = models.CharField(_("risk"), max_length=10, choices=Risk, default=Risk.NORMAL)
    max_days = models.PositiveIntegerField(_("most days at a time"), default=0)
    version = models.PositiveIntegerField(default=1)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["title"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.title


class GrantQuerySet(ScopedQuerySet):
    """Grants lie where their place lies, or where their asset stands now."""

    def _within(self, scope: Scope, verb: str) -> Q:
        places, single = sorted(scope.location_ids), sorted(scope.asset_ids)
        return Q(location__in=places) | Q(asset__location__in=places) | Q(asset__in=single)


class Grant(Governed):
    """A role given to somebody on a place or an asset, for a time and a reason: the ledger of access."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("Given by a person")
        CHANGE = "change", _("Given by a change")
        INSTALLATION = "installation", _("Given at installation")

    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="grants"
    )
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="grants")
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True, blank=True)
    reason = models.TextField(_("reason"))
    source = models.CharField(max_length=15, choices=Source, default=Source.MANUAL)
    change_uid = models.UUIDField(null=True, blank=True, db_index=True)
    change_reference = models.CharField(max_length=30, blank=True)
    sponsor = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="sponsored"
    )
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    revoke_reason = models.TextField(blank=True)

    objects = models.Manager.from_queryset(GrantQuerySet)()

    class Meta:
        ordering = ["-from_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("give_grant", "Give a role to somebody"), ("revoke_grant", "Take a role away")]
        indexes = [models.Index(fields=["until_at"], name="access_grant_until")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team=None) | Q(user=None, team__isnull=False),
                name="access_grant_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(location__isnull=False, asset=None) | Q(location=None, asset__isnull=False),
                name="access_grant_one_place",
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gt=F("from_at")),
                name="access_grant_forward",
                violation_error_message=_("It has to end after it begins."),
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoke_reason="")
                | Q(revoked_at__isnull=False) & ~Q(revoke_reason=""),
                name="access_grant_revoked_with_reason",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="access_grant_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.holder} on {self.place}"

    def scope_location_ids(self) -> list[int]:
        """The place it is for, or where its asset stands."""
        return self.place.scope_location_ids()

    @property
    def scope_asset_id(self) -> int | None:
        """The asset it is for, for rights on single assets."""
        return self.asset_id

    @property
    def holder(self) -> User | Team:
        """Who has the role."""
        return self.user or self.team  # type: ignore[return-value]  # a constraint says one of them

    @property
    def place(self) -> Location | Asset:
        """Where the role counts."""
        return self.location or self.asset  # type: ignore[return-value]  # a constraint says one of them

    def state(self, at: datetime) -> str:
        """`revoked`, `expired`, `scheduled` or `active` at an instant."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return "revoked"
        if self.until_at is not None and self.until_at <= at:
            return "expired"
        return "scheduled" if self.from_at > at else "active"


class _Windowed(models.Model):
    """A row that counts from an instant until another; what grants are compiled into."""

    governed = "compiled from a grant in the same transaction; the grant is governed"

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"from {self.grant}"


class _AnyPermission:
    """Permissions live on their own models (`changes.approve_change`), also when given on a place."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save without guardian's demand that permission and object share a content type."""
        models.Model.save(self, *args, **kwargs)  # type: ignore[arg-type]


class LocationUserPermission(_AnyPermission, _Windowed, UserObjectPermissionBase):
    """An account's permission on a place and everything below it."""

    content_object = models.ForeignKey(Location, on_delete=models.CASCADE)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        unique_together = ("user", "permission", "content_object", "grant")
        indexes = [models.Index(fields=["user", "permission", "until_at"], name="access_location_user")]


class LocationGroupPermission(_AnyPermission, _Windowed, GroupObjectPermissionBase):
    """A team's permission on a place and everything below it."""

    content_object = models.ForeignKey(Location, on_delete=models.CASCADE)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        unique_together = ("group", "permission", "content_object", "grant")
        indexes = [models.Index(fields=["group", "permission", "until_at"], name="access_location_group")]


class AssetUserPermission(_AnyPermission, _Windowed, UserObjectPermissionBase):
    """An account's permission on a single asset."""

    content_object = models.ForeignKey(Asset, on_delete=models.CASCADE)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        unique_together = ("user", "permission", "content_object", "grant")
        indexes = [models.Index(fields=["user", "permission", "until_at"], name="access_asset_user")]


class AssetGroupPermission(_AnyPermission, _Windowed, GroupObjectPermissionBase):
    """A team's permission on a single asset."""

    content_object = models.ForeignKey(Asset, on_delete=models.CASCADE)
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        unique_together = ("group", "permission", "content_object", "grant")
        indexes = [models.Index(fields=["group", "permission", "until_at"], name="access_asset_group")]


class ApiToken(Governed):
    """A bearer token: never more than its owner, often less. Only its hash is kept."""

    ledger_hidden = ("digest",)
    ledger_ignored = ("last_used_at",)

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    permissions = ArrayField(models.CharField(max_length=100), verbose_name=_("permissions"), default=list)
    location = models.ForeignKey(
        Location,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("location"),
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-created_at"]
        default_permissions = ()
        permissions = [("manage_token", "Manage the tokens of service accounts")]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="access_token_forward")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def state(self, at: datetime) -> str:
        """`revoked`, `expired` or `active` at an instant."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= at else "active"
