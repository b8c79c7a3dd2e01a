"""Moving a change by a button: every transition, and the steps of the work."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from changes.models import Change, Step
from changes.services import verbs, work
from changes.services.signatures import Signing
from changes.states import TRANSITIONS, State
from changes.views import Request
from changes.views.detail import change_or_404, page
from changes.views.present import Failed
from plantgov.core.errors import Forbidden, Refused
from plantgov.core.errors import require_revision as same_revision
from plantgov.people.services.signing import reauthenticate


@login_required
@sensitive_post_parameters("password", "code")
@require_POST
def move(request: Request, ref: str, verb: str) -> HttpResponse:
    """Take one transition; what refuses it is shown where it was asked for."""
    change, name = change_or_404(request, ref), verb
    verbs.admit(name, change, by=request.user)
    try:
        verbs.take(name, change, by=request.user, given=_given(request, change, name))
    except Forbidden:
        raise
    except Refused as error:
        typed = {key: request.POST.get(key, "") for key in ("reason", "comment")}
        return page(request, change_or_404(request, ref), failed=Failed(name, error, typed))
    change.refresh_from_db()
    text = _("%(reference)s: %(what)s. Now: %(state)s.")
    words = {
        "reference": change.reference,
        "what": TRANSITIONS[name].label,
        "state": State(change.state).label,
    }
    messages.success(request, text % words)
    return redirect("changes:detail", ref=change.reference)


def _given(request: Request, change: Change, name: str) -> verbs.Given:
    """What was typed and what was on the screen; proves who signs, where something is signed."""
    typed = request.POST
    revision = typed.get("revision", "")
    signing = None
    if TRANSITIONS[name].meaning:
        proof = reauthenticate(request.user, password=typed.get("password", ""), code=typed.get("code", ""))
        signing = Signing(typed.get("content_digest", ""), typed.get("evidence_digest", ""), proof)
    elif revision.isdigit():
        same_revision(change, int(revision))
    return verbs.Given(reason=typed.get("reason", ""), comment=typed.get("comment", ""), signing=signing)


@login_required
@require_POST
def step_done(request: Request, ref: str, number: int) -> HttpResponse:
    """Note that a step is done."""
    change = change_or_404(request, ref)
    work.note_step(change.pk, number, by=request.user, state=Step.State.DONE)
    return redirect("changes:detail", ref=change.reference)


@login_required
@require_POST
def step_skip(request: Request, ref: str, number: int) -> HttpResponse:
    """Note that a step is skipped, and why."""
    change = change_or_404(request, ref)
    note = request.POST.get("note", "").strip()
    if not note:
        messages.error(request, _("Say why step %(number)d is skipped.") % {"number": number})
    else:
        work.note_step(change.pk, number, by=request.user, state=Step.State.SKIPPED, note=note)
    return redirect("changes:detail", ref=change.reference)
