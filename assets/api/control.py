"""Owners, baselines, holds and authorisations by REST."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets import selectors
from assets.api.common import RecordReasonInput, given, named, tagged
from assets.filters import HoldFilter, OwnershipFilter
from assets.models import Authorisation, Baseline, Hold, Ownership
from assets.services import baselines, holds, ownership
from assets.services.baselines import Configuration
from assets.services.ownership import Post
from assets.states import OwnerRole
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.people.models import Person, Team
from plantgov.workspace.selectors import thing_of


class OwnershipOutput(serializers.ModelSerializer):
    """What somebody is to a thing."""

    thing = serializers.UUIDField(source="thing_uid")
    owner = serializers.CharField()
    person = serializers.UUIDField(source="person.uid", default=None)
    team = serializers.UUIDField(source="team.uid", default=None)

    class Meta:
        model = Ownership
        fields = ["uid", "thing_kind", "thing", "role", "discipline", "owner", "person", "team"]
        fields += ["from_at", "until_at"]


class OwnershipInput(serializers.Serializer):
    """Who shall answer for a thing."""

    thing_kind = serializers.CharField()
    thing = serializers.UUIDField()
    person = serializers.UUIDField(required=False)
    team = serializers.UUIDField(required=False)
    role = serializers.ChoiceField(OwnerRole.choices, default=OwnerRole.ACCOUNTABLE)
    discipline = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class OwnershipViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Who answers for what."""

    queryset = Ownership.objects.none()
    serializer_class = OwnershipOutput
    filterset_class = OwnershipFilter
    ordering_fields = ["from_at"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of things in view."""
        rows = Ownership.objects.visible_to(self.request.user).select_related("person", "team")
        return rows.order_by("-from_at", "-pk")

    @extend_schema(request=OwnershipInput, responses={201: OwnershipOutput})
    def create(self, request: Request) -> Response:
        """Name an owner; who was accountable before ends at this moment."""
        data = given(OwnershipInput, request)
        if slots.ownable.get(data["thing_kind"]) is None:
            raise BadInput({"thing_kind": [_("Things of this kind have no owners.")]})
        thing = thing_of(request.user, data["thing_kind"], str(data["thing"]))
        post = Post(data["role"], data["discipline"])
        owner = _party(request, data)
        row = ownership.assign(thing, owner, by=request.user, at=now(), post=post, reason=data["reason"])
        return Response(OwnershipOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RecordReasonInput, responses=OwnershipOutput)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, uid: str) -> Response:
        """End what somebody is to a thing."""
        reason = given(RecordReasonInput, request)["reason"]
        row = ownership.end(self.get_object(), by=request.user, at=now(), reason=reason)
        return Response(OwnershipOutput(row).data)


def _party(request: Request, data: dict[str, Any]) -> Person | Team:
    if bool(data.get("person")) == bool(data.get("team")):
        raise BadInput({"person": [_("Name a person or a team.")]})
    if data.get("person"):
        return named(Person.objects.visible_to(request.user), data["person"], "person")
    return named(Team.objects.visible_to(request.user), data["team"], "team")


class BaselineOutput(serializers.ModelSerializer):
    """An approved configuration."""

    asset = serializers.UUIDField(source="asset.uid")
    approved_by = serializers.CharField()

    class Meta:
        model = Baseline
        fields = ["uid", "asset", "version", "is_current", "firmware", "program_name", "program_fingerprint"]
        fields += ["change_counter", "details", "approved_at", "approved_by", "change_reference", "reason"]


class BaselineInput(serializers.Serializer):
    """A configuration to adopt without a change."""

    asset = serializers.UUIDField()
    firmware = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    program_name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    program_fingerprint = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    change_counter = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=2000)


class BaselineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Approved configurations in versions."""

    queryset = Baseline.objects.none()
    serializer_class = BaselineOutput
    filterset_fields = ["asset__uid", "is_current", "change_reference"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of assets in view."""
        rows = Baseline.objects.visible_to(self.request.user)
        return rows.select_related("asset", "approved_by__person").order_by("asset__tag", "-version")

    @extend_schema(request=BaselineInput, responses={201: BaselineOutput})
    def create(self, request: Request) -> Response:
        """Adopt a configuration as the approved one."""
        data = given(BaselineInput, request)
        asset = named(selectors.assets_visible_to(request.user), data.pop("asset"), "asset")
        reason = data.pop("reason")
        row = baselines.adopt(asset, Configuration(**data), by=request.user, at=now(), reason=reason)
        return Response(BaselineOutput(row).data, status=status.HTTP_201_CREATED)


class HoldOutput(serializers.ModelSerializer):
    """A stop."""

    asset = serializers.UUIDField(source="asset.uid", default=None)
    location = serializers.UUIDField(source="location.uid", default=None)
    target = serializers.CharField()
    placed_by = serializers.CharField()
    lifted_by = serializers.CharField(default=None, allow_null=True)

    class Meta:
        model = Hold
        fields = ["uid", "revision", "target", "asset", "location", "reason", "placed_by", "placed_at"]
        fields += ["expires_at", "lifted_by", "lifted_at", "lift_reason"]


class HoldInput(serializers.Serializer):
    """A stop on an asset or a place."""

    asset = serializers.UUIDField(required=False)
    location = serializers.UUIDField(required=False)
    reason = serializers.CharField(max_length=2000)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class HoldViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Stops."""

    queryset = Hold.objects.none()
    serializer_class = HoldOutput
    filterset_class = HoldFilter
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of assets and places in view."""
        rows = Hold.objects.visible_to(self.request.user).order_by("-placed_at", "-pk")
        return rows.select_related("asset", "location", "placed_by__person", "lifted_by__person")

    @extend_schema(request=HoldInput, responses={201: HoldOutput})
    def create(self, request: Request) -> Response:
        """Stop work on an asset, or on a place and everything in it."""
        data = given(HoldInput, request)
        if bool(data.get("asset")) == bool(data.get("location")):
            raise BadInput({"asset": [_("Name an asset or a place.")]})
        target: Any = (
            named(selectors.assets_visible_to(request.user), data["asset"], "asset")
            if data.get("asset")
            else named(selectors.locations_visible_to(request.user), data["location"], "location")
        )
        row = holds.place_hold(
            target, by=request.user, reason=data["reason"], at=now(), expires_at=data["expires_at"]
        )
        return tagged(HoldOutput(row).data, row, status=201)

    @extend_schema(request=RecordReasonInput, responses=HoldOutput)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, uid: str) -> Response:
        """Lift a hold."""
        reason = given(RecordReasonInput, request)["reason"]
        row = holds.lift_hold(self.get_object(), by=request.user, reason=reason, at=now())
        return tagged(HoldOutput(row).data, row)


class AuthorisationOutput(serializers.ModelSerializer):
    """The permission of a running change to alter an asset."""

    asset = serializers.UUIDField(source="asset.uid")

    class Meta:
        model = Authorisation
        fields = ["uid", "asset", "change_reference", "from_at", "until_at", "ended_at"]


class AuthorisationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """What running changes may alter. Given and ended by changes only."""

    queryset = Authorisation.objects.none()
    serializer_class = AuthorisationOutput
    filterset_fields = ["asset__uid", "change_reference"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of assets in view."""
        rows = Authorisation.objects.visible_to(self.request.user)
        return rows.select_related("asset").order_by("-from_at", "-pk")
