"""Changes by REST: the same services as the portal, the same codes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request as AnyRequest
from rest_framework.response import Response

from assets.models import Asset, Location
from changes.api import run_shapes, shapes
from changes.filters import ChangeFilter
from changes.models import Change, Step
from changes.selectors import desk as lists
from changes.selectors.facts import Dossier
from changes.services import drafts, gates, readings, verbs, work
from changes.services.drafts import AssetPlan
from changes.services.offers import Desk
from changes.services.revise import revise
from changes.services.signatures import Signing
from changes.states import TRANSITIONS
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.people.models import Person
from plantgov.people.services.signing import reauthenticate


class Request(AnyRequest):
    """A request of somebody who is known."""

    user: Any


IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="the ETag that was read")


class ChangeViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Change requests. Look one up by its uid or its reference."""

    queryset = Change.objects.none()
    serializer_class = shapes.ChangeRow
    filterset_class = ChangeFilter
    ordering_fields = ["reference", "title", "state", "risk", "window_from", "requested_at"]
    lookup_field = "uid"
    lookup_value_regex = "[^/]+"

    def get_queryset(self) -> Any:
        """Those in view."""
        return lists.changes_visible_to(self.request.user).order_by("-requested_at")

    def get_object(self) -> Change:
        """The change with this uid or reference."""
        change: Change = get_object_or_404(self.get_queryset(), **by_key(self.kwargs["uid"]))
        return change

    def answer(self, change: Change, *, code: int = 200) -> Response:
        """The change as the caller finds it now, with its ETag."""
        fresh = get_object_or_404(self.get_queryset(), pk=change.pk)
        desk = Desk(Dossier(fresh, now()), self.request.user)
        data = shapes.ChangeOutput(fresh, context={"desk": desk}).data
        return Response(data, status=code, headers={"ETag": f'"{fresh.revision}"'})

    @extend_schema(responses=shapes.ChangeOutput)
    def retrieve(self, request: Request, uid: str) -> Response:
        """A change, its gate and what the caller may do with it now."""
        return self.answer(self.get_object())

    @extend_schema(request=shapes.ChangeInput, responses={201: shapes.ChangeOutput})
    def create(self, request: Request) -> Response:
        """Raise a change as a draft."""
        data = validated(shapes.ChangeInput, request)
        people = _people(data.pop("implementers", []))
        change = drafts.raise_change(
            drafts.ChangeDetails(**_resolved(data, request.user)), by=request.user, implementers=people
        )
        return self.answer(change, code=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.ChangePatch, responses=shapes.ChangeOutput, parameters=[IF_MATCH])
    def partial_update(self, request: Request, uid: str) -> Response:
        """Edit a change; a material edit after it was handed in makes approvals void."""
        change, data = self.get_object(), validated(shapes.ChangePatch, request)
        revision = _revision(request, data.pop("revision", None))
        people = _people(data.pop("implementers")) if "implementers" in data else None
        details = drafts.details_of(change)
        given = _resolved(data, request.user, kept=_unseen(details, request.user))
        revise(change.pk, replace(details, **given), implementers=people, by=request.user, revision=revision)
        return self.answer(change)

    @extend_schema(request=run_shapes.PhaseInput, responses={202: run_shapes.RunRow})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, uid: str) -> Response:
        """Run the gate of a phase; poll the answer's run under check-runs."""
        change = self.get_object()
        given = validated(run_shapes.PhaseInput, request)
        run = gates.request_run(change.pk, given["phase"], by=request.user)
        return Response(run_shapes.RunRow(run).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=shapes.ReadingInput, responses={201: shapes.ReadingOutput})
    @action(detail=True, methods=["post"])
    def readings(self, request: Request, uid: str) -> Response:
        """Enter a value that the caller read at the equipment; it counts at the next run of the gate."""
        change, given = self.get_object(), validated(shapes.ReadingInput, request)
        witness = _people([given["witness"]])[0] if given.get("witness") else None
        asset = get_object_or_404(Asset.objects.visible_to(request.user), uid=given["asset"])
        details = readings.ReadingDetails(**{**given, "asset": asset, "witness": witness})
        row = readings.enter(change.pk, details, by=request.user)
        return Response(shapes.ReadingOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.StepInput, responses=shapes.StepOutput)
    @action(detail=True, methods=["post"], url_path=r"steps/(?P<number>[0-9]+)/done")
    def step_done(self, request: Request, uid: str, number: str) -> Response:
        """Note that a step is done."""
        return self._step(request, int(number), Step.State.DONE)

    @extend_schema(request=shapes.StepInput, responses=shapes.StepOutput)
    @action(detail=True, methods=["post"], url_path=r"steps/(?P<number>[0-9]+)/skip")
    def step_skip(self, request: Request, uid: str, number: str) -> Response:
        """Note that a step is skipped, and why."""
        return self._step(request, int(number), Step.State.SKIPPED)

    def _step(self, request: Request, number: int, state: str) -> Response:
        change, given = self.get_object(), validated(shapes.StepInput, request)
        get_object_or_404(change.steps, number=number)
        if state == Step.State.SKIPPED and not given["note"].strip():
            raise BadInput({"note": ["Say why the step is skipped."]})
        row = work.note_step(change.pk, number, by=request.user, state=state, note=given["note"])
        return Response(shapes.StepOutput(row).data)


def by_key(text: str) -> dict[str, Any]:
    """How a change is looked up: by uid if it looks like one, else by reference."""
    try:
        return {"uid": UUID(text)}
    except ValueError:
        return {"reference": text}


def validated(shape: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The input in its right shape; raises a 400 that points to what is wrong."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _revision(request: Request, given: int | None) -> int | None:
    text = request.headers.get("If-Match", "").removeprefix("W/").strip('" ')
    return int(text) if text.isdigit() else given


def _people(uids: list[Any]) -> list[Person]:
    found = {person.uid: person for person in Person.objects.filter(uid__in=uids, left_at=None)}
    unknown = [str(uid) for uid in uids if uid not in found]
    if unknown:
        raise BadInput({"implementers": [f"Nobody is known under {', '.join(unknown)}."]})
    return [found[uid] for uid in uids]


def _unseen(details: drafts.ChangeDetails, user: Any) -> list[AssetPlan]:
    """The covered assets that the caller may not see, and so cannot leave out."""
    pks = [plan.asset.pk for plan in details.assets]
    seen = set(Asset.objects.visible_to(user).filter(pk__in=pks).values_list("pk", flat=True))
    return [plan for plan in details.assets if plan.asset.pk not in seen]


def _resolved(data: dict[str, Any], user: Any, *, kept: list[AssetPlan] | None = None) -> dict[str, Any]:
    """Input with rows in place of uids; what the caller may not see is not there (404)."""
    found = dict(data)
    if "location" in data:
        found["location"] = get_object_or_404(Location.objects.visible_to(user), uid=data["location"])
    if "assets" in data:
        wanted = {row["uid"]: row["expected"] for row in data["assets"]}
        rows = Asset.objects.visible_to(user).filter(uid__in=wanted).select_related("location", "site")
        if len(rows) < len(wanted):
            raise BadInput({"assets": ["You know no asset with one of these uids."]})
        found["assets"] = [*(AssetPlan(row, wanted[row.uid]) for row in rows), *(kept or [])]
    return found


# -- Every transition is a POST under its change --------------------------------------------------------
def _shape_of(name: str) -> type[serializers.Serializer]:
    row = TRANSITIONS[name]
    if row.meaning:
        return shapes.SignedReasonInput if row.needs_reason else shapes.SignedInput
    return shapes.ReasonInput if row.needs_reason else shapes.MoveInput


def _given(user: Any, data: dict[str, Any]) -> verbs.Given:
    signing = None
    if "reauthentication" in data:
        proof = reauthenticate(user, **data["reauthentication"])
        signing = Signing(data["content_digest"], data["evidence_digest"], proof)
    return verbs.Given(reason=data.get("reason", ""), comment=data.get("comment", ""), signing=signing)


def _door(name: str) -> Callable[..., Response]:
    def move(self: ChangeViewSet, request: Request, uid: str) -> Response:
        change = self.get_object()
        verbs.admit(name, change, by=request.user)
        data = validated(_shape_of(name), request)
        verbs.take(name, change, by=request.user, given=_given(request.user, data))
        return self.answer(change)

    row = TRANSITIONS[name]
    move.__name__ = f"move_{name}"
    move.__doc__ = f"{row.label}: {', '.join(row.sources)} → {row.target}."
    documented = extend_schema(request=_shape_of(name), responses=shapes.ChangeOutput)(move)
    door: Callable[..., Response] = action(detail=True, methods=["post"], url_path=name, url_name=name)(
        documented
    )
    return door


for _name in verbs.VERBS:
    setattr(ChangeViewSet, f"move_{_name}", _door(_name))
