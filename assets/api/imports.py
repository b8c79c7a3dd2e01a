"""Imports by REST: send a file, look at the report, apply it."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, parsers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets.api.common import given
from assets.models import Import
from assets.services.imports import files
from assets.services.imports.files import Choices
from assets.services.imports.reading import MOST_BYTES
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.core.scope import require_anywhere


class ImportOutput(serializers.ModelSerializer):
    """A file brought in."""

    summary = serializers.DictField(source="report.summary", child=serializers.IntegerField())

    class Meta:
        model = Import
        fields = ["uid", "kind", "file_name", "sha256", "state", "uploaded_at", "applied_at", "summary"]


class ImportDetailOutput(ImportOutput):
    """A file brought in, with every problem and what each row would do."""

    problems = serializers.ListField(source="report.problems", child=serializers.DictField())
    rows = serializers.ListField(source="report.rows", child=serializers.DictField())

    class Meta(ImportOutput.Meta):
        fields = [*ImportOutput.Meta.fields, "problems", "rows"]


class ImportInput(serializers.Serializer):
    """A file and how it is to be taken."""

    file = serializers.FileField()
    kind = serializers.CharField(default="assets")
    create_locations = serializers.BooleanField(default=False)
    reason = serializers.CharField(required=False, default="", allow_blank=True)


class ImportViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The caller's own imports."""

    queryset = Import.objects.none()
    serializer_class = ImportOutput
    parser_classes = [parsers.MultiPartParser, parsers.JSONParser]
    filterset_fields = ["kind", "state"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of the caller."""
        return Import.objects.visible_to(self.request.user).defer("content").order_by("-uploaded_at", "-pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The caller's own imports."""
        require_anywhere(request.user, "assets.import_register")
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=ImportDetailOutput)
    def retrieve(self, request: Request, uid: str) -> Response:
        """One import with its report."""
        return Response(ImportDetailOutput(self.get_object()).data)

    @extend_schema(request={"multipart/form-data": ImportInput}, responses={201: ImportDetailOutput})
    def create(self, request: Request) -> Response:
        """Send a file: every row is checked, nothing is changed."""
        data = given(ImportInput, request)
        if data["file"].size > MOST_BYTES:
            raise BadInput({"file": [_("The file is too large; split it.")]})
        row = files.bring(
            data["file"].read(),
            data["file"].name,
            kind=data["kind"],
            by=request.user,
            at=now(),
            choices=Choices(data["create_locations"], data["reason"]),
        )
        return Response(ImportDetailOutput(row).data, status=201)

    @extend_schema(request=None, responses=ImportOutput)
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, uid: str) -> Response:
        """Write what the report shows: all of it, or nothing."""
        return Response(ImportOutput(files.apply(self.get_object(), by=request.user, at=now())).data)
