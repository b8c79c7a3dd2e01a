"""Where the demo enterprise stands: three sites down to their lines and units."""

from dataclasses import dataclass

ENTERPRISE = "Nordhavn Group"


@dataclass(frozen=True)
class Place:
    """A node below the enterprise; `path` are the names from the site downwards."""

    path: tuple[str, ...]
    kind: str
    prefix: str = ""  # of the tags of assets here
    zone: str = ""


@dataclass(frozen=True)
class Site:
    """A site with its time zone, profile and mode."""

    key: str
    name: str
    zone_name: str
    profile: str
    mode: str
    places: tuple[Place, ...]
    zones: tuple[str, ...]


def _area(name: str, *, zone: str = "", prefix: str = "") -> Place:
    return Place((name,), "area", prefix, zone)


def _line(area: str, name: str, *, prefix: str, zone: str) -> Place:
    return Place((area, name), "work_center", prefix, zone)


def _unit(area: str, line: str, name: str, *, prefix: str, zone: str) -> Place:
    return Place((area, line, name), "work_unit", prefix, zone)


PACKAGING = Site(
    key="karlstad",
    name="Karlstad Packaging",
    zone_name="Europe/Stockholm",
    profile="standard",
    mode="enforce",
    places=(
        _area("Packaging"),
        _line("Packaging", "Line 1", prefix="L1", zone="Line 1 control"),
        _unit("Packaging", "Line 1", "Filler", prefix="FIL", zone="Line 1 control"),
        _unit("Packaging", "Line 1", "Capper", prefix="CAP", zone="Line 1 control"),
        _unit("Packaging", "Line 1", "Labeller", prefix="LAB", zone="Line 1 control"),
        _line("Packaging", "Line 2", prefix="L2", zone="Line 2 control"),
        _unit("Packaging", "Line 2", "Case packer", prefix="CPK", zone="Line 2 control"),
        _unit("Packaging", "Line 2", "Palletiser", prefix="PAL", zone="Line 2 control"),
        _area("Plant services", zone="Plant services", prefix="SRV"),
    ),
    zones=("Line 1 control", "Line 2 control", "Plant services", "Karlstad DMZ"),
)
UTILITIES = Site(
    key="odense",
    name="Odense Utilities",
    zone_name="Europe/Copenhagen",
    profile="standard",
    mode="enforce",
    places=(
        _area("Boiler house", prefix="BO", zone="Boiler control"),
        _line("Boiler house", "Boiler 1", prefix="BO1", zone="Boiler control"),
        _line("Boiler house", "Boiler 2", prefix="BO2", zone="Boiler control"),
        _area("Water treatment", prefix="WT", zone="Water control"),
        _line("Water treatment", "Filtration", prefix="WTF", zone="Water control"),
        _line("Water treatment", "Dosing", prefix="WTD", zone="Water control"),
        _area("Substation", prefix="SUB", zone="Substation"),
    ),
    zones=("Boiler control", "Boiler safety", "Water control", "Substation", "Odense DMZ"),
)
LOGISTICS = Site(
    key="venlo",
    name="Venlo Logistics",
    zone_name="Europe/Amsterdam",
    profile="small",
    mode="enforce",
    places=(
        _area("Parcel sorter", prefix="SOR", zone="Sorter control"),
        _line("Parcel sorter", "Induction", prefix="IND", zone="Sorter control"),
        _line("Parcel sorter", "Main loop", prefix="LOP", zone="Sorter control"),
        _area("Cold store", prefix="CS", zone="Cold store control"),
        _line("Cold store", "Chamber 1", prefix="CS1", zone="Cold store control"),
        _line("Cold store", "Chamber 2", prefix="CS2", zone="Cold store control"),
    ),
    zones=("Sorter control", "Cold store control", "Venlo DMZ"),
)
SITES = (PACKAGING, UTILITIES, LOGISTICS)
