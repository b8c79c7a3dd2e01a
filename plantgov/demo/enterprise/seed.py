"""Brings the demo enterprise into an empty database, through the services. Running it again changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from access.models import Role
from access.services import grants
from assets.models import Asset, Location, Zone
from assets.services import assets as asset_services
from assets.services import baselines, locations, ownership, zones
from operations.models import Endpoint
from operations.services import endpoints
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.demo.enterprise.equipment import Item, items
from plantgov.demo.enterprise.people import COLLEAGUES, PERSONAS, QUALIFICATIONS, TEAMS, Persona, email_of
from plantgov.demo.enterprise.places import ENTERPRISE, SITES, Site
from plantgov.demo.plant.catalogue import DevicePoints
from plantgov.people.models import Person, Qualification, Team, User
from plantgov.people.services import accounts, teams
from plantgov.people.services.accounts import system_account

EACH = 13  # assets for every place with a prefix: about 270, and the live devices come on top
SITE_OF = {"manufacturing": "karlstad", "utilities": "odense", "logistics": "venlo"}
PLACE_OF = {
    "line-1": ("Packaging", "Line 1"),
    "line-2": ("Packaging", "Line 2"),
    "cleaning": ("Plant services",),
    "boiler-house": ("Boiler house",),
    "water-treatment": ("Water treatment",),
    "substation": ("Substation",),
    "sorter": ("Parcel sorter",),
    "cold-store": ("Cold store",),
}
UNIT_OF = {"FIL-PLC-01": "Filler", "CAP-PLC-01": "Capper", "LBL-PLC-01": "Labeller", "SIS-FIL-01": "Filler"}
TYPE_OF = {
    "controller": "plc",
    "safety_controller": "safety_controller",
    "robot": "robot",
    "drive": "drive",
    "vision": "sensor",
    "scanner": "sensor",
    "detector": "sensor",
    "gateway": "gateway",
    "relay": "ied",
    "meter": "meter",
}


@dataclass
class Demo:
    """What has been made so far, by name."""

    by: User
    at: datetime
    users: dict[str, User] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    places: dict[tuple[str, ...], Location] = field(default_factory=dict)
    zones: dict[tuple[str, str], Zone] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)


def seed(
    devices: list[DevicePoints], *, password: str, say: Callable[[str], None] = lambda text: None
) -> Demo:
    """Make whatever is missing of the enterprise; each part is one transaction."""
    demo = Demo(by=system_account("demo"), at=now())
    for label, part in (
        ("people", lambda: _people(demo, password)),
        ("places", lambda: _places(demo)),
        ("access", lambda: _access(demo)),
        ("assets", lambda: _assets(demo, devices)),
        ("endpoints", lambda: _endpoints(demo, devices)),
        ("relations", lambda: _relations(demo)),
    ):
        with transaction.atomic():
            part()
        say(label)
    return demo


def _people(demo: Demo, password: str) -> None:
    for name in TEAMS:
        demo.teams[name] = Team.objects.filter(name=name).first() or teams.form_team(name, by=demo.by)
    for who in (*PERSONAS, *COLLEAGUES):
        person = Person.objects.filter(email=email_of(who.name)).first()
        if person is None:
            person = accounts.add_person(_details(who), by=demo.by)
        demo.people[who.name] = person
        if isinstance(who, Persona):
            found = User.objects.filter(username=who.username).first()
            demo.users[who.username] = found or accounts.open_account(
                person, username=who.username, password=password, by=demo.by
            )
        teams.join(demo.teams[who.team], person, by=demo.by, at=demo.at)
    for username, key, since_days, valid_days in QUALIFICATIONS:
        _qualify(demo, demo.users[username].person, key, since_days, valid_days)


def _details(who: object) -> accounts.PersonDetails:
    name = who.name  # type: ignore[attr-defined]
    return accounts.PersonDetails(
        name=name,
        email=email_of(name),
        job_title=who.job_title,  # type: ignore[attr-defined]
        employment=getattr(who, "employment", "employee"),
        company=getattr(who, "company", ""),
    )


def _qualify(demo: Demo, person: Person | None, key: str, since_days: int, valid_days: int) -> None:
    if person is None or Qualification.objects.filter(person=person, key=key).exists():
        return
    start = demo.at.date() - timedelta(days=since_days)
    row = Qualification(
        person=person,
        key=key,
        valid_from=start,
        valid_until=start + timedelta(days=valid_days),
        evidence="Training record",
    )
    write(row, by=demo.by, action="people.qualification.added", thing=person)


def _places(demo: Demo) -> None:
    root = Location.objects.filter(kind="enterprise").first()
    root = root or locations.found_enterprise(locations.Place(ENTERPRISE, "enterprise"), by=demo.by)
    demo.places[()] = root
    for site in SITES:
        place = locations.Place(site.name, "site", site.zone_name, site.profile, site.mode, site.key)
        demo.places[(site.key,)] = _place(demo, place, root)
        for node in site.places:
            parent = demo.places[(site.key, *node.path[:-1])]
            demo.places[(site.key, *node.path)] = _place(
                demo, locations.Place(node.path[-1], node.kind), parent
            )
        for name in site.zones:
            top = demo.places[(site.key,)]
            found = Zone.objects.filter(site=top, name=name).first()
            demo.zones[(site.key, name)] = found or zones.add_zone(top, name, by=demo.by)


def _place(demo: Demo, place: locations.Place, parent: Location) -> Location:
    found = Location.objects.filter(parent=parent, name=place.name).first()
    return found or locations.add_location(place, parent=parent, by=demo.by)


def _access(demo: Demo) -> None:
    roles = {role.key: role for role in Role.objects.all()}
    for who in PERSONAS:
        user = demo.users[who.username]
        if user.grants.exists():
            continue
        for key in who.sites or ("",):
            place = demo.places[tuple(part for part in (key, who.area) if part)]
            limit = roles[who.role].max_days
            until = demo.at + timedelta(days=min(limit, 60)) if limit else None
            terms = grants.Terms(
                from_at=demo.at, until_at=until, reason=f"{who.job_title} of the demo enterprise"
            )
            grants.give(user, roles[who.role], place, terms, by=demo.by)


def _assets(demo: Demo, devices: list[DevicePoints]) -> None:
    demo.assets = {f"{a.site.slug}/{a.tag}": a for a in Asset.objects.select_related("site", "location")}
    for site in SITES:
        for item in items(site, each=EACH):
            if f"{site.key}/{item.tag}" not in demo.assets:
                _equipment(demo, site, item)
    for device in devices:
        if f"{SITE_OF[device.site]}/{device.tag}" not in demo.assets:
            _live(demo, device)
    _owners(demo)


def _equipment(demo: Demo, site: Site, item: Item) -> None:
    details = asset_services.AssetDetails(
        tag=item.tag,
        name=item.name,
        asset_type=item.asset_type,
        status=item.status,
        criticality=item.criticality,
        purdue_level=item.purdue_level,
        manufacturer=item.manufacturer,
        model=item.model,
        serial_number=item.serial_number,
        firmware_version=item.firmware_version,
    )
    location = demo.places[(site.key, *item.path)]
    zone = demo.zones.get((site.key, item.zone))
    demo.assets[f"{site.key}/{item.tag}"] = asset_services.add_asset(
        details, location=location, zone=zone, by=demo.by
    )


def _live(demo: Demo, device: DevicePoints) -> None:
    key = SITE_OF[device.site]
    path = (*PLACE_OF[device.area], *([UNIT_OF[device.tag]] if device.tag in UNIT_OF else []))
    is_safety = device.kind == "safety_controller"
    site = next(site for site in SITES if site.key == key)
    zone_name = next((place.zone for place in site.places if place.path == PLACE_OF[device.area]), "")
    values = {point.key: point.at_rest for point in device.points}
    details = asset_services.AssetDetails(
        tag=device.tag,
        name=device.name,
        asset_type=TYPE_OF[device.kind],
        criticality="critical" if is_safety else "high" if device.kind == "controller" else "medium",
        safety_related=is_safety,
        purdue_level="1",
        manufacturer=device.vendor,
        model=device.model,
        serial_number=str(values.get("serial", "")),
        firmware_version=str(values.get("firmware", "")),
    )
    asset = asset_services.add_asset(
        details, location=demo.places[(key, *path)], zone=demo.zones.get((key, zone_name)), by=demo.by
    )
    demo.assets[f"{key}/{device.tag}"] = asset
    configuration = baselines.Configuration(
        firmware=str(values.get("firmware", "")),
        program_name=str(values.get("program_name", "")),
        program_fingerprint=str(values.get("program_fingerprint", "")),
        change_counter=str(values.get("change_counter", "")),
    )
    baselines.adopt(asset, configuration, by=demo.by, at=demo.at)


def _owners(demo: Demo) -> None:
    """Lines and areas have owners; some single assets too; a few areas are left as gaps on purpose."""
    by_place = {
        ("karlstad", "Packaging"): "Samir Moreau",
        ("karlstad", "Packaging", "Line 2"): "Viktor Ahl",
        ("odense", "Boiler house"): "Karin Dahl",
        ("odense", "Water treatment"): "Elin Sørensen",
        ("venlo", "Parcel sorter"): "Noor Visser",
        ("venlo", "Cold store"): "Mira Janssen",
    }
    for path, name in by_place.items():
        ownership.assign(demo.places[path], demo.people[name], by=demo.by, at=demo.at)
    deputy = ownership.Post(role="deputy", discipline="")
    ownership.assign(
        demo.places[("karlstad", "Packaging")],
        demo.people["Marek Okafor"],
        post=deputy,
        by=demo.by,
        at=demo.at,
    )
    responsible = ownership.Post(role="responsible", discipline="ot")
    for site, team in (
        ("karlstad", "Controls Karlstad"),
        ("odense", "Controls Odense"),
        ("venlo", "Maintenance Venlo"),
    ):
        ownership.assign(demo.places[(site,)], demo.teams[team], post=responsible, by=demo.by, at=demo.at)


def _endpoints(demo: Demo, devices: list[DevicePoints]) -> None:
    for device in devices:
        asset = demo.assets[f"{SITE_OF[device.site]}/{device.tag}"]
        found = Endpoint.objects.filter(asset=asset, name=f"{device.tag} {device.protocol}").first()
        details = endpoints.EndpointDetails(
            name=f"{device.tag} {device.protocol}", protocol=device.protocol, url=device.url, security={}
        )
        if found is None:
            row = endpoints.add_endpoint(details, location=asset.location, asset=asset, by=demo.by)
            _signals(demo, row, asset, device)
        elif found.url != device.url:  # the plant had to take another port
            endpoints.change_endpoint(
                found, details, by=demo.by, reason="The simulated plant answers elsewhere"
            )


def _signals(demo: Demo, endpoint: Endpoint, asset: Asset, device: DevicePoints) -> None:
    for point in device.points:
        details = endpoints.SignalDetails(
            key=point.key,
            address=point.address,
            datatype=point.datatype,
            unit=point.unit,
            scale=Decimal(1),
            offset=Decimal(0),
        )
        endpoints.add_signal(endpoint, details, asset=asset, by=demo.by)


def _relations(demo: Demo) -> None:
    wanted = (
        ("karlstad", "FIL-PLC-01", "controls", "FIL-DRV-01"),
        ("karlstad", "FIL-PLC-01", "feeds", "CAP-PLC-01"),
        ("karlstad", "CAP-PLC-01", "feeds", "LBL-PLC-01"),
        ("karlstad", "LBL-PLC-01", "feeds", "PCK-PLC-01"),
        ("karlstad", "PCK-PLC-01", "feeds", "PAL-ROB-01"),
        ("karlstad", "SIS-FIL-01", "communicates_with", "FIL-PLC-01"),
        ("karlstad", "CIP-PLC-01", "feeds", "FIL-PLC-01"),
        ("karlstad", "FIL-PLC-02", "feeds", "CAP-PLC-02"),
        ("karlstad", "CAP-PLC-02", "feeds", "LBL-PLC-02"),
        ("odense", "BLR-PLC-01", "redundant_with", "BLR-PLC-02"),
        ("odense", "BMS-01", "controls", "BLR-PLC-01"),
        ("odense", "SUB-RTU-01", "powers", "BLR-PLC-01"),
        ("odense", "SUB-RTU-01", "powers", "WTP-PLC-01"),
        ("odense", "WTP-PLC-01", "feeds", "BLR-PLC-01"),
        ("odense", "WTP-PLC-01", "controls", "DOS-PLC-01"),
        ("venlo", "SRT-PLC-01", "controls", "SRT-VFD-01"),
        ("venlo", "SRT-PLC-02", "feeds", "SRT-PLC-01"),
        ("venlo", "SIS-SRT-01", "communicates_with", "SRT-PLC-01"),
        ("venlo", "CMP-PLC-01", "feeds", "CS-01"),
        ("venlo", "CMP-PLC-01", "feeds", "CS-02"),
    )
    for site, source, kind, target in wanted:
        first, second = demo.assets.get(f"{site}/{source}"), demo.assets.get(f"{site}/{target}")
        if first and second:
            asset_services.relate(first, kind, second, by=demo.by)
