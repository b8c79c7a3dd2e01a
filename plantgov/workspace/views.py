"""Home, approvals, inbox, search, settings, comments, files and jobs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import Hidden
from plantgov.workspace import selectors
from plantgov.workspace.models import Job
from plantgov.workspace.services import comments, files, inbox


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, and how their part of the plant stands."""
    panels = [mark_safe(item.render(request)) for item in slots.home_panels]  # noqa: S308 - rendered templates
    context = {"waiting": selectors.waiting_for(request.user), "panels": [panel for panel in panels if panel]}
    return render(request, "workspace/home.html", context)


@login_required
@require_safe
def approvals(request: HttpRequest) -> HttpResponse:
    """Everything that waits for a decision of the reader."""
    return render(request, "workspace/approvals.html", {"waiting": selectors.waiting_for(request.user)})


@login_required
@require_safe
def inbox_list(request: HttpRequest) -> HttpResponse:
    """What the reader was told."""
    page = Paginator(selectors.inbox_of(request.user), 50).get_page(request.GET.get("page"))
    return render(request, "workspace/inbox.html", {"page": page})


@login_required
@require_POST
def inbox_read(request: HttpRequest) -> HttpResponse:
    """Mark one notice, or all, as read."""
    inbox.mark_read(request.user, at=now(), uid=request.POST.get("uid") or None)
    return redirect("inbox")


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Things by tag, name or reference."""
    text = request.GET.get("q", "")[:100]
    context = {"q": text, "hits": selectors.search(request.user, text)}
    template = "workspace/_hits.html" if getattr(request, "htmx", False) else "workspace/search.html"
    return render(request, template, context)


@login_required
@require_safe
def settings_index(request: HttpRequest) -> HttpResponse:
    """The pages of settings that the reader may open."""
    pages = [page for page in slots.settings_pages if page.visible(request.user)]
    return render(request, "workspace/settings.html", {"pages": pages})


@login_required
@require_POST
def comment_add(request: HttpRequest, kind: str, uid: str) -> HttpResponse:
    """Say something about a thing."""
    thing = selectors.thing_of(request.user, kind, uid)
    comments.add_comment(thing, request.POST.get("body", ""), by=request.user, at=now())
    if getattr(request, "htmx", False):
        context = {
            "thing": thing,
            "comments": selectors.comments_of(request.user, thing),
            "may_comment": True,
        }
        return render(request, "workspace/_comments.html", context)
    return redirect(selectors.url_of(thing) or "home")


@login_required
@require_POST
def file_add(request: HttpRequest, kind: str, uid: str) -> HttpResponse:
    """Attach a file to a thing."""
    thing = selectors.thing_of(request.user, kind, uid)
    given = request.FILES.get("file")
    if given is None:
        messages.error(request, _("Choose a file first."))
    else:
        upload = files.Upload(given.name or "", given.content_type or "", given.chunks())
        files.attach(thing, upload, by=request.user, at=now())
    return redirect(selectors.url_of(thing) or "home")


@login_required
@require_safe
def file_get(request: HttpRequest, uid: str) -> FileResponse:
    """Download a file: always as an attachment, never shown in the browser."""
    row = selectors.file_of(request.user, uid)
    path = files.path_of(row.sha256)
    if not path.exists():
        raise Hidden
    response = FileResponse(path.open("rb"), as_attachment=True, filename=row.name)
    response["Content-Type"] = "application/octet-stream"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@login_required
@require_safe
def job_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """How far a job is."""
    job = get_object_or_404(Job, uid=uid, by=request.user)
    over = job.state not in {"due", "running"}
    if getattr(request, "htmx", False):
        return render(request, "workspace/_job.html", {"job": job, "over": over}, status=286 if over else 200)
    return render(request, "workspace/job.html", {"job": job, "over": over})
