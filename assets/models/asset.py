"""The things in the register, how they bear on each other, and what was last seen of them."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from assets.models.place import Location, Zone
from assets.states import AssetType, Criticality, PurdueLevel, RelationKind, Status
from plantgov.audit.models import Governed
from plantgov.core.scope import Scope, ScopedManager, ScopedQuerySet

TAG = r"^[^/\\\r\n\t]+\Z"


class Asset(Governed):
    """A thing in the register, named by a tag that is unique in its site."""

    Type, Status, Criticality = AssetType, Status, Criticality
    scope_location = "location_id"
    scope_asset = "id"

    tag = models.CharField(
        _("tag"),
        max_length=60,
        validators=[RegexValidator(TAG, _("A tag holds no slash and no line break."))],
    )
    site = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("site"), editable=False
    )
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="assets", verbose_name=_("location")
    )
    zone = models.ForeignKey(
        Zone,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="assets",
        verbose_name=_("zone"),
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        verbose_name=_("part of"),
    )
    name = models.CharField(_("name"), max_length=150)
    asset_type = models.CharField(_("type"), max_length=20, choices=AssetType)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.IN_SERVICE)
    criticality = models.CharField(
        _("criticality"), max_length=10, choices=Criticality, default=Criticality.MEDIUM
    )
    safety_related = models.BooleanField(_("safety-related"), default=False)
    purdue_level = models.CharField(_("Purdue level"), max_length=3, choices=PurdueLevel, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=100, blank=True)
    firmware_version = models.CharField(_("firmware"), max_length=60, blank=True)
    description = models.TextField(_("notes"), blank=True)
    attributes = models.JSONField(_("further attributes"), default=dict, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["tag"]
        default_permissions = ("view", "add", "change")
        indexes = [
            models.Index(fields=["location", "tag"], name="assets_asset_of_location"),
            GinIndex(
                OpClass(Upper("tag"), name="gin_trgm_ops"),
                OpClass(Upper("name"), name="gin_trgm_ops"),
                OpClass(Upper("serial_number"), name="gin_trgm_ops"),
                name="assets_asset_text",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "tag"],
                name="assets_asset_tag_once",
                violation_error_message=_("This site already has an asset with this tag."),
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="assets_asset_status"),
            models.CheckConstraint(condition=~Q(tag=""), name="assets_asset_has_tag"),
        ]

    def __str__(self) -> str:
        return self.tag

    def scope_location_ids(self) -> list[int]:
        """Where it stands."""
        return [self.location_id]

    @property
    def scope_asset_id(self) -> int:
        """Itself, for rights on single assets."""
        return self.pk


class RelationQuerySet(ScopedQuerySet):
    """Seen from either end, acted on from the source."""

    def _within(self, scope: Scope, verb: str) -> Q:
        places, single = sorted(scope.location_ids), sorted(scope.asset_ids)
        source = Q(source__location__in=places) | Q(source__in=single)
        return source | Q(target__location__in=places) | Q(target__in=single) if verb == "view" else source


class Relation(Governed):
    """One asset bears on another."""

    scope_location = "source__location_id"
    scope_asset = "source_id"

    Kind = RelationKind
    kind = models.CharField(_("relation"), max_length=20, choices=RelationKind)
    source = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="relations_out", verbose_name=_("from")
    )
    target = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="relations_in", verbose_name=_("to")
    )
    note = models.CharField(_("note"), max_length=250, blank=True)

    objects = models.Manager.from_queryset(RelationQuerySet)()

    class Meta:
        ordering = ["source__tag", "kind", "target__tag"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind", "target"],
                name="assets_relation_once",
                violation_error_message=_("This relation is already in the register."),
            ),
            models.CheckConstraint(
                condition=~Q(source=F("target")),
                name="assets_relation_not_to_itself",
                violation_error_message=_("An asset can't be related to itself."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source.tag} {self.get_kind_display()} {self.target.tag}"

    def scope_location_ids(self) -> list[int]:
        """Where its source stands."""
        return [self.source.location_id]

    @property
    def scope_asset_id(self) -> int:
        """Its source, for rights on single assets."""
        return self.source_id


class Observation(models.Model):
    """The latest that was read of an asset. `values` maps a signal's key to its value and time."""

    governed = "measurements, replaced with every reading; nothing is decided on them"
    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, related_name="observation")
    firmware = models.CharField(max_length=200, blank=True)
    program_fingerprint = models.CharField(max_length=200, blank=True)
    values: Any = models.JSONField(default=dict)
    read_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.asset.tag} as last read"
