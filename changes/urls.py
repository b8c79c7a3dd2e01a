"""Addresses of changes."""

from django.urls import path, register_converter
from rest_framework.routers import SimpleRouter

from changes import api as rest
from changes.services.verbs import VERBS
from changes.states import Phase
from changes.views import detail, edit, gates, lists, moves, policies


class _OneOf:
    """Matches one of some words."""

    words: tuple[str, ...]

    def to_python(self, value: str) -> str:
        """The word itself."""
        return value

    def to_url(self, value: str) -> str:
        """The word itself."""
        return str(value)


class VerbConverter(_OneOf):
    """The transitions that people take."""

    words = tuple(VERBS)
    regex = "|".join(sorted(words, key=len, reverse=True))


class PhaseConverter(_OneOf):
    """The phases that have a gate."""

    words = tuple(Phase.values)
    regex = "|".join(words)


register_converter(VerbConverter, "verb")
register_converter(PhaseConverter, "phase")

portal = [
    path("changes/", lists.change_list, name="list"),
    path("changes/new", edit.change_new, name="new"),
    path("changes/risk-questions", edit.risk_questions, name="risk-questions"),
    path("settings/policies/", policies.policy_list, name="policy-list"),
    path("settings/policies/<slug:key>/", policies.policy_detail, name="policy-detail"),
    path("changes/<str:ref>/", detail.change_detail, name="detail"),
    path("changes/<str:ref>/edit", edit.change_edit, name="edit"),
    path("changes/<str:ref>/runs/", gates.run_list, name="runs"),
    path("changes/<str:ref>/runs/<int:number>/", gates.run_detail, name="run-detail"),
    path("changes/<str:ref>/runs/<int:number>/progress", gates.gate_progress, name="gate-progress"),
    path("changes/<str:ref>/gates/<phase:phase>/run", gates.gate_run, name="gate-run"),
    path("changes/<str:ref>/gates/<phase:phase>/readings/new", gates.reading_new, name="reading-new"),
    path("changes/<str:ref>/steps/<int:number>/done", moves.step_done, name="step-done"),
    path("changes/<str:ref>/steps/<int:number>/skip", moves.step_skip, name="step-skip"),
    path("changes/<str:ref>/<verb:verb>", moves.move, name="move"),
]

router = SimpleRouter(trailing_slash=False)
router.register("changes", rest.ChangeViewSet, basename="changes")
router.register("policies", rest.PolicyViewSet, basename="policies")
router.register("check-runs", rest.CheckRunViewSet, basename="check-runs")
api = router.urls
