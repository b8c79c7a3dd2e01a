"""Places and zones by REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets import selectors
from assets.api.common import IF_MATCH, given, named, revision_of, tagged
from assets.filters import LocationFilter, ZoneFilter
from assets.models import Location, Zone
from assets.services import locations, zones
from assets.services.locations import Place
from assets.states import LocationKind, Mode, Profile


class LocationOutput(serializers.ModelSerializer):
    """A place."""

    parent = serializers.UUIDField(source="parent.uid", default=None)
    site = serializers.SlugField(source="site.slug", default=None)

    class Meta:
        model = Location
        fields = ["uid", "revision", "parent", "site", "kind", "name", "slug", "zone_name", "profile", "mode"]


class LocationDetailOutput(LocationOutput):
    """A place with what it inherits."""

    inherited = serializers.SerializerMethodField()

    class Meta(LocationOutput.Meta):
        fields = [*LocationOutput.Meta.fields, "inherited"]

    @extend_schema(responses=serializers.DictField(child=serializers.CharField()))
    def get_inherited(self, row: Location) -> dict[str, str]:
        """Profile, mode and time zone that count here."""
        told = selectors.settings_at(row)
        return {"profile": told.profile, "mode": told.mode, "zone_name": told.zone_name}


class LocationInput(serializers.Serializer):
    """A place to add."""

    parent = serializers.UUIDField()
    kind = serializers.ChoiceField(LocationKind.choices)
    name = serializers.CharField(max_length=150)
    slug = serializers.SlugField(max_length=60, required=False, default="", allow_blank=True)
    zone_name = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    profile = serializers.ChoiceField(Profile.choices, required=False, default="", allow_blank=True)
    mode = serializers.ChoiceField(Mode.choices, required=False, default="", allow_blank=True)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class LocationChangeInput(serializers.Serializer):
    """What is to be known about a place; what is left out stays."""

    name = serializers.CharField(max_length=150, required=False)
    slug = serializers.SlugField(max_length=60, required=False)
    zone_name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    profile = serializers.ChoiceField(Profile.choices, required=False, allow_blank=True)
    mode = serializers.ChoiceField(Mode.choices, required=False, allow_blank=True)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class MoveInput(serializers.Serializer):
    """Where a place is moved to."""

    to = serializers.UUIDField()
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class LocationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The tree of places."""

    queryset = Location.objects.none()
    serializer_class = LocationOutput
    filterset_class = LocationFilter
    ordering_fields = ["name", "kind", "path"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view, in the order of the tree."""
        return selectors.locations_visible_to(self.request.user).order_by("path")

    @extend_schema(responses=LocationDetailOutput)
    def retrieve(self, request: Request, uid: str) -> Response:
        """One place with what it inherits."""
        row = self.get_object()
        return tagged(LocationDetailOutput(row).data, row)

    @extend_schema(request=LocationInput, responses={201: LocationDetailOutput})
    def create(self, request: Request) -> Response:
        """Add a place below another."""
        data = given(LocationInput, request)
        parent = named(self.get_queryset(), data.pop("parent"), "parent")
        reason = data.pop("reason")
        row = locations.add_location(Place(**data), parent=parent, by=request.user, reason=reason)
        return tagged(LocationDetailOutput(row).data, row, status=201)

    @extend_schema(request=LocationChangeInput, responses=LocationDetailOutput, parameters=[IF_MATCH])
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change a place."""
        row, data = self.get_object(), given(LocationChangeInput, request)
        reason = data.pop("reason")
        names = ("name", "slug", "zone_name", "profile", "mode", "kind")
        place = Place(**{**{name: getattr(row, name) for name in names}, **data})
        changed = locations.change_location(
            row, place, by=request.user, revision=revision_of(request), reason=reason
        )
        return tagged(LocationDetailOutput(changed).data, changed)

    @extend_schema(request=MoveInput, responses=LocationDetailOutput, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def move(self, request: Request, uid: str) -> Response:
        """Move a place with everything below it."""
        row, data = self.get_object(), given(MoveInput, request)
        to = named(self.get_queryset(), data["to"], "to")
        moved = locations.move_location(
            row, to=to, by=request.user, revision=revision_of(request), reason=data["reason"]
        )
        return tagged(LocationDetailOutput(moved).data, moved)


class ZoneOutput(serializers.ModelSerializer):
    """A security zone."""

    site = serializers.SlugField(source="site.slug")

    class Meta:
        model = Zone
        fields = ["uid", "revision", "site", "name", "description"]


class ZoneInput(serializers.Serializer):
    """A zone to add."""

    site = serializers.UUIDField()
    name = serializers.CharField(max_length=150)
    description = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ZoneChangeInput(serializers.Serializer):
    """What is to be known about a zone; what is left out stays."""

    name = serializers.CharField(max_length=150, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ZoneViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Security zones."""

    queryset = Zone.objects.none()
    serializer_class = ZoneOutput
    filterset_class = ZoneFilter
    ordering_fields = ["name"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.zones_visible_to(self.request.user).order_by("site__name", "name")

    def retrieve(self, request: Request, uid: str) -> Response:
        """One zone."""
        row = self.get_object()
        return tagged(ZoneOutput(row).data, row)

    @extend_schema(request=ZoneInput, responses={201: ZoneOutput})
    def create(self, request: Request) -> Response:
        """Add a zone to a site."""
        data = given(ZoneInput, request)
        site = named(selectors.locations_visible_to(request.user), data["site"], "site")
        row = zones.add_zone(site, data["name"], by=request.user, description=data["description"])
        return tagged(ZoneOutput(row).data, row, status=201)

    @extend_schema(request=ZoneChangeInput, responses=ZoneOutput, parameters=[IF_MATCH])
    def partial_update(self, request: Request, uid: str) -> Response:
        """Rename or describe a zone."""
        row, data = self.get_object(), given(ZoneChangeInput, request)
        name, description = data.get("name", row.name), data.get("description", row.description)
        changed = zones.change_zone(
            row, name, by=request.user, description=description, revision=revision_of(request)
        )
        return tagged(ZoneOutput(changed).data, changed)
