"""Exports by REST."""

from typing import Any

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from evidence import selectors
from evidence.models import Export
from evidence.services import exports
from plantgov.core.clock import now
from plantgov.core.errors import Hidden
from plantgov.workspace.services import files


class ExportOutput(serializers.ModelSerializer):
    """An export."""

    requested_by = serializers.CharField()
    references = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Export
        fields = [
            "uid",
            "title",
            "purpose",
            "references",
            "requested_by",
            "requested_at",
            "state",
            "sha256",
            "size",
            "ready_at",
            "error",
        ]


class ExportInput(serializers.Serializer):
    """Which changes, and what for."""

    references = serializers.ListField(
        child=serializers.CharField(max_length=30), min_length=1, max_length=1000
    )
    purpose = serializers.CharField(max_length=250)


class ExportViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Evidence bundles."""

    queryset = Export.objects.none()
    serializer_class = ExportOutput
    lookup_field = "uid"
    filterset_fields = ["state"]

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.exports_visible_to(self.request.user)

    @extend_schema(request=ExportInput, responses={202: ExportOutput})
    def create(self, request: Request) -> Response:
        """Ask for a bundle; poll it until it is ready."""
        given = ExportInput(data=request.data)
        given.is_valid(raise_exception=True)
        row = exports.request(**given.validated_data, by=request.user, at=now())
        return Response(ExportOutput(row).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, uid: str) -> FileResponse:
        """The bundle itself."""
        row = self.get_object()
        if not row.sha256:
            raise Hidden
        path = files.path_of(row.sha256)
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=row.file_name, content_type="application/zip"
        )
