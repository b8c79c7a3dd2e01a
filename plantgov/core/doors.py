"""What every door does alike: errors become answers, forms are drawn, pages get their frame."""

from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.forms.renderers import TemplatesSetting
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from plantgov.core import slots
from plantgov.core.errors import BadInput, Hidden, Refused

TITLES = {
    400: "The input is not usable",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "This address does not take that method",
    409: "Blocked",
    412: "Changed in the meantime",
    415: "Unsupported media type",
    429: "Too many requests",
}


class FormRenderer(TemplatesSetting):
    """Draws form fields with our own templates."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"


class DoorMiddleware:
    """Turns what services raise into pages, so that views need no try."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal with its reasons, and hidden things like missing ones."""
        if isinstance(error, Hidden):
            return render(request, "404.html", status=404)
        if isinstance(error, Refused):
            return refusal(request, error)
        if isinstance(error, BadInput):
            texts = [text for texts in error.errors.values() for text in texts]
            return render(request, _template(request), {"sentences": texts, "status": 400}, status=400)
        return None


def refusal(request: HttpRequest, error: Refused) -> HttpResponse:
    """The reasons as a partial for htmx, or as a page."""
    context = {"reasons": error.reasons, "status": error.status}
    return render(request, _template(request), context, status=error.status)


def _template(request: HttpRequest) -> str:
    return "components/reasons.html" if getattr(request, "htmx", False) else "refused.html"


def complain(form: Any, error: BadInput) -> None:
    """Put a service's complaints beside the fields that they are about; the rest stand above the form."""
    for name, sentences in error.errors.items():
        for sentence in sentences:
            form.add_error(name if name in form.fields else None, sentence)


def portal(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page needs: navigation, inbox count, who is signed in."""
    user = getattr(request, "user", None)
    frame: dict[str, Any] = {"demo": settings.PLANTGOV_DEMO, "version": settings.VERSION}
    if user is None or not user.is_authenticated:
        return frame
    items = [item for item in slots.navigation if item.visible(user)]
    groups = [
        (group, [item for item in items if item.group == group]) for group in ("operate", "govern", "prove")
    ]
    frame["navigation"] = [
        (group, [_entry(item, request) for item in found]) for group, found in groups if found
    ]
    return frame


def _entry(item: slots.NavigationItem, request: HttpRequest) -> dict[str, Any]:
    return {"item": item, "count": item.count(request.user) if item.count else None}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an API error as `application/problem+json` (RFC 9457)."""
    found = _problem(error)
    if found is None:
        return None
    set_rollback()
    status, detail, errors, headers = found
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": context["request"].get_full_path(),
        "request_id": structlog.contextvars.get_contextvars().get("request_id", str(uuid4())),
        "errors": errors,
    }
    return Response(body, status=status, headers=headers, content_type="application/problem+json")


def _problem(error: Exception) -> tuple[int, str, list[dict[str, Any]], dict[str, str]] | None:
    """Status, detail, errors and headers for an exception; None for one that is a fault of ours."""
    if isinstance(error, (Http404, Hidden)):
        return 404, "There is no such thing here, or you may not see it.", [], {}
    if isinstance(error, Refused):
        return error.status, str(error), [{"pointer": "", **reason.as_json()} for reason in error.reasons], {}
    if isinstance(error, BadInput):
        return 400, str(error), _pointers(error.errors), {}
    if isinstance(error, exceptions.ValidationError):
        return 400, "Some of the input is not usable.", _pointers(error.detail), {}
    if isinstance(error, PermissionDenied):
        return 403, str(error) or "You may not do that.", [], {}
    if isinstance(error, exceptions.APIException):
        header = getattr(error, "auth_header", None)
        headers = {"WWW-Authenticate": header} if header else {}
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait))  # type: ignore[attr-defined]
        return error.status_code, str(error.detail), [], headers
    return None


def _pointers(detail: Any, pointer: str = "") -> list[dict[str, Any]]:
    """Flatten nested error details into JSON pointers."""
    if isinstance(detail, dict):
        return [
            row
            for key, value in detail.items()
            for row in _pointers(value, f"{pointer}/{key}" if key else pointer)
        ]
    if isinstance(detail, list):
        nested = [
            (f"{pointer}/{i}" if isinstance(item, (dict, list)) else pointer, item)
            for i, item in enumerate(detail)
        ]
        return [row for where, item in nested for row in _pointers(item, where)]
    return [{"pointer": pointer, "code": getattr(detail, "code", "invalid"), "message": str(detail)}]
