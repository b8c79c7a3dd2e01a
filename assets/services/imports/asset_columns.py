"""The columns of an asset register, with the names that other tools give them."""

from django.utils.translation import gettext_lazy as _

from assets.services.imports.sheet import Column, words_for
from assets.states import ATTRIBUTES, AssetType, Criticality, PurdueLevel, Status

YES_NO = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "ja", "oui", "si"), "yes"),
    **dict.fromkeys(("no", "n", "false", "0", "nein", "non"), "no"),
}
TYPES = words_for(
    AssetType.choices,
    controller="plc",
    sps="plc",
    sis="safety_controller",
    safety="safety_controller",
    safetyplc="safety_controller",
    dcs="dcs_controller",
    operatorpanel="hmi",
    panel="hmi",
    engineeringstation="ews",
    workstation="ews",
    relay="ied",
    vfd="drive",
    inverter="drive",
    transmitter="sensor",
    valve="actuator",
    motor="actuator",
    remoteio="gateway",
    rio="gateway",
)
LEVELS = words_for(
    PurdueLevel.choices, level0="0", level1="1", level2="2", level3="3", dmz="3.5", level4="4", level5="5"
)
STATUSES = words_for(
    Status.choices,
    active="in_service",
    operational="in_service",
    running="in_service",
    inactive="out_of_service",
    spare="out_of_service",
    decommissioned="retired",
    scrapped="retired",
    new="planned",
)
CRITICALITIES = words_for(
    Criticality.choices, none="low", veryhigh="critical", major="high", minor="low", normal="medium"
)
ATTRIBUTE_SYNONYMS = {
    "hostname": ("host", "computer name", "dns name"),
    "ip_addresses": ("ip", "ip address", "ipv4", "ip 1"),
    "mac_addresses": ("mac", "mac address", "mac 1"),
    "os": ("operating system",),
    "hardware_revision": ("hardware version", "hw revision", "hw version"),
    "physical_location": ("room", "cabinet", "rack"),
    "source_id": ("correlation id", "external id", "resource id"),
    "protocols": ("protocol", "communication protocols"),
    "open_ports": ("ports", "services"),
    "install_date": ("installed", "installation date", "commissioned"),
    "end_of_support": ("eos", "end of life", "eol"),
}
PLAIN = (
    Column(
        "asset_tag",
        _("Tag"),
        True,
        False,
        60,
        synonyms=(
            "tag",
            "asset id",
            "asset number",
            "equipment",
            "equipment tag",
            "equipment number",
            "label",
        ),
    ),
    Column(
        "name",
        _("Name"),
        False,
        False,
        150,
        synonyms=("display name", "asset name", "description short", "title"),
    ),
    Column(
        "asset_type",
        _("Type"),
        False,
        False,
        choices=TYPES,
        synonyms=("device type", "asset role", "class", "category", "equipment type"),
    ),
    Column(
        "path",
        _("Path"),
        False,
        False,
        1000,
        synonyms=("location", "location path", "functional location", "equipment model entity path", "place"),
        help=_("Enterprise / Site / Area / Line / Unit"),
    ),
    Column("zone", _("Zone"), most=150, synonyms=("security zone",)),
    Column(
        "parent_tag",
        _("Part of"),
        most=60,
        synonyms=("parent", "parent asset", "part of", "control module parent id"),
    ),
    Column(
        "status",
        _("Status"),
        False,
        False,
        choices=STATUSES,
        synonyms=("state", "lifecycle", "operational status"),
    ),
    Column(
        "criticality",
        _("Criticality"),
        False,
        False,
        choices=CRITICALITIES,
        synonyms=("device criticality", "priority"),
    ),
    Column(
        "safety_related",
        _("Safety-related"),
        choices=YES_NO,
        synonyms=("safety", "safety relevant", "is safety"),
    ),
    Column("purdue_level", _("Purdue level"), choices=LEVELS, synonyms=("purdue", "level")),
    Column("manufacturer", _("Manufacturer"), most=100, synonyms=("vendor", "make", "brand", "oem")),
    Column(
        "model",
        _("Model"),
        most=100,
        synonyms=("model number", "product", "product name", "part number", "order number"),
    ),
    Column("serial_number", _("Serial number"), most=100, synonyms=("serial", "serial no", "s n", "sn")),
    Column(
        "firmware_version",
        _("Firmware"),
        most=60,
        synonyms=("firmware", "fw", "fw version", "software version"),
    ),
    Column(
        "notes", _("Notes"), most=4000, synonyms=("note", "comment", "comments", "remarks", "description")
    ),
)
OWNERS = (
    Column(
        "accountable",
        _("Accountable"),
        synonyms=("owner", "asset owner", "assigned to", "accountable owner"),
        help=_("E-mail address of a person, or name of a team"),
    ),
    Column(
        "responsible",
        _("Responsible"),
        synonyms=("support group", "maintained by", "responsible team"),
        help=_("E-mail address of a person, or name of a team"),
    ),
)
FURTHER = tuple(
    Column(key, label, most=500, synonyms=ATTRIBUTE_SYNONYMS.get(key, ()))
    for key, label in ATTRIBUTES.items()
)
CUSTOM = Column("cf_*", _("Your own columns"), most=500, help=_("Any column whose name begins with cf_"))
COLUMNS = (*PLAIN, *OWNERS, *FURTHER, CUSTOM)
