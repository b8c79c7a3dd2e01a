"""What goes in and comes out of the API about runs of gates and policies."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.models import Asset
from changes.api.shapes import ReasonOutput
from changes.models import CheckResult, CheckRun, Policy, PolicyVersion
from changes.states import Phase
from plantgov.core.verdict import Reason


class PhaseInput(serializers.Serializer):
    """The phase whose gate is to be run."""

    phase = serializers.ChoiceField(Phase.choices)


class RunInput(PhaseInput):
    """A gate to run."""

    change = serializers.CharField(help_text="uid or reference")


class ResultOutput(serializers.ModelSerializer):
    """What one check said."""

    asset = serializers.CharField(source="asset.tag", default=None)
    reason = serializers.SerializerMethodField()

    class Meta:
        model = CheckResult
        fields = [
            "key",
            "label",
            "asset",
            "verdict",
            "severity",
            "source",
            "expected",
            "expected_from",
            "observed",
            "unit",
            "quality",
            "source_time",
            "received_time",
            "valid_until",
            "endpoint",
            "observer",
            "reason",
        ]

    @extend_schema_field(ReasonOutput)
    def get_reason(self, row: CheckResult) -> dict[str, Any]:
        """Why the verdict is what it is."""
        return Reason(row.reason_code, row.reason_params).as_json()


class RunRow(serializers.ModelSerializer):
    """A run of a gate."""

    change = serializers.CharField(source="change.reference")
    requested_by = serializers.CharField()

    class Meta:
        model = CheckRun
        fields = [
            "uid",
            "change",
            "phase",
            "number",
            "state",
            "verdict",
            "requested_by",
            "requested_at",
            "finished_at",
            "valid_until",
            "content_digest",
            "spec_digest",
            "results_digest",
        ]


class RunOutput(RunRow):
    """A run of a gate with its results."""

    results = serializers.SerializerMethodField()

    class Meta(RunRow.Meta):
        fields = [*RunRow.Meta.fields, "results"]

    @extend_schema_field(ResultOutput(many=True))
    def get_results(self, run: CheckRun) -> Any:
        """The results, without those of assets that the caller may not see."""
        rows = run.results.all()
        seen = Asset.objects.visible_to(self.context["request"].user).filter(
            pk__in=[r.asset_id for r in rows]
        )
        ids = {None, *seen.values_list("pk", flat=True)}
        return ResultOutput([row for row in rows if row.asset_id in ids], many=True).data


class VersionOutput(serializers.ModelSerializer):
    """A version of a policy."""

    class Meta:
        model = PolicyVersion
        fields = ["uid", "number", "digest", "published_at", "body"]


class PolicyOutput(serializers.ModelSerializer):
    """A policy and its versions."""

    versions = VersionOutput(many=True)

    class Meta:
        model = Policy
        fields = ["uid", "key", "name", "is_active", "versions"]
