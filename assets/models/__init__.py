"""The register's rows."""

from assets.models.asset import Asset, Observation, Relation
from assets.models.control import Authorisation, Baseline, Hold
from assets.models.imports import Import
from assets.models.ownership import Ownership
from assets.models.place import Location, Zone

__all__ = [
    "Asset",
    "Authorisation",
    "Baseline",
    "Hold",
    "Import",
    "Location",
    "Observation",
    "Ownership",
    "Relation",
    "Zone",
]
