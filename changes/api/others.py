"""Runs of gates and policies by REST."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.response import Response

from changes.api import run_shapes as shapes
from changes.api.changes import Request, by_key, validated
from changes.filters import CheckRunFilter, PolicyFilter
from changes.models import CheckRun, Policy
from changes.selectors import desk as lists
from changes.selectors import policies
from changes.services import gates


class CheckRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Runs of gates."""

    queryset = CheckRun.objects.none()
    filterset_class = CheckRunFilter
    lookup_field = "uid"

    def get_serializer_class(self) -> Any:
        """One run carries its results."""
        return shapes.RunRow if self.action == "list" else shapes.RunOutput

    def get_queryset(self) -> Any:
        """Those of changes in view."""
        visible = lists.changes_visible_to(self.request.user)
        rows = CheckRun.objects.filter(change__in=visible).select_related("change", "requested_by__person")
        return rows.prefetch_related("results__asset").order_by("-requested_at")

    @extend_schema(request=shapes.RunInput, responses={202: shapes.RunRow})
    def create(self, request: Request) -> Response:
        """Run a gate; poll this run until its state is not due any more."""
        given = validated(shapes.RunInput, request)
        change = get_object_or_404(lists.changes_visible_to(request.user), **by_key(given["change"]))
        run = gates.request_run(change.pk, given["phase"], by=request.user)
        return Response(shapes.RunRow(run).data, status=status.HTTP_202_ACCEPTED)


class PolicyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Policies, to read."""

    queryset = Policy.objects.none()
    serializer_class = shapes.PolicyOutput
    filterset_class = PolicyFilter
    lookup_field = "key"

    def get_queryset(self) -> Any:
        """Those that the caller may read."""
        return policies.policies_visible_to(self.request.user).order_by("key")
