"""Every transition by its name, for doors: portal and API take the same way."""

from collections.abc import Callable
from dataclasses import dataclass

from changes.models import Change
from changes.rules.transitions import permission_blockers
from changes.selectors.facts import Dossier
from changes.services import assessment, closing, decisions, work
from changes.services.signatures import Signing
from changes.states import TRANSITIONS
from plantgov.core.clock import now
from plantgov.core.errors import BadInput, Forbidden
from plantgov.people.models import User


@dataclass(frozen=True)
class Given:
    """What came with a request to move a change."""

    reason: str = ""
    comment: str = ""
    signing: Signing | None = None

    def signed(self) -> Signing:
        """The signing; raises `BadInput` when there is none."""
        if self.signing is None:
            raise BadInput({"reauthentication": ["Prove who you are: this has to be signed."]})
        return self.signing


Verb = Callable[[Change, User, Given], object]

VERBS: dict[str, Verb] = {
    "submit": lambda c, by, g: assessment.submit(c.pk, by=by),
    "return": lambda c, by, g: assessment.send_back(c.pk, by=by, reason=g.reason),
    "assess": lambda c, by, g: assessment.finish(c.pk, by=by, comment=g.comment or g.reason),
    "rework": lambda c, by, g: assessment.rework(c.pk, by=by, reason=g.reason),
    "cancel": lambda c, by, g: assessment.cancel(c.pk, by=by, reason=g.reason),
    "approve": lambda c, by, g: decisions.approve(c.pk, by=by, signing=g.signed(), comment=g.comment),
    "reject": lambda c, by, g: decisions.reject(c.pk, by=by, signing=g.signed(), reason=g.reason),
    "withdraw": lambda c, by, g: decisions.withdraw(c.pk, by=by, signing=g.signed(), reason=g.reason),
    "release": lambda c, by, g: work.release(c.pk, by=by, signing=g.signed(), comment=g.comment),
    "start": lambda c, by, g: work.start(c.pk, by=by),
    "hold": lambda c, by, g: work.hold(c.pk, by=by, reason=g.reason),
    "resume": lambda c, by, g: work.resume(c.pk, by=by, signing=g.signed(), comment=g.comment),
    "complete": lambda c, by, g: work.complete(c.pk, by=by, signing=g.signed(), comment=g.comment),
    "back_out": lambda c, by, g: work.back_out(c.pk, by=by, reason=g.reason),
    "backed_out": lambda c, by, g: work.backed_out(c.pk, by=by, signing=g.signed()),
    "fail": lambda c, by, g: closing.fail(c.pk, by=by, reason=g.reason),
    "close": lambda c, by, g: closing.close(c.pk, by=by, signing=g.signed(), comment=g.comment),
    "deviate": lambda c, by, g: closing.deviate(c.pk, by=by, signing=g.signed(), reason=g.reason),
}


def admit(name: str, change: Change, *, by: User) -> None:
    """Raise `Forbidden` when `by` has no permission for this way, so that nobody proves who they are in vain."""
    missing = permission_blockers(TRANSITIONS[name], Dossier(change, now()).standing(by))
    if missing:
        raise Forbidden(missing)


def take(name: str, change: Change, *, by: User, given: Given) -> None:
    """Move a change along the transition `name`."""
    VERBS[name](change, by, given)
