"""Assets and their relations by REST."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets import selectors
from assets.api.common import IF_MATCH, RecordReasonInput, given, named, revision_of, tagged
from assets.filters import AssetFilter, RelationFilter
from assets.models import Asset, Relation
from assets.services import assets
from assets.services.assets import DETAIL_FIELDS, AssetDetails
from assets.states import AssetType, Criticality, PurdueLevel, RelationKind, Status
from plantgov.core.clock import now

UID_OR_TAG = OpenApiParameter("uid", str, OpenApiParameter.PATH, description="uid, or tag where it is unique")


class AssetOutput(serializers.ModelSerializer):
    """An asset."""

    site = serializers.SlugField(source="site.slug")
    location = serializers.UUIDField(source="location.uid")
    location_name = serializers.CharField(source="location.name")
    zone = serializers.UUIDField(source="zone.uid", default=None)
    zone_name = serializers.CharField(source="zone.name", default=None)

    class Meta:
        model = Asset
        fields = ["uid", "revision", "tag", "site", "location", "location_name", "zone", "zone_name", "name"]
        fields += ["asset_type", "status", "criticality", "safety_related", "purdue_level", "manufacturer"]
        fields += ["model", "serial_number", "firmware_version", "description", "attributes"]


class AssetDetailOutput(AssetOutput):
    """An asset with who answers for it and its approved configuration."""

    parent = serializers.UUIDField(source="parent.uid", default=None)
    accountable = serializers.SerializerMethodField()
    baseline = serializers.SerializerMethodField()

    class Meta(AssetOutput.Meta):
        fields = [*AssetOutput.Meta.fields, "parent", "accountable", "baseline"]

    @extend_schema(responses=serializers.DictField(child=serializers.CharField(), allow_null=True))
    def get_accountable(self, row: Asset) -> dict[str, str] | None:
        """Name of the accountable owner and where that comes from."""
        owner, source = selectors.accountable_for(row, now())
        return {"name": str(owner), "from": str(source)} if owner else None

    @extend_schema(responses=serializers.DictField(child=serializers.CharField(), allow_null=True))
    def get_baseline(self, row: Asset) -> dict[str, str] | None:
        """Version, firmware and fingerprint of the baseline in force."""
        found = selectors.current_baseline(row)
        names = ("version", "firmware", "program_name", "program_fingerprint", "change_counter")
        return {name: str(getattr(found, name)) for name in names} if found else None


class AssetBody(serializers.Serializer):
    """What may be said about an asset."""

    zone = serializers.UUIDField(required=False, allow_null=True)
    parent = serializers.UUIDField(required=False, allow_null=True)
    status = serializers.ChoiceField(Status.choices, required=False)
    criticality = serializers.ChoiceField(Criticality.choices, required=False)
    safety_related = serializers.BooleanField(required=False)
    purdue_level = serializers.ChoiceField(PurdueLevel.choices, required=False, allow_blank=True)
    manufacturer = serializers.CharField(max_length=100, required=False, allow_blank=True)
    model = serializers.CharField(max_length=100, required=False, allow_blank=True)
    serial_number = serializers.CharField(max_length=100, required=False, allow_blank=True)
    firmware_version = serializers.CharField(max_length=60, required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    attributes = serializers.DictField(child=serializers.CharField(max_length=500), required=False)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class AssetInput(AssetBody):
    """An asset to add."""

    tag = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=150)
    asset_type = serializers.ChoiceField(AssetType.choices)
    location = serializers.UUIDField()


class AssetChangeInput(AssetBody):
    """What is to be known about an asset; what is left out stays."""

    tag = serializers.CharField(max_length=60, required=False)
    name = serializers.CharField(max_length=150, required=False)
    asset_type = serializers.ChoiceField(AssetType.choices, required=False)
    location = serializers.UUIDField(required=False)


class HitOutput(serializers.Serializer):
    """An asset that is affected, or one on which it hangs."""

    tag = serializers.CharField(source="asset.tag", default=None, allow_null=True)
    uid = serializers.UUIDField(source="asset.uid", default=None, allow_null=True)
    depth = serializers.IntegerField()
    kind = serializers.CharField()


class AssetViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The register of assets."""

    queryset = Asset.objects.none()
    serializer_class = AssetOutput
    filterset_class = AssetFilter
    ordering_fields = ["tag", "name", "asset_type", "criticality", "status"]
    lookup_field = "uid"
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.assets_visible_to(self.request.user).order_by("tag", "pk")

    def get_object(self) -> Asset:
        """By uid, or by a tag that stands in one site only."""
        text = self.kwargs["uid"]
        try:
            rows = list(self.get_queryset().filter(uid=UUID(text)))
        except ValueError:
            rows = list(self.get_queryset().filter(tag=text)[:2])
        if len(rows) != 1:
            raise Http404
        return rows[0]

    @extend_schema(responses=AssetDetailOutput, parameters=[UID_OR_TAG])
    def retrieve(self, request: Request, uid: str) -> Response:
        """One asset."""
        row = self.get_object()
        return tagged(AssetDetailOutput(row).data, row)

    @extend_schema(request=AssetInput, responses={201: AssetDetailOutput})
    def create(self, request: Request) -> Response:
        """Put an asset into the register."""
        data = given(AssetInput, request)
        reason, placing = data.pop("reason"), self._placing(data)
        row = assets.add_asset(AssetDetails(**data), by=request.user, reason=reason, **placing)
        return tagged(AssetDetailOutput(row).data, row, status=201)

    def _placing(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take place, zone and parent out of `data` as rows in view."""
        user = self.request.user
        rows: dict[str, Any] = {
            "location": selectors.locations_visible_to(user),
            "zone": selectors.zones_for(user),
            "parent": selectors.assets_visible_to(user),
        }
        found = {name: data.pop(name) for name in rows if name in data}
        return {name: named(rows[name], uid, name) if uid else None for name, uid in found.items()}

    @extend_schema(request=AssetChangeInput, responses=AssetDetailOutput, parameters=[IF_MATCH, UID_OR_TAG])
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change what is known about an asset."""
        row, data = self.get_object(), given(AssetChangeInput, request)
        reason, placing = data.pop("reason"), self._placing(data)
        details = AssetDetails(**{**{name: getattr(row, name) for name in DETAIL_FIELDS}, **data})
        changed = assets.change_asset(
            row, details, by=request.user, placing=placing, revision=revision_of(request), reason=reason
        )
        return tagged(AssetDetailOutput(changed).data, changed)

    @extend_schema(request=RecordReasonInput, responses=AssetDetailOutput, parameters=[UID_OR_TAG])
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, uid: str) -> Response:
        """End the life of an asset in the register."""
        row, data = self.get_object(), given(RecordReasonInput, request)
        done = assets.set_status(row, Status.RETIRED, by=request.user, reason=data["reason"])
        return tagged(AssetDetailOutput(done).data, done)

    @extend_schema(
        responses=HitOutput(many=True),
        parameters=[UID_OR_TAG, OpenApiParameter("up", bool, description="what it hangs on")],
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def impact(self, request: Request, uid: str) -> Response:
        """What a failure of the asset affects, over at most five relations; hidden assets have no tag."""
        up = request.query_params.get("up", "").lower() in ("1", "true", "yes")
        hits = selectors.impact_of(self.get_object(), request.user, downwards=not up)
        return Response(HitOutput(hits, many=True).data)


class RelationOutput(serializers.ModelSerializer):
    """A relation; an end out of view has no tag."""

    source = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField()

    class Meta:
        model = Relation
        fields = ["uid", "kind", "source", "target", "note"]

    def get_source(self, row: Relation) -> str | None:
        """The tag of the asset that it starts from."""
        return row.source.tag if row.source_id in self.context["seen"] else None

    def get_target(self, row: Relation) -> str | None:
        """The tag of the asset that it leads to."""
        return row.target.tag if row.target_id in self.context["seen"] else None


class RelationInput(serializers.Serializer):
    """A relation to add."""

    kind = serializers.ChoiceField(RelationKind.choices)
    source = serializers.UUIDField()
    target = serializers.UUIDField()
    note = serializers.CharField(max_length=250, required=False, default="", allow_blank=True)


class RelationViewSet(viewsets.GenericViewSet):
    """How assets bear on each other."""

    queryset = Relation.objects.none()
    serializer_class = RelationOutput
    filterset_class = RelationFilter
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of which one end is in view."""
        rows = Relation.objects.visible_to(self.request.user).select_related("source", "target")
        return rows.order_by("source__tag", "kind", "target__tag", "pk")

    def _shown(self, rows: list[Relation]) -> Any:
        ends = {pk for row in rows for pk in (row.source_id, row.target_id)}
        visible = Asset.objects.visible_to(self.request.user).filter(pk__in=ends)
        context = {"seen": set(visible.values_list("pk", flat=True))}
        return RelationOutput(rows, many=True, context=context).data

    def list(self, request: Request) -> Response:
        """Relations in view."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(list(page or [])))

    def retrieve(self, request: Request, uid: str) -> Response:
        """One relation."""
        return Response(self._shown([self.get_object()])[0])

    @extend_schema(request=RelationInput, responses={201: RelationOutput})
    def create(self, request: Request) -> Response:
        """Say how an asset bears on another."""
        data, rows = given(RelationInput, request), selectors.assets_visible_to(request.user)
        source, target = named(rows, data["source"], "source"), named(rows, data["target"], "target")
        row = assets.relate(source, data["kind"], target, by=request.user, note=data["note"])
        return Response(self._shown([row])[0], status=status.HTTP_201_CREATED)

    @extend_schema(request=RecordReasonInput, responses={204: None})
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, uid: str) -> Response:
        """Remove a relation; its history stays."""
        assets.unrelate(
            self.get_object(), by=request.user, reason=given(RecordReasonInput, request)["reason"]
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
