"""What goes in and comes out of the API about changes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from changes.models import Change
from changes.services.offers import Desk
from changes.states import Phase
from plantgov.core.verdict import Reason


class ReasonOutput(serializers.Serializer):
    """Why something is not possible now."""

    code = serializers.CharField()
    message = serializers.CharField()


class OfferOutput(serializers.Serializer):
    """A transition that the caller has the right to take; blocked while it has reasons."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # our field, not the serializer's own label
    is_signed = serializers.BooleanField()
    needs_reason = serializers.BooleanField()
    reasons = ReasonOutput(many=True)


class GateOutput(serializers.Serializer):
    """The gate of the phase that counts now; `results_digest` is the evidence that a signature repeats."""

    phase = serializers.CharField()
    is_open = serializers.BooleanField()
    is_enforced = serializers.BooleanField()
    is_running = serializers.BooleanField()
    number = serializers.IntegerField(allow_null=True)
    verdict = serializers.CharField()
    results_digest = serializers.CharField()
    finished_at = serializers.DateTimeField(allow_null=True)
    valid_until = serializers.DateTimeField(allow_null=True)
    reasons = ReasonOutput(many=True)


class ExpectedShape(serializers.Serializer):
    """A state that is expected of a property in some phases, instead of what the policies say."""

    key = serializers.SlugField()
    phases = serializers.ListField(child=serializers.ChoiceField(Phase.choices), min_length=1)
    value = serializers.JSONField()
    why = serializers.CharField(default="", allow_blank=True, max_length=250)


class CoveredOutput(serializers.Serializer):
    """An asset that the change covers."""

    uid = serializers.UUIDField()
    tag = serializers.CharField()
    expected = ExpectedShape(many=True)


class CoveredInput(serializers.Serializer):
    """An asset to cover."""

    uid = serializers.UUIDField()
    expected = ExpectedShape(many=True, default=list)


class StepOutput(serializers.Serializer):
    """A step of the work."""

    number = serializers.IntegerField()
    text = serializers.CharField()
    state = serializers.CharField()
    done_by = serializers.CharField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class AskedOutput(serializers.Serializer):
    """An approval that is asked for."""

    stage = serializers.IntegerField()
    stage_name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the same
    permission = serializers.CharField()
    count = serializers.IntegerField()
    missing = serializers.IntegerField()


class ChangeRow(serializers.ModelSerializer):
    """A change as lists show it."""

    location = serializers.UUIDField(source="location.uid")
    requested_by = serializers.CharField()

    class Meta:
        model = Change
        fields = [
            "uid",
            "reference",
            "revision",
            "kind",
            "state",
            "outcome",
            "title",
            "risk",
            "location",
            "window_from",
            "window_until",
            "requested_by",
            "requested_at",
            "due_at",
        ]


class ChangeOutput(ChangeRow):
    """A change, its gate and what the caller may do with it now."""

    assets = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()
    gate = serializers.SerializerMethodField()
    offers = serializers.SerializerMethodField()

    class Meta(ChangeRow.Meta):
        fields = [
            *ChangeRow.Meta.fields,
            "description",
            "justification",
            "risk_answers",
            "rollback_trigger",
            "rollback_steps",
            "rollback_max_min",
            "rollback_backup",
            "round",
            "content_digest",
            "assets",
            "steps",
            "approvals",
            "gate",
            "offers",
        ]

    @property
    def desk(self) -> Desk:
        """The change as the caller finds it."""
        found: Desk = self.context["desk"]
        return found

    @extend_schema_field(CoveredOutput(many=True))
    def get_assets(self, change: Change) -> list[dict[str, Any]]:
        """The assets in the caller's view."""
        rows = [row for row in self.desk.dossier.covered if row.asset_id in self.desk.visible_assets]
        return [{"uid": str(row.asset.uid), "tag": row.asset.tag, "expected": row.expected} for row in rows]

    @extend_schema_field(StepOutput(many=True))
    def get_steps(self, change: Change) -> Any:
        """The steps of the work."""
        return StepOutput(self.desk.dossier.steps, many=True).data

    @extend_schema_field(AskedOutput(many=True))
    def get_approvals(self, change: Change) -> Any:
        """The approvals of the present round."""
        return AskedOutput(self.desk.dossier.asked, many=True).data

    @extend_schema_field(GateOutput)
    def get_gate(self, change: Change) -> dict[str, Any]:
        """The gate that counts now."""
        desk, run = self.desk, self.desk.run
        return {
            "phase": desk.phase,
            "is_open": not desk.gate.blockers,
            "is_enforced": desk.gate.is_enforced,
            "is_running": desk.phase in desk.dossier.running,
            "number": run.number if run else None,
            "verdict": run.verdict if run else "",
            "results_digest": run.results_digest if run else "",
            "finished_at": run.finished_at if run else None,
            "valid_until": run.valid_until if run else None,
            "reasons": reasons(desk.gate.blockers) if desk.sees_all else [],
        }

    @extend_schema_field(OfferOutput(many=True))
    def get_offers(self, change: Change) -> list[dict[str, Any]]:
        """What the caller may do, with what blocks it."""
        return [
            {
                "name": offer.row.name,
                "label": str(offer.row.label),
                "is_signed": bool(offer.row.meaning),
                "needs_reason": offer.row.needs_reason,
                "reasons": reasons(offer.blockers),
            }
            for offer in self.desk.offers
        ]


def reasons(rows: list[Reason]) -> list[dict[str, Any]]:
    """Reasons as the API shows them."""
    return [row.as_json() for row in rows]


class ChangePatch(serializers.Serializer):
    """What may be edited; what is left out stays as it is."""

    title = serializers.CharField(max_length=150, required=False)
    location = serializers.UUIDField(required=False)
    description = serializers.CharField(required=False)
    justification = serializers.CharField(required=False)
    assets = CoveredInput(many=True, required=False)
    steps = serializers.ListField(child=serializers.CharField(max_length=500), required=False)
    risk_answers = serializers.DictField(required=False)
    rollback_trigger = serializers.CharField(required=False, allow_blank=True)
    rollback_steps = serializers.CharField(required=False, allow_blank=True)
    rollback_max_min = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    rollback_backup = serializers.CharField(required=False, allow_blank=True, max_length=250)
    window_from = serializers.DateTimeField(required=False, allow_null=True)
    window_until = serializers.DateTimeField(required=False, allow_null=True)
    implementers = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="uids of the persons who carry it out"
    )
    revision = serializers.IntegerField(required=False, help_text="instead of the header If-Match")


class ChangeInput(ChangePatch):
    """A change to raise."""

    title = serializers.CharField(max_length=150)
    location = serializers.UUIDField()
    description = serializers.CharField()
    justification = serializers.CharField()
    revision = None  # type: ignore[assignment]  # a new change has none


class ReauthenticationInput(serializers.Serializer):
    """Proof that the person is at the screen."""

    password = serializers.CharField(trim_whitespace=False)
    code = serializers.CharField(default="", allow_blank=True)


class MoveInput(serializers.Serializer):
    """A transition that asks for nothing."""

    comment = serializers.CharField(default="", allow_blank=True)


class ReasonInput(serializers.Serializer):
    """A transition that needs a reason."""

    reason = serializers.CharField(default="", allow_blank=True)


class SignedInput(serializers.Serializer):
    """A transition that is signed: what was seen, and who signs."""

    content_digest = serializers.CharField(max_length=64)
    evidence_digest = serializers.CharField(max_length=64, default="", allow_blank=True)
    reauthentication = ReauthenticationInput()
    comment = serializers.CharField(default="", allow_blank=True)


class SignedReasonInput(SignedInput):
    """A transition that is signed and needs a reason."""

    reason = serializers.CharField(default="", allow_blank=True)


class StepInput(serializers.Serializer):
    """A note to a step; needed to skip one."""

    note = serializers.CharField(default="", allow_blank=True)


class ReadingInput(serializers.Serializer):
    """A value that the caller read at the equipment."""

    asset = serializers.UUIDField()
    key = serializers.SlugField(max_length=60)
    phase = serializers.ChoiceField(Phase.choices)
    value = serializers.JSONField()
    observed_at = serializers.DateTimeField()
    witness = serializers.UUIDField(required=False, allow_null=True)
    note = serializers.CharField(default="", allow_blank=True)


class ReadingOutput(serializers.Serializer):
    """A value that was entered by hand."""

    uid = serializers.UUIDField()
    asset = serializers.CharField(source="asset.tag")
    key = serializers.CharField()
    phase = serializers.CharField()
    value = serializers.JSONField()
    observer = serializers.CharField()
    witness = serializers.CharField(allow_null=True)
    observed_at = serializers.DateTimeField()
