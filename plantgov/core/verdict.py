"""Reasons and verdicts: how a rule says no, and how sure a check is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_KINDS: dict[str, "ReasonKind"] = {}


@dataclass(frozen=True)
class ReasonKind:
    """A reason that can be given: a stable code and the sentence shown for it.

    Calling the kind makes a `Reason`: `SELF_APPROVAL(name="A. Lind")`. A code may exist once only.
    """

    code: str
    sentence: str | Promise

    def __post_init__(self) -> None:
        if self.code in _KINDS and str(_KINDS[self.code].sentence) != str(self.sentence):
            raise ValueError(f"Reason code {self.code!r} is already used for another sentence.")
        _KINDS[self.code] = self

    def __call__(self, **params: Any) -> "Reason":
        """A reason of this kind; the parameters are those of its sentence."""
        return Reason(self.code, params)


@dataclass(frozen=True)
class Reason:
    """One reason with its parameters; `str()` renders it in the reader's language."""

    code: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return str(_KINDS[self.code].sentence).format(**self.params)

    def as_json(self) -> dict[str, Any]:
        """The reason as the API shows it: `code` and `message`."""
        return {"code": self.code, "message": str(self)}


def reason_kinds() -> dict[str, ReasonKind]:
    """Every reason that any part of the house can give, by code."""
    return dict(_KINDS)


class Verdict(StrEnum):
    """What one check says. Unknown is never a pass."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


VERDICT_LABELS = {
    Verdict.PASS: _("Passed"),
    Verdict.FAIL: _("Failed"),
    Verdict.INCONCLUSIVE: _("Inconclusive"),
    Verdict.ERROR: _("Could not be read"),
    Verdict.NOT_APPLICABLE: _("Does not apply"),
}
_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS)


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a set in which every member counts; an empty set proves nothing."""
    present = set(verdicts) - {Verdict.NOT_APPLICABLE}
    return next((verdict for verdict in _WORST_FIRST if verdict in present), Verdict.INCONCLUSIVE)
