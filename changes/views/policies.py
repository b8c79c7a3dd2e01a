"""Policies, to read: they ship as data and are published as versions."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from changes.rules.policies import Template
from changes.selectors import policies as selectors
from changes.states import Phase
from changes.views import Request


@login_required
@require_safe
def policy_list(request: Request) -> HttpResponse:
    """Every policy with the version in force."""
    return render(
        request, "changes/policy_list.html", {"policies": selectors.policies_visible_to(request.user)}
    )


@login_required
@require_safe
def policy_detail(request: Request, key: str) -> HttpResponse:
    """What a policy says: whom it asks, and what it checks when."""
    policy = get_object_or_404(selectors.policies_visible_to(request.user), key=key)
    versions = list(policy.versions.all())
    body = versions[0].body if versions else {}
    context = {
        "policy": policy,
        "versions": versions,
        "body": body,
        "applies": [(name, ", ".join(values)) for name, values in body.get("applies", {}).items() if values],
        "checks": [_check(row) for row in body.get("checks", [])],
        "phases": Phase.choices,
    }
    return render(request, "changes/policy_detail.html", context)


def _check(row: dict[str, Any]) -> dict[str, Any]:
    template = Template.from_json(row)
    phases = [template.phases.get(phase) for phase in Phase.values]
    return {"template": template, "phases": phases, "signals": ", ".join(template.signals)}
