"""Live systems of the plant, what may be read from them, and the reading itself."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Location, Zone
from fieldlink.spec import PROTOCOLS
from plantgov.audit.models import Governed
from plantgov.core.scope import ScopedManager
from plantgov.people.models import User
from plantgov.workspace.models import Leased


class NetworkRule(Governed):
    """Addresses of a site that may be read. Nothing is read outside them; two persons open one."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        IN_FORCE = "in_force", _("In force")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    scope_location = "site_id"

    site = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="network_rules", verbose_name=_("site")
    )
    cidr = models.CharField(_("network"), max_length=50, help_text=_("Such as 10.20.0.0/24"))
    ports = ArrayField(models.PositiveIntegerField(), verbose_name=_("ports"), default=list, blank=True)
    protocols = ArrayField(
        models.CharField(max_length=10), verbose_name=_("protocols"), default=list, blank=True
    )
    reason = models.TextField(_("reason"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ScopedManager()

    class Meta:
        ordering = ["site", "cidr"]
        permissions = [("confirm_networkrule", "Confirm a network that somebody else proposed")]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("proposed_by")),
                name="operations_rule_two_accounts",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force") | Q(confirmed_by__isnull=False),
                name="operations_rule_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cidr} at {self.site.name}"

    def scope_location_ids(self) -> list[int]:
        """The site."""
        return [self.site_id]


class Endpoint(Governed):
    """A reachable system of the plant with its protocol and how it proves itself."""

    class Protocol(models.TextChoices):
        OPCUA = "opcua", "OPC UA"
        MODBUS = "modbus", "Modbus TCP"
        MQTT = "mqtt", "MQTT"
        HTTP = "http", "HTTP"

    scope_location = "location_id"

    name = models.CharField(_("name"), max_length=150)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="endpoints")
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="endpoints"
    )
    protocol = models.CharField(_("protocol"), max_length=10, choices=Protocol)
    url = models.CharField(_("address"), max_length=300)
    security = models.JSONField(_("security"), default=dict, blank=True)
    credential_ref = models.CharField(
        _("credential"),
        max_length=200,
        blank=True,
        help_text=_("Where the worker finds it: env:NAME or file:/path."),
    )
    timeout_s = models.FloatField(
        _("time limit in seconds"), default=3, validators=[MinValueValidator(0.2), MaxValueValidator(60)]
    )
    is_enabled = models.BooleanField(_("may be read"), default=True)
    accepted_identity = models.JSONField(default=dict, blank=True)

    objects = ScopedManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["location", "name"], name="operations_endpoint_name_once"),
            models.CheckConstraint(condition=Q(protocol__in=PROTOCOLS), name="operations_endpoint_protocol"),
        ]

    def __str__(self) -> str:
        return self.name

    def scope_location_ids(self) -> list[int]:
        """Where it stands."""
        return [self.location_id]


class Signal(Governed):
    """One addressable value of an endpoint, and which property of which asset it tells."""

    scope_location = "asset__location_id"
    scope_asset = "asset_id"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="signals")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="signals")
    key = models.SlugField(_("property"), max_length=60)
    name = models.CharField(_("name"), max_length=150, blank=True)
    address = models.CharField(_("address"), max_length=300)
    datatype = models.CharField(_("data type"), max_length=30, blank=True)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    scale = models.DecimalField(_("scale"), max_digits=18, decimal_places=9, default=1)
    offset = models.DecimalField(_("offset"), max_digits=18, decimal_places=9, default=0)

    objects = ScopedManager()

    class Meta:
        ordering = ["asset", "key"]
        constraints = [models.UniqueConstraint(fields=["asset", "key"], name="operations_signal_key_once")]

    def __str__(self) -> str:
        return f"{self.asset.tag} {self.name or self.key}"

    def scope_location_ids(self) -> list[int]:
        """Where the asset stands."""
        return [self.asset.location_id]


class ReadingStop(Governed):
    """A switch thrown by a person: nothing is read from this zone or asset until it is lifted."""

    scope_location = None

    zone = models.ForeignKey(
        Zone, on_delete=models.PROTECT, null=True, blank=True, related_name="reading_stops"
    )
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, null=True, blank=True, related_name="reading_stops"
    )
    reason = models.TextField(_("reason"))
    stopped_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ScopedManager()

    class Meta:
        ordering = ["-stopped_at"]
        permissions = [("stop_reading", "Stop and resume reading from a zone or an asset")]
        constraints = [
            models.CheckConstraint(
                condition=Q(zone=None, asset__isnull=False) | Q(zone__isnull=False, asset=None),
                name="operations_stop_one_target",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="operations_stop_lifted_pair",
            ),
            models.UniqueConstraint(
                fields=["zone"], condition=Q(lifted_at=None), name="operations_stop_zone_once"
            ),
            models.UniqueConstraint(
                fields=["asset"], condition=Q(lifted_at=None), name="operations_stop_asset_once"
            ),
        ]

    def __str__(self) -> str:
        return f"no reading from {self.zone or self.asset}"

    def scope_location_ids(self) -> list[int]:
        """The site of the zone, or the place of the asset."""
        return [self.asset.location_id] if self.asset else [self.zone.site_id]  # type: ignore[union-attr]


class ProbeRun(Leased):
    """One reading of the plant: what is asked, who works on it, and what came back."""

    governed = "a queue row with measurements; the gate that uses it is governed and repeats what counts"
    scope_array = "location_ids"

    purpose = models.CharField(max_length=100)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    plans = models.JSONField()
    refused = models.JSONField(default=list)
    results = models.JSONField(default=list)
    deadline_s = models.FloatField(default=10)
    wake_task = models.CharField(max_length=100, blank=True)
    wake_uid = models.UUIDField(null=True)
    location_ids = ArrayField(models.BigIntegerField(), default=list)

    objects = ScopedManager()

    class Meta:
        ordering = ["-requested_at"]
        permissions = [("run_probe", "Read live values from the plant")]
        indexes = [GinIndex(fields=["location_ids"], name="operations_run_location")]

    def __str__(self) -> str:
        return self.purpose

    def scope_location_ids(self) -> list[int]:
        """The places of everything asked."""
        return list(self.location_ids)

    @property
    def point_count(self) -> int:
        """How many values were asked for."""
        asked: list[dict[str, Any]] = self.plans
        return sum(len(probe["points"]) for plan in asked for probe in plan["probes"]) + len(self.refused)
