"""Where things stand: the equipment hierarchy and the security zones."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assets.states import LocationKind, Mode, Profile
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager


class Location(Governed):
    """A node of the plant's role-based equipment hierarchy.

    `path` holds the ids of all ancestors from the root down and its own; `site` is the nearest site, itself
    for a site, none for the enterprise. Both are kept by the service under one advisory lock.
    """

    Kind, Profile, Mode = LocationKind, Profile, Mode
    scope_location = "id"

    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("part of"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=LocationKind)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), max_length=60)
    site = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("site"),
        editable=False,
    )
    path = ArrayField(models.BigIntegerField(), editable=False)
    zone_name = models.CharField(_("time zone"), max_length=60, blank=True)
    profile = models.CharField(_("profile"), max_length=20, choices=Profile, blank=True)
    mode = models.CharField(_("mode"), max_length=20, choices=Mode, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]
        default_permissions = ("view", "add", "change")
        permissions = [("set_regime", "Set profile and mode of a place")]
        indexes = [GinIndex(fields=["path"], name="assets_location_path")]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                name="assets_location_name_once",
                violation_error_message=_("There is already a place with this name here."),
            ),
            models.UniqueConstraint(
                fields=["slug"],
                condition=Q(kind="site"),
                name="assets_site_slug_once",
                violation_error_message=_("Another site has this short name."),
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind="enterprise"),
                name="assets_one_enterprise",
                violation_error_message=_("There is one enterprise only, and it exists."),
            ),
            models.CheckConstraint(
                condition=Q(kind="enterprise", parent=None) | ~Q(kind="enterprise") & Q(parent__isnull=False),
                name="assets_location_root_is_enterprise",
            ),
            models.CheckConstraint(
                condition=Q(kind="enterprise", site=None)
                | Q(kind="site", site=F("id"))
                | ~Q(kind__in=["enterprise", "site"]) & Q(site__isnull=False),
                name="assets_location_site_matches_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """Itself."""
        return [self.pk] if self.pk else []

    @property
    def depth(self) -> int:
        """How far below the root it stands."""
        return len(self.path) - 1


class Zone(Governed):
    """A security zone of a site (IEC 62443)."""

    scope_location = "site_id"

    name = models.CharField(_("name"), max_length=150)
    site = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="zones", verbose_name=_("site"))
    description = models.CharField(_("description"), max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["site__name", "name"]
        default_permissions = ("view", "add", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["site", "name"],
                name="assets_zone_name_once",
                violation_error_message=_("This site already has a zone with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """Its site."""
        return [self.site_id]
