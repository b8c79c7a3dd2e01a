"""The content of a change that signatures bind, and its digest."""

from typing import Any

from changes.selectors.facts import Dossier
from changes.selectors.specs import digest

# An edit of any of these makes earlier approvals void; what is not listed may be changed without asking again.
MATERIAL = (
    "kind",
    "title",
    "description",
    "justification",
    "risk_answers",
    "risk",
    "rollback_trigger",
    "rollback_steps",
    "rollback_max_min",
    "rollback_backup",
    "window_from",
    "window_until",
)


def content_of(dossier: Dossier) -> dict[str, Any]:
    """Everything material about a change, as plain data."""
    change = dossier.change
    return {
        "reference": change.reference,
        **{name: getattr(change, name) for name in MATERIAL},
        "location": change.location.uid,
        "assets": [
            [str(row.asset.uid), row.expected]
            for row in sorted(dossier.covered, key=lambda one: one.asset.uid)
        ],
        "steps": [[step.number, step.text] for step in dossier.steps],
        "policies": sorted(row.version.digest for row in dossier.attachments),
        "round": change.round,
    }


def content_digest(dossier: Dossier) -> str:
    """The digest that a signature on this change carries."""
    return digest(content_of(dossier))
