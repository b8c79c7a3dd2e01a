"""People by REST: persons, teams, shifts, qualifications, signatures."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plantgov.core.clock import now
from plantgov.core.errors import FORBIDDEN, Forbidden
from plantgov.core.scope import require, require_anywhere, scope_of
from plantgov.people import selectors
from plantgov.people.filters import PersonFilter, QualificationFilter, SignatureFilter, TeamFilter
from plantgov.people.models import Person, Qualification, Shift, Signature, Team
from plantgov.people.services import accounts, qualifications, teams


class PersonOutput(serializers.ModelSerializer):
    """A person as they are known."""

    teams = serializers.SerializerMethodField(help_text="Names of the teams that they are in now")

    class Meta:
        model = Person
        fields = [
            "uid",
            "revision",
            "name",
            "email",
            "phone",
            "employment",
            "company",
            "job_title",
            "left_at",
            "teams",
        ]

    def get_teams(self, person: Person) -> list[str]:
        """The names of the teams that a person is in now."""
        return [row.team.name for row in getattr(person, "current_teams", [])]


class PersonInput(serializers.Serializer):
    """A person to add, or to change as a whole."""

    name = serializers.CharField(max_length=150)
    email = serializers.EmailField(default="", allow_blank=True)
    phone = serializers.CharField(max_length=40, default="", allow_blank=True)
    employment = serializers.ChoiceField(Person.Employment.choices, default=Person.Employment.EMPLOYEE)
    company = serializers.CharField(max_length=150, default="", allow_blank=True)
    job_title = serializers.CharField(max_length=150, default="", allow_blank=True)


class TeamOutput(serializers.ModelSerializer):
    """A team and how many are in it."""

    size = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Team
        fields = ["uid", "revision", "name", "description", "size"]


class TeamInput(serializers.Serializer):
    """A team to form."""

    name = serializers.CharField(max_length=150)
    description = serializers.CharField(max_length=250, default="", allow_blank=True)


class MemberInput(serializers.Serializer):
    """Who joins or leaves, and why."""

    person = serializers.UUIDField()
    reason = serializers.CharField(max_length=1000, default="", allow_blank=True)


class ShiftOutput(serializers.ModelSerializer):
    """A pattern of working hours."""

    class Meta:
        model = Shift
        fields = ["uid", "revision", "name", "weekdays", "starts", "ends", "zone_name"]


class QualificationOutput(serializers.ModelSerializer):
    """A qualification of a person."""

    person = serializers.UUIDField(source="person.uid")

    class Meta:
        model = Qualification
        fields = ["uid", "revision", "person", "key", "scope", "valid_from", "valid_until", "evidence"]


class QualificationInput(serializers.Serializer):
    """A qualification to record."""

    person = serializers.UUIDField()
    key = serializers.SlugField(max_length=60)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField()
    scope = serializers.CharField(max_length=100, default="", allow_blank=True)
    evidence = serializers.CharField(max_length=250, default="", allow_blank=True)


class ReasonInput(serializers.Serializer):
    """A reason, for acts that need one."""

    reason = serializers.CharField(max_length=1000)


class SignatureOutput(serializers.ModelSerializer):
    """A signature as it was made."""

    person = serializers.UUIDField(source="person.uid")
    acting_for = serializers.UUIDField(source="acting_for.uid", default=None)

    class Meta:
        model = Signature
        fields = [
            "uid",
            "person",
            "printed_name",
            "meaning",
            "statement",
            "thing_kind",
            "thing_uid",
            "thing_label",
            "content_digest",
            "evidence_digest",
            "role",
            "rule",
            "acting_for",
            "reauthenticated_by",
            "reauthenticated_at",
            "signed_at",
            "payload_digest",
        ]


class _ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    lookup_field = "uid"


class PersonViewSet(_ReadOnly):
    """Persons."""

    queryset = Person.objects.none()
    serializer_class = PersonOutput
    filterset_class = PersonFilter
    ordering_fields = ["name", "employment"]

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.people_visible_to(self.request.user)

    @extend_schema(request=PersonInput, responses={201: PersonOutput})
    def create(self, request: Request) -> Response:
        """Add a person."""
        require_anywhere(request.user, "people.add_person")
        given = PersonInput(data=request.data)
        given.is_valid(raise_exception=True)
        details = accounts.PersonDetails(**given.validated_data)
        person = accounts.add_person(details, by=request.user)
        return Response(PersonOutput(person).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PersonInput, responses=PersonOutput)
    def update(self, request: Request, uid: str) -> Response:
        """Change what is known about a person."""
        person = self.get_object()
        require_anywhere(request.user, "people.change_person")
        given = PersonInput(data=request.data)
        given.is_valid(raise_exception=True)
        details = accounts.PersonDetails(**given.validated_data)
        accounts.change_person(person, details, by=request.user)
        return Response(PersonOutput(self.get_object()).data)


class TeamViewSet(_ReadOnly):
    """Teams."""

    queryset = Team.objects.none()
    serializer_class = TeamOutput
    filterset_class = TeamFilter
    ordering_fields = ["name", "size"]

    def get_queryset(self) -> Any:
        """Those in view."""
        return selectors.teams_visible_to(self.request.user)

    @extend_schema(request=TeamInput, responses={201: TeamOutput})
    def create(self, request: Request) -> Response:
        """Form a team."""
        if not scope_of(request.user, "people.change_team").everything:
            raise Forbidden(FORBIDDEN(permission="people.change_team"))
        given = TeamInput(data=request.data)
        given.is_valid(raise_exception=True)
        team = teams.form_team(by=request.user, **given.validated_data)
        return Response(TeamOutput(team).data, status=status.HTTP_201_CREATED)

    def _member(self, request: Request) -> tuple[Team, Person, str]:
        team = self.get_object()
        require(request.user, "people.change_team", team)
        given = MemberInput(data=request.data)
        given.is_valid(raise_exception=True)
        rows = Person.objects.visible_to(request.user)
        person = get_object_or_404(rows, uid=given.validated_data["person"])
        return team, person, given.validated_data["reason"]

    @extend_schema(request=MemberInput, responses=TeamOutput)
    @action(detail=True, methods=["post"])
    def join(self, request: Request, uid: str) -> Response:
        """Put a person into the team."""
        team, person, _reason = self._member(request)
        teams.join(team, person, by=request.user, at=now())
        return Response(TeamOutput(self.get_object()).data)

    @extend_schema(request=MemberInput, responses=TeamOutput)
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, uid: str) -> Response:
        """Take a person out of the team."""
        team, person, reason = self._member(request)
        teams.leave(team, person, by=request.user, at=now(), reason=reason)
        return Response(TeamOutput(self.get_object()).data)


class ShiftViewSet(_ReadOnly):
    """Shift patterns."""

    queryset = Shift.objects.none()
    serializer_class = ShiftOutput
    filterset_fields = ["name"]

    def get_queryset(self) -> Any:
        """All of them, for whoever may see people."""
        return selectors.shifts_visible_to(self.request.user)


class QualificationViewSet(_ReadOnly):
    """Qualifications of persons in view."""

    queryset = Qualification.objects.none()
    serializer_class = QualificationOutput
    filterset_class = QualificationFilter
    ordering_fields = ["key", "valid_until"]

    def get_queryset(self) -> Any:
        """Those of persons in view."""
        return selectors.qualifications_visible_to(self.request.user)

    @extend_schema(request=QualificationInput, responses={201: QualificationOutput})
    def create(self, request: Request) -> Response:
        """Record a qualification."""
        given = QualificationInput(data=request.data)
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        person = get_object_or_404(Person.objects.visible_to(request.user), uid=values.pop("person"))
        training = qualifications.Training(**values)
        row = qualifications.add_qualification(person, training, by=request.user, at=now())
        return Response(QualificationOutput(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonInput, responses={204: None})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, uid: str) -> Response:
        """End it: yesterday was its last day."""
        given = ReasonInput(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        qualifications.end_qualification(self.get_object(), by=request.user, reason=reason, at=now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SignatureViewSet(_ReadOnly):
    """Signatures on things in view."""

    queryset = Signature.objects.none()
    serializer_class = SignatureOutput
    filterset_class = SignatureFilter
    ordering_fields = ["signed_at"]

    def get_queryset(self) -> Any:
        """Those on things in view, newest first."""
        rows = Signature.objects.visible_to(self.request.user)
        return rows.select_related("person", "acting_for").order_by("-signed_at")
