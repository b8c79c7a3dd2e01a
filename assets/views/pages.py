"""What the pages of the register share."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from assets import selectors
from assets.models import Asset
from plantgov.core.doors import complain
from plantgov.core.errors import BadInput
from plantgov.people.models import User


class SignedIn(HttpRequest):
    """The request of somebody who has signed in."""

    user: User


def asset_at(request: SignedIn, site: str, tag: str) -> Asset:
    """The asset of an address, if it is in the reader's view."""
    rows = selectors.assets_visible_to(request.user)
    return get_object_or_404(rows, site__slug=site, site__kind="site", tag=tag)


def form_page(request: SignedIn, form: forms.Form, save: Callable[[], str], **context: Any) -> HttpResponse:
    """Show a form; when it is sent and sound, let `save` write and go to the address that it gives."""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(save())
        except BadInput as error:
            complain(form, error)
    page = {"form": form, "crumbs": [], **context}
    return render(request, "assets/form.html", page, status=400 if form.errors else 200)
