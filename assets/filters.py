"""Filters of the lists, the same in portal and API."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Hold, Location, Ownership, Relation, Zone
from assets.selectors import locations_visible_to, without_owner, zones_visible_to
from assets.states import AssetType, Criticality, LocationKind, OwnerRole, RelationKind, Status
from plantgov.core.clock import now

PLACE_KINDS = (LocationKind.SITE, LocationKind.AREA, LocationKind.WORK_CENTER)


def _places(request: HttpRequest | None) -> QuerySet[Location]:
    """The sites, areas and lines that the reader may choose from, in the order of the tree."""
    if request is None:
        return Location.objects.none()
    return locations_visible_to(request.user).filter(kind__in=PLACE_KINDS).order_by("path")


def _zones(request: HttpRequest | None) -> QuerySet[Zone]:
    """The zones that the reader may choose from."""
    return Zone.objects.none() if request is None else zones_visible_to(request.user)


class PlaceChoice(django_filters.fields.ModelChoiceField):
    """A place, indented by its depth."""

    def label_from_instance(self, obj: Location) -> str:
        """The name behind its depth."""
        return "\u2003" * max(0, obj.depth - 1) + obj.name


class PlaceFilter(django_filters.ModelChoiceFilter):
    """A place by its uid, with everything below it."""

    field_class = PlaceChoice


class ZoneFilter(django_filters.FilterSet):
    """Zones by text and site."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Search"))
    site = django_filters.UUIDFilter(field_name="site__uid", label=_("Site"))

    class Meta:
        model = Zone
        fields = ["q", "site"]


class AssetFilter(django_filters.FilterSet):
    """Assets by text, place, type, criticality, status, zone and owner."""

    q = django_filters.CharFilter(
        method="search",
        label=_("Search"),
        widget=SearchInput(attrs={"placeholder": _("Search tag, name, serial number"), "data-pg-filter": ""}),
    )
    location = PlaceFilter(
        queryset=_places, to_field_name="uid", method="within", label=_("Place"), empty_label=_("Any place")
    )
    asset_type = django_filters.ChoiceFilter(
        choices=AssetType.choices, label=_("Type"), empty_label=_("Any type")
    )
    criticality = django_filters.ChoiceFilter(
        choices=Criticality.choices, label=_("Criticality"), empty_label=_("Any criticality")
    )
    status = django_filters.ChoiceFilter(
        choices=Status.choices, label=_("Status"), empty_label=_("Any status")
    )
    zone = django_filters.ModelChoiceFilter(
        queryset=_zones, to_field_name="uid", label=_("Zone"), empty_label=_("Any zone")
    )
    owner = django_filters.ChoiceFilter(
        method="owned",
        choices=[("none", _("Without owner"))],
        label=_("Owner"),
        empty_label=_("Owned or not"),
    )
    tag = django_filters.CharFilter(field_name="tag", lookup_expr="iexact", label=_("Tag"))

    class Meta:
        model = Asset
        fields = ["q", "location", "asset_type", "criticality", "status", "zone", "owner", "tag"]

    def search(self, rows: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        """Any part of the tag, the name or the serial number."""
        return rows.filter(
            Q(tag__icontains=value) | Q(name__icontains=value) | Q(serial_number__icontains=value)
        )

    def within(self, rows: QuerySet[Asset], name: str, value: Location) -> QuerySet[Asset]:
        """Assets at a place or anywhere below it."""
        return rows.filter(location__path__contains=[value.pk])

    def owned(self, rows: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        """Assets for which nobody is accountable, not even above them."""
        return without_owner(rows.exclude(status=Status.RETIRED), at=now())


class PortalAssetFilter(AssetFilter):
    """What the list page shows of it."""

    class Meta(AssetFilter.Meta):
        exclude = ["tag"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters.pop("tag", None)


class LocationFilter(django_filters.FilterSet):
    """Places by text, kind, and the place above."""

    q = django_filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Search"))
    kind = django_filters.ChoiceFilter(choices=LocationKind.choices, label=_("Kind"))
    within = django_filters.ModelChoiceFilter(
        queryset=_places, to_field_name="uid", method="below", label=_("Below")
    )

    class Meta:
        model = Location
        fields = ["q", "kind", "within"]

    def below(self, rows: QuerySet[Location], name: str, value: Location) -> QuerySet[Location]:
        """The place and everything below it."""
        return rows.filter(path__contains=[value.pk])


class RelationFilter(django_filters.FilterSet):
    """Relations by kind and by an asset at either end."""

    kind = django_filters.ChoiceFilter(choices=RelationKind.choices, label=_("Relation"))
    asset = django_filters.UUIDFilter(method="touching", label=_("Asset"))

    class Meta:
        model = Relation
        fields = ["kind", "asset"]

    def touching(self, rows: QuerySet[Relation], name: str, value: Any) -> QuerySet[Relation]:
        """Relations from or to an asset."""
        return rows.filter(Q(source__uid=value) | Q(target__uid=value))


class OwnershipFilter(django_filters.FilterSet):
    """Ownerships by thing and role."""

    thing = django_filters.UUIDFilter(field_name="thing_uid", label=_("Thing"))
    role = django_filters.ChoiceFilter(choices=OwnerRole.choices, label=_("Role"))
    current = django_filters.BooleanFilter(method="in_force", label=_("In force"))

    class Meta:
        model = Ownership
        fields = ["thing", "role", "current"]

    def in_force(self, rows: QuerySet[Ownership], name: str, value: bool) -> QuerySet[Ownership]:
        """Those in force now, or those that ended."""
        open_now = Q(until_at=None) | Q(until_at__gt=now())
        return rows.filter(open_now if value else ~open_now)


class HoldFilter(django_filters.FilterSet):
    """Holds by asset and whether they are in force."""

    asset = django_filters.UUIDFilter(field_name="asset__uid", label=_("Asset"))
    current = django_filters.BooleanFilter(method="in_force", label=_("In force"))

    class Meta:
        model = Hold
        fields = ["asset", "current"]

    def in_force(self, rows: Any, name: str, value: bool) -> Any:
        """Those in force now, or those that ended."""
        return rows.in_force(now()) if value else rows.exclude(pk__in=rows.in_force(now()).values("pk"))
