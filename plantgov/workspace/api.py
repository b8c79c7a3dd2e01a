"""Jobs, comments, files and the inbox by REST."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from plantgov.core.clock import now
from plantgov.workspace import selectors
from plantgov.workspace.models import Calendar, Comment, File, InboxItem, Job
from plantgov.workspace.services import calendars, comments


class JobOutput(serializers.ModelSerializer):
    """A job and how far it is."""

    class Meta:
        model = Job
        fields = [
            "uid",
            "kind",
            "state",
            "requested_at",
            "progress_done",
            "progress_total",
            "message",
            "result",
            "error",
        ]


class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The reader's own jobs."""

    queryset = Job.objects.none()
    serializer_class = JobOutput
    lookup_field = "uid"
    filterset_fields = ["kind", "state"]

    def get_queryset(self) -> Any:
        """Those of the reader."""
        return Job.objects.filter(by=self.request.user)


class InboxOutput(serializers.ModelSerializer):
    """A notice."""

    class Meta:
        model = InboxItem
        fields = [
            "uid",
            "kind",
            "title",
            "body",
            "url",
            "is_task",
            "created_at",
            "due_at",
            "read_at",
            "done_at",
        ]


class InboxViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """What the reader was told."""

    queryset = InboxItem.objects.none()
    serializer_class = InboxOutput
    lookup_field = "uid"

    def get_queryset(self) -> Any:
        """Those of the reader."""
        return selectors.inbox_of(self.request.user)


class CommentOutput(serializers.ModelSerializer):
    """A remark."""

    written_by = serializers.CharField()

    class Meta:
        model = Comment
        fields = ["uid", "thing_kind", "thing_uid", "body", "written_by", "written_at"]


class CommentInput(serializers.Serializer):
    """A remark to make."""

    thing_kind = serializers.CharField()
    thing_uid = serializers.UUIDField()
    body = serializers.CharField(max_length=comments.MAX_LENGTH)


class FileOutput(serializers.ModelSerializer):
    """A file of a thing."""

    added_by = serializers.CharField()

    class Meta:
        model = File
        fields = [
            "uid",
            "thing_kind",
            "thing_uid",
            "name",
            "size",
            "content_type",
            "sha256",
            "added_by",
            "added_at",
        ]


THING = [
    OpenApiParameter("thing_kind", str, required=True, description="such as assets.asset"),
    OpenApiParameter("thing_uid", str, required=True),
]


class CommentViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Remarks on one thing."""

    queryset = Comment.objects.none()
    serializer_class = CommentOutput

    def get_queryset(self) -> Any:
        """Those of the thing named in the query."""
        query = self.request.query_params
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        thing = selectors.thing_of(self.request.user, query.get("thing_kind", ""), query.get("thing_uid", ""))
        return selectors.comments_of(self.request.user, thing)

    @extend_schema(parameters=THING)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The remarks on a thing, oldest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=CommentInput, responses={201: CommentOutput})
    def create(self, request: Request) -> Response:
        """Say something about a thing."""
        given = CommentInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        thing = selectors.thing_of(request.user, data["thing_kind"], str(data["thing_uid"]))
        row = comments.add_comment(thing, data["body"], by=request.user, at=now())
        return Response(CommentOutput(row).data, status=status.HTTP_201_CREATED)


class CalendarOutput(serializers.ModelSerializer):
    """The business days of a site; weekdays count from Monday = 0."""

    site = serializers.SerializerMethodField()

    class Meta:
        model = Calendar
        fields = ["uid", "revision", "site", "name", "zone_name", "weekdays", "holidays"]

    @extend_schema_field(serializers.UUIDField)
    def get_site(self, calendar: Calendar) -> str:
        """The site's uid."""
        return selectors.uid_of_site(calendar)


class CalendarInput(serializers.Serializer):
    """Business days to keep; `revision` is the one that was read, when the site has a calendar already."""

    site = serializers.UUIDField()
    revision = serializers.IntegerField(required=False)
    name = serializers.CharField(max_length=100)
    zone_name = serializers.CharField(max_length=60)
    weekdays = serializers.ListField(child=serializers.IntegerField(), default=list(calendars.WORKDAYS))
    holidays = serializers.ListField(child=serializers.DateField(), default=list)


class CalendarViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Business days of the sites in view."""

    queryset = Calendar.objects.none()
    serializer_class = CalendarOutput
    lookup_field = "uid"
    lookup_value_converter = "uuid"

    def get_queryset(self) -> Any:
        """Those in view."""
        return Calendar.objects.visible_to(self.request.user)

    @extend_schema(request=CalendarInput, responses=CalendarOutput)
    def create(self, request: Request) -> Response:
        """Set the business days of a site."""
        given = CalendarInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        site, revision = (
            selectors.thing_of(request.user, "assets.location", data.pop("site")),
            data.pop("revision", None),
        )
        days = calendars.WorkingDays(**data)
        row = calendars.keep(site.pk, days, by=request.user, at=now(), revision=revision)
        return Response(CalendarOutput(row).data)


class FileViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Files of one thing."""

    queryset = File.objects.none()
    serializer_class = FileOutput

    def get_queryset(self) -> Any:
        """Those of the thing named in the query."""
        query = self.request.query_params
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        thing = selectors.thing_of(self.request.user, query.get("thing_kind", ""), query.get("thing_uid", ""))
        return selectors.files_of(self.request.user, thing)

    @extend_schema(parameters=THING)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The files of a thing."""
        return super().list(request, *args, **kwargs)
