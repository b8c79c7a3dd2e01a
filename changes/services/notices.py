"""Telling: an event for other apps, and an inbox item with mail for whoever can act now."""

from datetime import datetime

from django.urls import NoReverseMatch, reverse

from changes.models import Change, CheckRun
from changes.selectors.facts import Dossier
from changes.selectors.people import able_to
from changes.states import TRANSITIONS, State
from plantgov.people.models import User
from plantgov.workspace.services import inbox, outbox

# In each state, what somebody has to do next.
NEXT: dict[str, tuple[str, ...]] = {
    State.DRAFT: ("submit",),
    State.ASSESSMENT: ("assess",),
    State.APPROVAL: ("approve",),
    State.SCHEDULED: ("release", "start"),
    State.IMPLEMENTING: ("complete",),
    State.ON_HOLD: ("resume",),
    State.BACKING_OUT: ("backed_out",),
    State.VERIFICATION: ("close",),
}
