"""What the API of the register shares."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from plantgov.core.errors import BadInput

IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="the ETag that was read")
Row = TypeVar("Row", bound=Model)


class RecordReasonInput(serializers.Serializer):
    """Why."""

    reason = serializers.CharField(max_length=2000)


def given(shape: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """The body of a request in the shape asked for."""
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def revision_of(request: Request) -> int | None:
    """The revision that the caller has read, from If-Match or the body."""
    text = request.headers.get("If-Match", "").removeprefix("W/").strip('" ')
    if text.isdigit():
        return int(text)
    sent = request.data.get("revision") if isinstance(request.data, dict) else None
    return sent if isinstance(sent, int) else None


def tagged(data: Any, row: Any, *, status: int = 200) -> Response:
    """An answer with the ETag of the row."""
    return Response(data, status=status, headers={"ETag": f'"{row.revision}"'})


def uid_of(text: Any) -> UUID:
    """A uid in an address; 404 for anything else."""
    try:
        return UUID(str(text))
    except ValueError as error:
        raise Http404 from error


def named(rows: QuerySet[Row], uid: Any, field: str) -> Row:
    """The row with a uid among those in view; names the field that is wrong otherwise."""
    found = rows.filter(uid=uid).first()
    if found is None:
        raise BadInput({field: [_("There is no such thing in your view.")]})
    return found
