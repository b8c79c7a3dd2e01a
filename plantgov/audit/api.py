"""The ledger by REST: entries with their proofs, checkpoints with theirs."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plantgov.audit import selectors
from plantgov.audit.filters import EntryFilter
from plantgov.audit.models import Checkpoint, Entry
from plantgov.audit.services import proofs
from plantgov.core.errors import BadInput
from plantgov.core.paging import CursorPages
from plantgov.core.scope import require_anywhere


class EntryOutput(serializers.ModelSerializer):
    """One line of the ledger. `canonical` is the exact text that is sealed."""

    leaf_index = serializers.IntegerField(source="leaf.index", default=None, allow_null=True)
    canonical = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = [
            "uid",
            "at",
            "action",
            "actor_uid",
            "actor_label",
            "acting_for_label",
            "role",
            "rule",
            "reason",
            "thing_kind",
            "thing_uid",
            "thing_label",
            "thing_seq",
            "row_table",
            "row_key",
            "before",
            "after",
            "commitments",
            "channel",
            "request_id",
            "leaf_index",
            "canonical",
        ]

    def get_canonical(self, entry: Entry) -> str:
        """As text: it is UTF-8."""
        return bytes(entry.canonical).decode()


class CheckpointOutput(serializers.ModelSerializer):
    """A signed tree head."""

    origin = serializers.CharField(source="origin.name")
    key = serializers.CharField(source="key.fingerprint")
    root = serializers.SerializerMethodField()

    class Meta:
        model = Checkpoint
        fields = ["id", "origin", "size", "root", "at", "key", "note"]

    def get_root(self, checkpoint: Checkpoint) -> str:
        """In hex."""
        return bytes(checkpoint.root).hex()


class InclusionOutput(serializers.Serializer):
    """That an entry is in the log: hashes from the leaf to the root, in hex."""

    index = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    checkpoint = CheckpointOutput()


class ConsistencyOutput(serializers.Serializer):
    """That the log only grew: hashes in hex."""

    since = serializers.IntegerField()
    path = serializers.ListField(child=serializers.CharField())
    checkpoint = CheckpointOutput()


class EntryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Entries in the reader's view, newest first."""

    queryset = Entry.objects.none()
    serializer_class = EntryOutput
    pagination_class = CursorPages
    filterset_class = EntryFilter
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return Entry.objects.visible_to(self.request.user).select_related("leaf")

    @extend_schema(responses=InclusionOutput, filters=False)
    @action(detail=True, pagination_class=None)
    def proof(self, request: Request, uid: str) -> Response:
        """The proof that an entry is sealed, under the newest checkpoint; 409 while it is not."""
        entry = self.get_object()
        index, checkpoint = proofs.sealed_place(entry)
        path = [part.hex() for part in proofs.inclusion_proof(index, checkpoint.size)]
        return Response(InclusionOutput({"index": index, "path": path, "checkpoint": checkpoint}).data)


class CheckpointViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Checkpoints, newest first, for whoever may read the ledger somewhere: they tell nothing but its size."""

    queryset = Checkpoint.objects.none()
    serializer_class = CheckpointOutput
    pagination_class = CursorPages
    filter_backends = ()

    def get_queryset(self) -> Any:
        """All of them."""
        require_anywhere(self.request.user, "audit.view_entry")
        return Checkpoint.objects.select_related("origin", "key")

    @extend_schema(
        responses=ConsistencyOutput,
        parameters=[OpenApiParameter("since", int, required=True, description="the tree size that you kept")],
    )
    @action(detail=True, pagination_class=None)
    def consistency(self, request: Request, pk: str) -> Response:
        """The proof that the log of this checkpoint goes on from an earlier size."""
        checkpoint, given = self.get_object(), request.query_params.get("since", "")
        since = selectors.number(given)
        if not 0 < since <= checkpoint.size:
            raise BadInput({"since": [f"Give a size from 1 to {checkpoint.size}."]})
        path = [part.hex() for part in proofs.consistency_proof(since, checkpoint.size)]
        return Response(ConsistencyOutput({"since": since, "path": path, "checkpoint": checkpoint}).data)
