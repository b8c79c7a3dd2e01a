"""Live systems by REST: endpoints, signals, readings."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets.models import Asset, Location
from operations import selectors
from operations.filters import EndpointFilter, ProbeRunFilter, SignalFilter
from operations.models import Endpoint, ProbeRun, Signal
from operations.services import endpoints as services
from operations.services import probes
from plantgov.core.scope import require


class EndpointOutput(serializers.ModelSerializer):
    """An endpoint as it is."""

    location = serializers.UUIDField(source="location.uid")
    asset = serializers.CharField(source="asset.tag", default=None)

    class Meta:
        model = Endpoint
        fields = [
            "uid",
            "revision",
            "name",
            "location",
            "asset",
            "protocol",
            "url",
            "security",
            "credential_ref",
            "timeout_s",
            "is_enabled",
        ]


class EndpointInput(serializers.Serializer):
    """An endpoint to register."""

    name = serializers.CharField(max_length=150)
    location = serializers.UUIDField()
    asset = serializers.UUIDField(required=False, allow_null=True, help_text="uid of the asset that it is")
    protocol = serializers.ChoiceField(Endpoint.Protocol.choices)
    url = serializers.CharField(max_length=300)
    timeout_s = serializers.FloatField(default=3)
    security = serializers.DictField(default=dict)
    credential_ref = serializers.CharField(default="", allow_blank=True)
    is_enabled = serializers.BooleanField(default=True)


class SignalOutput(serializers.ModelSerializer):
    """A signal as it is."""

    asset = serializers.CharField(source="asset.tag")
    endpoint = serializers.UUIDField(source="endpoint.uid")

    class Meta:
        model = Signal
        fields = [
            "uid",
            "revision",
            "endpoint",
            "asset",
            "key",
            "name",
            "address",
            "datatype",
            "unit",
            "scale",
            "offset",
        ]


class SignalInput(serializers.Serializer):
    """A signal to add."""

    endpoint = serializers.UUIDField()
    asset = serializers.UUIDField()
    key = serializers.SlugField(max_length=60)
    address = serializers.CharField(max_length=300)
    datatype = serializers.CharField(default="", allow_blank=True)
    unit = serializers.CharField(default="", allow_blank=True)
    name = serializers.CharField(default="", allow_blank=True)
    scale = serializers.DecimalField(18, 9, default=1)
    offset = serializers.DecimalField(18, 9, default=0)


class ReadingOutput(serializers.Serializer):
    """One value, or why there is none."""

    signal = serializers.CharField(source="signal_uid")
    key = serializers.CharField()
    endpoint = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    quality = serializers.CharField()
    source_time = serializers.DateTimeField(allow_null=True)
    received_time = serializers.DateTimeField(allow_null=True)
    code = serializers.CharField()
    reason = serializers.CharField(allow_null=True)


class ProbeRunOutput(serializers.ModelSerializer):
    """A reading and, once it is done, its values."""

    readings = serializers.SerializerMethodField()

    class Meta:
        model = ProbeRun
        fields = ["uid", "purpose", "state", "requested_at", "deadline_s", "readings"]

    @extend_schema(responses=ReadingOutput(many=True))
    def get_readings(self, run: ProbeRun) -> list[dict[str, Any]]:
        """The values that came back."""
        return ReadingOutput(list(selectors.readings_of(run).values()), many=True).data  # type: ignore[return-value]


class ProbeRunInput(serializers.Serializer):
    """Signals to read now."""

    signals = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=500)
    deadline_s = serializers.FloatField(default=10, min_value=0.5, max_value=120)


class EndpointViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Reachable systems."""

    queryset = Endpoint.objects.none()
    serializer_class = EndpointOutput
    filterset_class = EndpointFilter
    ordering_fields = ["name", "protocol"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.endpoints_visible_to(self.request.user)

    @extend_schema(request=EndpointInput, responses={201: EndpointOutput})
    def create(self, request: Request) -> Response:
        """Register a system."""
        given = EndpointInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        location = get_object_or_404(Location.objects.visible_to(request.user), uid=data.pop("location"))
        asset_uid = data.pop("asset", None)
        asset = (
            get_object_or_404(Asset.objects.visible_to(request.user), uid=asset_uid) if asset_uid else None
        )
        row = services.add_endpoint(
            services.EndpointDetails(**data), location=location, asset=asset, by=request.user
        )
        return Response(EndpointOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: ProbeRunOutput})
    @action(detail=True, methods=["post"])
    def read(self, request: Request, uid: str) -> Response:
        """Read all its signals now; poll the answer's run."""
        endpoint = self.get_object()
        require(request.user, "operations.run_probe", endpoint)
        signals = list(endpoint.signals.select_related("endpoint__location", "asset__zone"))
        run = probes.request(signals, by=request.user, purpose=f"Test of {endpoint.name}")
        return Response(ProbeRunOutput(run).data, status=status.HTTP_202_ACCEPTED)


class SignalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Addressable values of endpoints."""

    queryset = Signal.objects.none()
    serializer_class = SignalOutput
    filterset_class = SignalFilter
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return (
            Signal.objects.visible_to(self.request.user)
            .select_related("asset", "endpoint")
            .order_by("asset", "key")
        )

    @extend_schema(request=SignalInput, responses={201: SignalOutput})
    def create(self, request: Request) -> Response:
        """Say where a property of an asset can be read."""
        given = SignalInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        endpoint = get_object_or_404(selectors.endpoints_visible_to(request.user), uid=data.pop("endpoint"))
        asset = get_object_or_404(Asset.objects.visible_to(request.user), uid=data.pop("asset"))
        row = services.add_signal(endpoint, services.SignalDetails(**data), asset=asset, by=request.user)
        return Response(SignalOutput(row).data, status=status.HTTP_201_CREATED)


class ProbeRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Readings of the plant."""

    queryset = ProbeRun.objects.none()
    serializer_class = ProbeRunOutput
    filterset_class = ProbeRunFilter
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return ProbeRun.objects.visible_to(self.request.user).order_by("-requested_at")

    @extend_schema(request=ProbeRunInput, responses={202: ProbeRunOutput})
    def create(self, request: Request) -> Response:
        """Read signals now; poll the answer's run."""
        given = ProbeRunInput(data=request.data)
        given.is_valid(raise_exception=True)
        rows = Signal.objects.visible_to(request.user).filter(uid__in=given.validated_data["signals"])
        signals = list(rows.select_related("endpoint__location", "asset__zone"))
        for signal in signals:
            require(request.user, "operations.run_probe", signal)
        run = probes.request(
            signals, by=request.user, purpose="Reading by API", deadline_s=given.validated_data["deadline_s"]
        )
        return Response(ProbeRunOutput(run).data, status=status.HTTP_202_ACCEPTED)
