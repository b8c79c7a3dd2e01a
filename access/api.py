"""Access by REST: roles, grants, the explanation of a right, tokens."""

from datetime import timedelta
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access import selectors
from access.filters import GrantFilter, TokenFilter
from access.models import ApiToken, Grant, Role
from access.services import grants, tokens
from assets.models import Asset, Location
from plantgov.core.clock import now
from plantgov.core.errors import BadInput
from plantgov.core.scope import require_anywhere
from plantgov.people.models import Person, Team, User

IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="the ETag that was read")


class RoleOutput(serializers.ModelSerializer):
    """A role and what it may do."""

    risk = serializers.CharField(help_text="normal, high or critical")

    class Meta:
        model = Role
        fields = ["uid", "revision", "key", "title", "sentence", "permissions", "risk", "max_days", "version"]


class GrantOutput(serializers.ModelSerializer):
    """Who has which role where, from when until when, and why."""

    user = serializers.CharField(source="user.username", default=None, allow_null=True)
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    role = serializers.CharField(source="role.key")
    location = serializers.UUIDField(source="location.uid", default=None, allow_null=True)
    asset = serializers.UUIDField(source="asset.uid", default=None, allow_null=True)
    source = serializers.CharField(help_text="manual, change or installation")
    place = serializers.CharField(help_text="name of the place, or tag and name of the asset")
    state = serializers.SerializerMethodField()
    given_by = serializers.CharField(source="given_by.username", default=None, allow_null=True)

    class Meta:
        model = Grant
        fields = [
            *("uid", "revision", "user", "team", "role", "location", "asset", "place", "state", "from_at"),
            *("until_at", "reason", "source", "change_reference", "given_by", "revoked_at", "revoke_reason"),
        ]

    def get_state(self, grant: Grant) -> str:
        """`active`, `scheduled`, `expired` or `revoked` now."""
        return grant.state(now())


class GrantInput(serializers.Serializer):
    """A role to give: to an account or a team, on a place or an asset."""

    user = serializers.CharField(required=False, help_text="user name")
    team = serializers.UUIDField(required=False)
    role = serializers.SlugField(help_text="key of the role")
    location = serializers.UUIDField(required=False)
    asset = serializers.UUIDField(required=False)
    from_at = serializers.DateTimeField(required=False, help_text="left out: from now on")
    until_at = serializers.DateTimeField(required=False, allow_null=True, help_text="left out: no end")
    reason = serializers.CharField(max_length=2000)
    sponsor = serializers.UUIDField(required=False, help_text="who answers for an external person")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """One holder and one place."""
        if ("user" in data) == ("team" in data):
            raise serializers.ValidationError({"user": "Give user or team, one of them."})
        if ("location" in data) == ("asset" in data):
            raise serializers.ValidationError({"location": "Give location or asset, one of them."})
        return data


class RevokeInput(serializers.Serializer):
    """Why a role is taken away."""

    reason = serializers.CharField(max_length=2000)
    revision = serializers.IntegerField(required=False, help_text="instead of the header If-Match")


class ExplanationOutput(serializers.Serializer):
    """A grant that gives the permission, or why it does not."""

    grant = GrantOutput()
    counts = serializers.BooleanField()
    why_not = serializers.CharField(help_text="account_closed, revoked, expired, not_yet, elsewhere or empty")


class AnswerOutput(serializers.Serializer):
    """Whether somebody holds a permission at a place, and by which grants."""

    user = serializers.CharField()
    permission = serializers.CharField()
    place = serializers.CharField()
    holds = serializers.BooleanField()
    grants = ExplanationOutput(many=True)


class TokenOutput(serializers.ModelSerializer):
    """A token without its secret."""

    owner = serializers.CharField(source="owner.username")
    location = serializers.UUIDField(source="location.uid", default=None, allow_null=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = ApiToken
        fields = [
            *("uid", "revision", "owner", "name", "prefix", "permissions", "location", "created_at"),
            *("expires_at", "last_used_at", "revoked_at", "state"),
        ]

    def get_state(self, token: ApiToken) -> str:
        """`active`, `expired` or `revoked` now."""
        return token.state(now())


class TokenMade(TokenOutput):
    """A new token with its secret, shown this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(TokenOutput.Meta):
        fields = [*TokenOutput.Meta.fields, "secret"]


class TokenInput(serializers.Serializer):
    """A token to make; without `owner` it is the caller's own."""

    name = serializers.CharField(max_length=100)
    days = serializers.IntegerField(min_value=1, max_value=tokens.MAX_DAYS - 1, default=90)
    permissions = serializers.ListField(
        child=serializers.CharField(max_length=100),
        default=list,
        help_text="left out: all that the owner holds today",
    )
    location = serializers.UUIDField(required=False, help_text="only below this place")
    owner = serializers.CharField(required=False, help_text="user name of a program's account")


def _valid(shape: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class RoleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The catalogue of roles."""

    queryset = Role.objects.none()
    serializer_class = RoleOutput
    filterset_fields = ["key", "risk"]
    ordering_fields = ["key", "title"]
    lookup_field = "key"

    def get_queryset(self) -> Any:
        """For whoever may see roles."""
        return selectors.roles_visible_to(self.request.user)


class GrantViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Who may do what where. The list shows what is in force, unless `state` says otherwise."""

    queryset = Grant.objects.none()
    serializer_class = GrantOutput
    filterset_class = GrantFilter
    ordering_fields = ["from_at", "until_at"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.grants_visible_to(self.request.user)

    def filter_queryset(self, queryset: Any) -> Any:
        """Filters are for the list; a single grant is found whatever its state."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    @extend_schema(request=GrantInput, responses={201: GrantOutput})
    def create(self, request: Request) -> Response:
        """Give a role."""
        data, at = _valid(GrantInput, request), now()
        terms = grants.Terms(
            data.get("from_at", at), data.get("until_at"), data["reason"], _sponsor(data.get("sponsor"))
        )
        role = get_object_or_404(selectors.roles_visible_to(request.user), key=data["role"])
        row = grants.give(_holder(data), role, _place(request, data), terms, by=request.user, at=at)
        return Response(GrantOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=RevokeInput, responses=GrantOutput, parameters=[IF_MATCH])
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, uid: str) -> Response:
        """Take a role away; effective on the holder's next request."""
        data = _valid(RevokeInput, request)
        text = request.headers.get("If-Match", "").removeprefix("W/").strip('" ')
        revision = int(text) if text.isdigit() else data.get("revision")
        row = grants.revoke(self.get_object(), by=request.user, reason=data["reason"], revision=revision)
        return Response(GrantOutput(row).data)

    @extend_schema(
        responses=AnswerOutput,
        filters=False,
        parameters=[
            OpenApiParameter("user", str, required=True, description="user name"),
            OpenApiParameter("permission", str, required=True, description="such as assets.change_asset"),
            OpenApiParameter("location", str, description="uid of a place"),
            OpenApiParameter("asset", str, description="uid of an asset"),
        ],
    )
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def explain(self, request: Request) -> Response:
        """Why somebody can do something somewhere, or what comes near to it."""
        require_anywhere(request.user, "access.view_grant")
        data = request.query_params
        if not data.get("user") or not data.get("permission"):
            raise BadInput({"user": ["Say who and which permission: ?user=…&permission=…&location=…"]})
        place = _place(request, data)
        user = get_object_or_404(User.objects.select_related("person"), username=data["user"])
        found = selectors.explain(user, data["permission"], place, at=now())
        answer = {"user": user.username, "permission": data["permission"], "place": str(place)}
        holds = any(one.counts for one in found)
        return Response(AnswerOutput({**answer, "holds": holds, "grants": found}).data)


def _holder(data: dict[str, Any]) -> User | Team:
    if "team" in data:
        return get_object_or_404(Team, uid=data["team"])
    users = User.objects.exclude(kind=User.Kind.SYSTEM).select_related("person")
    return get_object_or_404(users, username=data["user"])


def _sponsor(uid: Any) -> Person | None:
    return get_object_or_404(Person, uid=uid) if uid else None


def _place(request: Request, data: Any) -> Location | Asset:
    """The place or asset that is named, within the caller's view."""
    if data.get("asset"):
        rows = Asset.objects.visible_to(request.user).select_related("location")
        return get_object_or_404(rows, uid=_uid(data["asset"]))
    if not data.get("location"):
        raise BadInput({"location": ["Give location or asset, one of them."]})
    return get_object_or_404(Location.objects.visible_to(request.user), uid=_uid(data["location"]))


def _uid(text: Any) -> Any:
    return serializers.UUIDField().run_validation(text)


class TokenViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """One's own tokens and, with the right to manage them, those of programs."""

    queryset = ApiToken.objects.none()
    serializer_class = TokenOutput
    filterset_class = TokenFilter
    ordering_fields = ["created_at", "expires_at", "last_used_at"]
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.tokens_visible_to(self.request.user)

    @extend_schema(request=TokenInput, responses={201: TokenMade})
    def create(self, request: Request) -> Response:
        """Make a token. The secret is in this answer and nowhere else; a token makes no tokens."""
        data, at = _valid(TokenInput, request), now()
        owner = request.user
        if "owner" in data:
            owner = get_object_or_404(User, username=data["owner"], kind=User.Kind.SERVICE)
        location = _place(request, {"location": data["location"]}) if "location" in data else None
        terms = tokens.TokenTerms(
            data["name"],
            at + timedelta(days=data["days"]),
            tuple(data["permissions"]),
            location,  # type: ignore[arg-type]
        )
        row, secret = tokens.issue(owner, terms, by=request.user, at=at)
        row.secret = secret  # type: ignore[attr-defined]  # only for this answer, never stored
        return Response(TokenMade(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=TokenOutput)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, uid: str) -> Response:
        """End a token at once."""
        return Response(TokenOutput(tokens.revoke(self.get_object(), by=request.user)).data)
