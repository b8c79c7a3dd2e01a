"""Pages about exports."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from evidence import selectors
from evidence.forms import ExportForm
from evidence.services import exports
from plantgov.core.clock import now
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput, Hidden
from plantgov.core.scope import require_anywhere, scope_of
from plantgov.workspace.services import files


@login_required
def export_list(request: HttpRequest) -> HttpResponse:
    """What was exported, and a form to ask for more."""
    require_anywhere(request.user, "evidence.view_export")
    form = ExportForm(request.POST or None, initial={"references": request.GET.get("change", "")})
    if request.method == "POST" and form.is_valid():
        try:
            row = exports.request(
                form.cleaned_data["references"],
                purpose=form.cleaned_data["purpose"],
                by=request.user,
                at=now(),
            )
            return redirect("evidence:detail", uid=row.uid)
        except BadInput as error:
            complain(form, error)
    page = Paginator(selectors.exports_visible_to(request.user), 50).get_page(request.GET.get("page"))
    may_add = bool(scope_of(request.user, "evidence.add_export"))
    context = {"page": page, "form": form, "may_add": may_add}
    return render(request, "evidence/export_list.html", context, status=400 if form.errors else 200)


@login_required
@require_safe
def export_detail(request: HttpRequest, uid: str) -> HttpResponse:
    """One export: being made, or ready to download."""
    row = get_object_or_404(selectors.exports_visible_to(request.user), uid=uid)
    waiting = row.state == row.State.WAITING
    context = {"export": row, "waiting": waiting}
    if getattr(request, "htmx", False):
        return render(request, "evidence/_export.html", context, status=200 if waiting else 286)
    return render(request, "evidence/export_detail.html", context)


@login_required
@require_safe
def export_file(request: HttpRequest, uid: str) -> FileResponse:
    """Download a bundle."""
    row = get_object_or_404(selectors.exports_visible_to(request.user), uid=uid)
    path = files.path_of(row.sha256 or "00")
    if not row.sha256 or not path.exists():
        raise Hidden
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=row.file_name, content_type="application/zip"
    )
