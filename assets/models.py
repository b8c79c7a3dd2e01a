"""The register: places, zones, assets, who owns them, what was approved for them and what stops them."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from assets.states import ASSET_TYPES, STATUS_CHOICES
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager
from plantgov.people.models import Person, Signature, Team, User


class Span(Func):
    """The half-open time range between two columns; an open end has no bound."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Location(Governed):
    """A node of the role-based equipment hierarchy (IEC 62264-1, clause 5)."""

    class Kind(models.TextChoices):
        ENTERPRISE = "enterprise", _("Enterprise")
        SITE = "site", _("Site")
        AREA = "area", _("Area")
        WORK_CENTER = "work_center", _("Work center")
        WORK_UNIT = "work_unit", _("Work unit")

    class Profile(models.TextChoices):
        INHERIT = "", _("As above")
        SMALL = "small", _("Small: two persons suffice")
        STANDARD = "standard", _("Standard")
        REGULATED = "regulated", _("Regulated")

    class Mode(models.TextChoices):
        INHERIT = "", _("As above")
        OBSERVE = "observe", _("Observe: gates show and do not block")
        ENFORCE = "enforce", _("Enforce: gates block")

    scope_location = "id"

    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), max_length=60)
    path = ArrayField(models.BigIntegerField(), default=list, editable=False)
    zone_name = models.CharField(_("time zone"), max_length=60, blank=True)
    profile = models.CharField(_("profile"), max_length=12, choices=Profile, blank=True)
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(fields=["path"], name="assets_location_path")]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], name="assets_location_name_once", nulls_distinct=False
            ),
            models.UniqueConstraint(fields=["slug"], condition=Q(kind="site"), name="assets_site_slug_once"),
            models.CheckConstraint(
                condition=Q(kind="enterprise", parent=None) | ~Q(kind="enterprise") & Q(parent__isnull=False),
                name="assets_location_only_enterprise_on_top",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """Itself."""
        return [self.pk] if self.pk else [self.parent_id] if self.parent_id else []

    @property
    def site(self) -> "Location | None":
        """The nearest site at or above this place."""
        if self.kind == self.Kind.SITE:
            return self
        return Location.objects.filter(pk__in=self.path, kind=self.Kind.SITE).first()


class Zone(Governed):
    """A security zone (IEC 62443-1-1): assets of one site with the same security needs."""

    scope_location = "site_id"

    site = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="zones", verbose_name=_("site"))
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["site", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="assets_zone_name_once")]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """Its site."""
        return [self.site_id]


class Asset(Governed):
    """A thing in the register."""

    class Criticality(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    scope_location = "location_id"
    scope_asset = "id"

    site = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", verbose_name=_("site"))
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="assets", verbose_name=_("location")
    )
    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="assets", verbose_name=_("zone")
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="parts",
        verbose_name=_("part of"),
    )
    tag = models.CharField(_("tag"), max_length=60)
    name = models.CharField(_("name"), max_length=150)
    asset_type = models.CharField(_("type"), max_length=30, choices=ASSET_TYPES)
    status = models.CharField(_("status"), max_length=20, choices=STATUS_CHOICES, default="in_service")
    criticality = models.CharField(
        _("criticality"), max_length=10, choices=Criticality, default=Criticality.MEDIUM
    )
    safety_related = models.BooleanField(_("safety-related"), default=False)
    purdue_level = models.CharField(_("Purdue level"), max_length=3, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=100, blank=True)
    model = models.CharField(_("model"), max_length=100, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=100, blank=True)
    firmware_version = models.CharField(_("firmware"), max_length=60, blank=True)
    description = models.TextField(_("description"), blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["tag"]
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
            models.UniqueConstraint(fields=["site", "tag"], name="assets_tag_once_in_site"),
            models.CheckConstraint(
                condition=Q(status__in=[k for k, _l in STATUS_CHOICES]), name="assets_status"
            ),
        ]

    def __str__(self) -> str:
        return self.tag

    def scope_location_ids(self) -> list[int]:
        """Where it stands."""
        return [self.location_id]

    @property
    def scope_asset_id(self) -> int:
        """Its id, for grants on single assets."""
        return self.pk


class Relation(Governed):
    """How one asset hangs on another."""

    class Kind(models.TextChoices):
        CONTROLS = "controls", _("controls")
        DEPENDS_ON = "depends_on", _("depends on")
        FEEDS = "feeds", _("feeds")
        POWERS = "powers", _("powers")
        COMMUNICATES_WITH = "communicates_with", _("communicates with")
        BACKS_UP = "backs_up", _("backs up")
        REDUNDANT_WITH = "redundant_with", _("is redundant with")

    scope_location = "source__location_id"

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    source = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="relations_out")
    target = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="relations_in")

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "source", "target"], name="assets_relation_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="assets_relation_two_assets"),
        ]

    def __str__(self) -> str:
        return f"{self.source.tag} {self.get_kind_display()} {self.target.tag}"

    def scope_location_ids(self) -> list[int]:
        """Both ends."""
        return sorted({self.source.location_id, self.target.location_id})


class Ownership(Governed):
    """Who answers for a thing, from when until when."""

    class Role(models.TextChoices):
        ACCOUNTABLE = "accountable", _("Accountable")
        RESPONSIBLE = "responsible", _("Responsible")
        DEPUTY = "deputy", _("Deputy")
        CONSULTED = "consulted", _("Consulted")
        INFORMED = "informed", _("Informed")

    class Discipline(models.TextChoices):
        NONE = "", _("All")
        OPERATIONS = "operations", _("Operations")
        OT = "ot", _("OT")
        IT = "it", _("IT")
        SAFETY = "safety", _("Safety")
        MAINTENANCE = "maintenance", _("Maintenance")
        QUALITY = "quality", _("Quality")

    scope_array = "location_ids"

    thing_kind = models.CharField(max_length=60)
    thing_uid = models.UUIDField(db_index=True)
    thing_label = models.CharField(max_length=200)
    role = models.CharField(_("role"), max_length=12, choices=Role)
    discipline = models.CharField(_("discipline"), max_length=12, choices=Discipline, blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="owns")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="owns")
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True, blank=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["thing_label", "role"]
        permissions = [("assign_ownership", "Say who owns a thing")]
        indexes = [GinIndex(fields=["location_ids"], name="assets_ownership_location")]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, team=None) | Q(person=None, team__isnull=False),
                name="assets_ownership_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(until_at=None) | Q(until_at__gte=F("from_at")), name="assets_ownership_forward"
            ),
            ExclusionConstraint(
                name="assets_one_accountable",
                expressions=[
                    ("thing_uid", RangeOperators.EQUAL),
                    (Span("from_at", "until_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(role="accountable"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.get_role_display()} {self.thing_label}"

    @property
    def owner(self) -> Person | Team:
        """The person or the team."""
        owner: Any = self.person or self.team
        return owner

    def scope_location_ids(self) -> list[int]:
        """The places of the thing."""
        return list(self.location_ids)


class Baseline(Governed):
    """The approved configuration of an asset, in versions; the newest current one counts."""

    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="baselines")
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    firmware = models.CharField(_("firmware"), max_length=60, blank=True)
    program_name = models.CharField(_("program"), max_length=150, blank=True)
    program_fingerprint = models.CharField(_("content fingerprint"), max_length=128, blank=True)
    change_counter = models.CharField(_("change counter"), max_length=64, blank=True)
    details = models.JSONField(default=dict, blank=True)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="+")
    change_uid = models.UUIDField(null=True)
    change_reference = models.CharField(max_length=30, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["asset", "-version"]
        permissions = [("adopt_baseline", "Adopt a configuration as the approved one")]
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


class Hold(Governed):
    """A stop on an asset or a place: no work may start there until it is lifted or runs out."""

    scope_array = "location_ids"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="holds")
    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, null=True, blank=True, related_name="holds"
    )
    reason = models.TextField(_("reason"))
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("ends by itself"), null=True, blank=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(blank=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["-placed_at"]
        permissions = [("place_hold", "Place a hold"), ("lift_hold", "Lift a hold")]
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=False, location=None) | Q(asset=None, location__isnull=False),
                name="assets_hold_one_target",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="assets_hold_lifted_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"hold on {self.asset or self.location}"

    def scope_location_ids(self) -> list[int]:
        """The place it stops."""
        return list(self.location_ids)


class Authorisation(Governed):
    """The permission of a running change to alter an asset. One at a time."""

    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="authorisations")
    change_uid = models.UUIDField(db_index=True)
    change_reference = models.CharField(max_length=30)
    from_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["-from_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(ended_at=None), name="assets_one_authorisation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_reference} may alter {self.asset.tag}"

    def scope_location_ids(self) -> list[int]:
        """Where the asset stands."""
        return [self.asset.location_id]


class Observation(models.Model):
    """What was last read of an asset: identity, firmware, fingerprint."""

    governed = "the latest measurement; decisions that rest on one repeat it"

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, related_name="observation")
    values = models.JSONField(default=dict)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.asset.tag} as read"


class Import(Governed):
    """A file brought into the register: what it would change, and what it did."""

    class State(models.TextChoices):
        CHECKED = "checked", _("Checked")
        REFUSED = "refused", _("Has errors")
        APPLIED = "applied", _("Applied")
        DISCARDED = "discarded", _("Discarded")

    scope_location = None

    kind = models.CharField(max_length=30)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State)
    report = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)

    ledger_hidden = ("content", "report")
    objects = ScopedManager()

    class Meta:
        ordering = ["-uploaded_at"]
        permissions = [("import_register", "Import a register file")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.kind})"
