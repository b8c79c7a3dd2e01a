"""How risk is rated: four yes/no questions in the small profile, likelihood × consequence elsewhere."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SMALL_QUESTIONS: dict[str, str | Promise] = {
    "hurts": _("Could anybody be hurt, or is a safety function touched?"),
    "stops": _("Could it stop production or spoil product beyond the window?"),
    "one_way": _("Is there a point after which it can't be taken back?"),
    "first_time": _("Is it the first time that this is done here?"),
}
SCALES: dict[str, str | Promise] = {
    "likelihood": _("How likely is it that something goes wrong? 1 very unlikely – 5 very likely"),
    "consequence": _(
        "How bad would it be for people, environment, production or quality? 1 slight – 5 catastrophic"
    ),
}
MEDIUM_FROM, HIGH_FROM = 5, 12


def questions(profile: str) -> dict[str, str | Promise]:
    """What is asked in a profile: key → sentence."""
    return SMALL_QUESTIONS if profile == "small" else SCALES


def rate(profile: str, answers: Mapping[str, Any]) -> str:
    """low, medium or high; "" while a question is open or answered with something else than was asked for."""
    return _rate_small(answers) if profile == "small" else _rate_matrix(answers)


def _rate_small(answers: Mapping[str, Any]) -> str:
    given = [answers.get(key) for key in SMALL_QUESTIONS]
    if not all(isinstance(answer, bool) for answer in given):
        return ""
    if answers["hurts"] or sum(map(bool, given)) >= 3:
        return "high"
    return "medium" if any(given) else "low"


def _rate_matrix(answers: Mapping[str, Any]) -> str:
    given = [answers.get(key) for key in SCALES]
    if not all(isinstance(a, int) and not isinstance(a, bool) and 1 <= a <= 5 for a in given):
        return ""
    likelihood, consequence = int(answers["likelihood"]), int(answers["consequence"])
    score = likelihood * consequence
    if score >= HIGH_FROM or consequence == 5:
        return "high"
    return "medium" if score >= MEDIUM_FROM else "low"
