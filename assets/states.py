"""Words of the register and the life of an asset, as data."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LocationKind(models.TextChoices):
    """Levels of the role-based equipment hierarchy (IEC 62264), from the top down."""

    ENTERPRISE = "enterprise", _("Enterprise")
    SITE = "site", _("Site")
    AREA = "area", _("Area")
    WORK_CENTER = "work_center", _("Work center")
    WORK_UNIT = "work_unit", _("Work unit")


LEVELS = list(LocationKind)


class Profile(models.TextChoices):
    """How strict the rules of change are at a place; blank inherits."""

    SMALL = "small", _("Small")
    STANDARD = "standard", _("Standard")
    REGULATED = "regulated", _("Regulated")


class Mode(models.TextChoices):
    """Whether a shut gate blocks at a place or only says what it would have done; blank inherits."""

    OBSERVE = "observe", _("Observe")
    ENFORCE = "enforce", _("Enforce")


DEFAULT_PROFILE = Profile.STANDARD
DEFAULT_MODE = Mode.ENFORCE


class AssetType(models.TextChoices):
    """What an asset is."""

    PLC = "plc", _("PLC")
    PAC = "pac", _("PAC")
    SAFETY_CONTROLLER = "safety_controller", _("Safety controller")
    RTU = "rtu", _("RTU")
    DCS_CONTROLLER = "dcs_controller", _("DCS controller")
    IED = "ied", _("IED")
    ROBOT = "robot", _("Robot")
    DRIVE = "drive", _("Drive")
    HMI = "hmi", _("HMI")
    SCADA = "scada", _("SCADA")
    HISTORIAN = "historian", _("Historian")
    EWS = "ews", _("Engineering workstation")
    SERVER = "server", _("Server")
    SENSOR = "sensor", _("Sensor")
    ACTUATOR = "actuator", _("Actuator")
    METER = "meter", _("Meter")
    GATEWAY = "gateway", _("Gateway")
    SWITCH = "switch", _("Network switch")
    FIREWALL = "firewall", _("Firewall")
    MACHINE = "machine", _("Machine")
    OTHER = "other", _("Other")


class Criticality(models.TextChoices):
    """How much hangs on an asset."""

    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class Status(models.TextChoices):
    """Where an asset is in its life."""

    PLANNED = "planned", _("Planned")
    IN_SERVICE = "in_service", _("In service")
    OUT_OF_SERVICE = "out_of_service", _("Out of service")
    RETIRED = "retired", _("Retired")


TRANSITIONS: dict[Status, tuple[Status, ...]] = {
    Status.PLANNED: (Status.IN_SERVICE, Status.RETIRED),
    Status.IN_SERVICE: (Status.OUT_OF_SERVICE, Status.RETIRED),
    Status.OUT_OF_SERVICE: (Status.IN_SERVICE, Status.RETIRED),
    Status.RETIRED: (),
}


class PurdueLevel(models.TextChoices):
    """The level of the Purdue reference model."""

    L0 = "0", _("0 Process")
    L1 = "1", _("1 Basic control")
    L2 = "2", _("2 Supervision")
    L3 = "3", _("3 Operations")
    L3_5 = "3.5", _("3.5 Industrial DMZ")
    L4 = "4", _("4 Business")
    L5 = "5", _("5 Enterprise")


class RelationKind(models.TextChoices):
    """How one asset bears on another."""

    CONTROLS = "controls", _("controls")
    DEPENDS_ON = "depends_on", _("depends on")
    FEEDS = "feeds", _("feeds")
    POWERS = "powers", _("powers")
    COMMUNICATES_WITH = "communicates_with", _("communicates with")
    BACKS_UP = "backs_up", _("backs up")
    REDUNDANT_WITH = "redundant_with", _("is redundant with")


# In which direction trouble spreads: from source to target, from target to source, or both ways.
FORWARD_KINDS = (RelationKind.CONTROLS, RelationKind.FEEDS, RelationKind.POWERS, RelationKind.BACKS_UP)
BACKWARD_KINDS = (RelationKind.DEPENDS_ON,)
MUTUAL_KINDS = (RelationKind.COMMUNICATES_WITH, RelationKind.REDUNDANT_WITH)


class OwnerRole(models.TextChoices):
    """What somebody is to a thing."""

    ACCOUNTABLE = "accountable", _("Accountable")
    RESPONSIBLE = "responsible", _("Responsible")
    DEPUTY = "deputy", _("Deputy")
    CONSULTED = "consulted", _("Consulted")
    INFORMED = "informed", _("Informed")


class ImportState(models.TextChoices):
    """How far an import has come."""

    INVALID = "invalid", _("Has errors")
    READY = "validated", _("Ready to apply")
    APPLIED = "applied", _("Applied")
    FAILED = "failed", _("Failed")


# Attributes of an asset that are kept and shown, and on which no rule depends.
ATTRIBUTES = {
    "hardware_revision": _("Hardware revision"),
    "os": _("Operating system"),
    "os_version": _("Version of the operating system"),
    "hostname": _("Host name"),
    "ip_addresses": _("IP addresses"),
    "mac_addresses": _("MAC addresses"),
    "vlan": _("VLAN"),
    "protocols": _("Protocols"),
    "open_ports": _("Open ports"),
    "logging": _("Logging"),
    "user_accounts": _("User accounts"),
    "physical_location": _("Physical location"),
    "escalation_contact": _("Escalation contact"),
    "install_date": _("Installed on"),
    "end_of_support": _("End of support"),
    "source": _("Source"),
    "source_id": _("Key in the source"),
}
