"""The ways in which a service says no. Doors turn them into 400, 403, 404, 409 and 412."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from plantgov.core.verdict import Reason, ReasonKind

STALE = ReasonKind(
    "stale",
    _(
        "{label} was changed by somebody else after you opened it. Look at it again, then repeat what you did."
    ),
)
FORBIDDEN = ReasonKind("forbidden", _("You may see this, but not do that here: it needs “{permission}”."))


class Refused(Exception):
    """Allowed to this person, but blocked by a rule (409)."""

    status = 409

    def __init__(self, reasons: Reason | Iterable[Reason]) -> None:
        self.reasons = [reasons] if isinstance(reasons, Reason) else list(reasons)
        super().__init__("; ".join(str(reason) for reason in self.reasons))


class Moved(Refused):
    """What was on the screen is no longer what would be signed (409: look again)."""


class Stale(Refused):
    """The row was changed since it was read (412)."""

    status = 412


class Forbidden(Refused):
    """Visible, but this person may not do that (403)."""

    status = 403


class Hidden(Exception):
    """There is no such thing for this reader (404)."""


class BadInput(Exception):
    """The input has the wrong shape (400). `errors` maps a field to its sentences."""

    def __init__(self, errors: Mapping[str, list[str]] | str) -> None:
        self.errors = {"": [errors]} if isinstance(errors, str) else dict(errors)
        super().__init__("; ".join(text for texts in self.errors.values() for text in texts))


def refuse_if(reasons: Iterable[Reason]) -> None:
    """Raise `Refused` if there is any reason to."""
    found = list(reasons)
    if found:
        raise Refused(found)


def require_revision(row: object, revision: int | None) -> None:
    """Raise `Stale` unless `revision` is the one that the locked `row` has."""
    if revision is not None and revision != getattr(row, "revision"):  # noqa: B009 - rows of any model
        raise Stale(STALE(label=str(row)))
