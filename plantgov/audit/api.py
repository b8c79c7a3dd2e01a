"""The ledger by REST: entries with their proofs, checkpoints."""

from typing import Any

from django.shortcuts import get_object_or_404
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plantgov.audit.filters import CheckpointFilter, EntryFilter
from plantgov.audit.models import Checkpoint, Entry
from plantgov.audit.services import inclusion, proofs
from plantgov.core.errors import BadInput
from plantgov.core.paging import CursorPages
from plantgov.core.scope import require_anywhere


class EntryOutput(serializers.ModelSerializer):
    """An entry, and its place in the log once it is sealed."""

    leaf = serializers.IntegerField(source="leaf.index", default=None, allow_null=True)
    leaf_hash = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = [
            "uid",
            "at",
            "action",
            "actor_uid",
            "actor_label",
            "person_uid",
            "acting_for_uid",
            "acting_for_label",
            "role",
            "rule",
            "reason",
            "request_id",
            "channel",
            "thing_kind",
            "thing_uid",
            "thing_label",
            "thing_seq",
            "row_table",
            "row_key",
            "before",
            "after",
            "attributed",
            "leaf",
            "leaf_hash",
        ]

    def get_leaf_hash(self, entry: Entry) -> str:
        """SHA-256 over 0x00 and the canonical bytes, in hex."""
        return bytes(entry.leaf_hash).hex()


class ProofOutput(serializers.Serializer):
    """All that is needed to prove an entry without trusting this server."""

    uid = serializers.UUIDField()
    canonical = serializers.CharField()
    leaf = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True)
    proof = serializers.ListField(child=serializers.CharField())
    checkpoint = serializers.CharField(allow_null=True)
    holds = serializers.BooleanField(allow_null=True)


class CheckpointOutput(serializers.ModelSerializer):
    """A signed tree head."""

    origin = serializers.CharField(source="origin.name")
    root = serializers.CharField(source="root_hex")  # type: ignore[assignment]
    key_fingerprint = serializers.CharField(source="key.fingerprint")

    class Meta:
        model = Checkpoint
        fields = ["id", "origin", "size", "root", "at", "key_fingerprint", "note"]


class ConsistencyOutput(serializers.Serializer):
    """That the log of `new` entries begins with the log of `old` entries (RFC 6962, section 2.1.2)."""

    old = serializers.IntegerField()
    new = serializers.IntegerField()
    proof = serializers.ListField(child=serializers.CharField())


class EntryViewSet(viewsets.ReadOnlyModelViewSet):
    """The ledger, newest first."""

    queryset = Entry.objects.none()
    serializer_class = EntryOutput
    pagination_class = CursorPages
    filter_backends = [DjangoFilterBackend]
    filterset_class = EntryFilter
    lookup_field = "uid"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> Any:
        """What the reader may see."""
        return Entry.objects.visible_to(self.request.user).select_related("leaf")

    @extend_schema(responses=ProofOutput)
    @action(detail=True)
    def proof(self, request: Request, uid: str) -> Response:
        """The entry's bytes and its proof under the first checkpoint that covers it."""
        entry = self.get_object()
        state = inclusion.state_of(entry)
        checkpoint = state.checkpoint
        told = {
            "uid": entry.uid,
            "canonical": bytes(entry.canonical).decode(),
            "leaf": state.index,
            "size": checkpoint.size if checkpoint else None,
            "proof": [hashed.hex() for hashed in state.proof],
            "checkpoint": checkpoint.note if checkpoint else None,
            "holds": state.holds,
        }
        return Response(ProofOutput(told).data)


class CheckpointViewSet(viewsets.ReadOnlyModelViewSet):
    """Signed tree heads, newest first."""

    queryset = Checkpoint.objects.none()
    serializer_class = CheckpointOutput
    pagination_class = CursorPages
    filter_backends = [DjangoFilterBackend]
    filterset_class = CheckpointFilter

    def get_queryset(self) -> Any:
        """All of them, for whoever may read any part of the ledger."""
        require_anywhere(self.request.user, "audit.view_entry")
        return Checkpoint.objects.select_related("origin", "key")

    @extend_schema(
        parameters=[OpenApiParameter("old", int, required=True, description="Size that you know already")],
        responses=ConsistencyOutput,
    )
    @action(detail=True, filter_backends=[], pagination_class=None)
    def consistency(self, request: Request, pk: str) -> Response:
        """Proof that this checkpoint goes on from the one of size `old`."""
        new = get_object_or_404(self.get_queryset(), pk=pk).size
        given = request.query_params.get("old", "")
        if not given.isdigit() or not 0 < int(given) <= new:
            raise BadInput({"old": [f"Give a size from 1 to {new}."]})
        proof = proofs.consistency_proof(int(given), new)
        told = {"old": int(given), "new": new, "proof": [hashed.hex() for hashed in proof]}
        return Response(ConsistencyOutput(told).data)
