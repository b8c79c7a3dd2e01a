"""Bringing a register file in: upload, look, apply."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from assets.forms import ImportForm
from assets.models import Import
from assets.services.imports import files
from assets.services.imports.reading import MOST_BYTES
from assets.views.assets import CRUMB
from assets.views.pages import SignedIn, form_page
from plantgov.core import slots
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Moved
from plantgov.core.scope import require_anywhere

MOST_PROBLEMS = 300
MOST_ROWS = 100


@login_required
@require_safe
def import_list(request: SignedIn) -> HttpResponse:
    """The reader's own imports."""
    require_anywhere(request.user, "assets.import_register")
    rows = Import.objects.visible_to(request.user).defer("content", "report")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "assets/import_list.html", {"page": page})


@login_required
def import_new(request: SignedIn) -> HttpResponse:
    """Upload a file; it is checked at once, and nothing is changed."""
    require_anywhere(request.user, "assets.import_register")
    form = ImportForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind")})

    def save() -> str:
        given = form.cleaned_data["file"]
        if given.size > MOST_BYTES:
            raise BadInput(
                {"file": [_("The file is larger than %d MB; split it.") % (MOST_BYTES // 1_000_000)]}
            )
        row = files.bring(
            given.read(),
            given.name,
            kind=form.cleaned_data["kind"],
            by=request.user,
            at=now(),
            choices=form.choices(),
        )
        return reverse("assets:import-detail", args=[row.uid])

    lede = _("Every row is checked and you see what would change. Nothing is written before you say so.")
    title = _("Import a register")
    return form_page(
        request,
        form,
        save,
        title=title,
        back=CRUMB,
        cancel_url=reverse("assets:list"),
        lede=lede,
        submit=_("Check the file"),
        kinds=slots.import_kinds,
    )


@login_required
@require_safe
def import_detail(request: SignedIn, uid: str) -> HttpResponse:
    """What a file would change, row by row, and what is wrong with it."""
    row = get_object_or_404(Import.objects.visible_to(request.user).defer("content"), uid=uid)
    report = row.report
    telling = [one for one in report["rows"] if one["what"] != "unchanged"]
    page = Paginator(telling, MOST_ROWS).get_page(request.GET.get("page"))
    kind = slots.import_kinds.get(row.kind)
    context = {
        "file": row,
        "kind": kind.label if kind else row.kind,
        "summary": report["summary"],
        "problems": report["problems"][:MOST_PROBLEMS],
        "more_problems": max(0, len(report["problems"]) - MOST_PROBLEMS),
        "page": page,
    }
    return render(request, "assets/import_detail.html", context)


@login_required
@require_POST
def import_apply(request: SignedIn, uid: str) -> HttpResponse:
    """Write what the preview showed, all of it or nothing."""
    row = get_object_or_404(Import.objects.visible_to(request.user).defer("content", "report"), uid=uid)
    try:
        done = files.apply(row, by=request.user, at=now())
    except Moved as error:
        messages.warning(request, str(error))
        return redirect("assets:import-detail", uid=row.uid)
    summary = done.report["summary"]
    messages.success(request, _("Applied: %(new)d new, %(changed)d changed.") % summary)
    return redirect("assets:import-detail", uid=row.uid)
