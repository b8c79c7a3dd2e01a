"""The roles that ship: what each may do, in words an auditor can read. Seeded as data, editable after."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class RoleSpec:
    """A named bundle of permissions. `max_days` 0 means: no limit."""

    key: str
    title: str | Promise
    sentence: str | Promise
    permissions: tuple[str, ...]
    risk: str = "normal"
    max_days: int = 0


def _verbs(app: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{app}.{name}" for name in names)


_READ = (
    *_verbs("assets", "view_asset", "view_location", "view_zone", "view_relation", "view_ownership"),
    *_verbs("assets", "view_baseline", "view_hold", "view_authorisation"),
    *_verbs("operations", "view_endpoint", "view_signal", "view_proberun"),
    *_verbs("changes", "view_change", "view_policy", "view_checkrun"),
    *_verbs("people", "view_person", "view_team", "view_signature"),
    *_verbs("workspace", "view_comment", "view_file", "view_calendar"),
)
_TALK = _verbs("workspace", "add_comment", "add_file")
_CHECK = (*_verbs("operations", "run_probe"), *_verbs("changes", "check_change"))

ROLES = (
    RoleSpec(
        "engineer",
        _("Engineer"),
        _("Keeps the register of the place, raises changes there and carries them out."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs("assets", "add_asset", "change_asset", "import_register", "place_hold"),
            *_verbs(
                "changes", "add_change", "change_change", "assess_change", "implement_change", "hold_change"
            ),
            *_verbs("changes", "verify_change"),
            *_verbs("operations", "add_endpoint", "change_endpoint"),
        ),
    ),
    RoleSpec(
        "manager",
        _("Manager"),
        _("Answers for the place: approves changes first, says who owns what, decides about access."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs(
                "assets", "assign_ownership", "adopt_baseline", "place_hold", "lift_hold", "change_location"
            ),
            *_verbs(
                "changes", "assess_change", "approve_change", "hold_change", "cancel_change", "verify_change"
            ),
            *_verbs("access", "view_grant", "give_grant", "revoke_grant", "view_role"),
            *_verbs("workspace", "change_calendar"),
        ),
        risk="high",
    ),
    RoleSpec(
        "approver",
        _("Second approver"),
        _("Looks at a change with other eyes and approves it after the manager."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs(
                "changes",
                "assess_change",
                "countersign_change",
                "hold_change",
                "verify_change",
                "deviate_change",
            ),
            *_verbs("assets", "place_hold"),
        ),
        risk="high",
    ),
    RoleSpec(
        "shift_lead",
        _("Shift lead"),
        _("Runs the plant now: releases equipment for work, stops work, verifies."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs("assets", "place_hold", "lift_hold"),
            *_verbs(
                "changes", "add_change", "release_change", "hold_change", "verify_change", "assess_change"
            ),
        ),
        risk="high",
    ),
    RoleSpec(
        "operator",
        _("Operator"),
        _("Sees the own area, may stop work there and raise changes."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs("changes", "add_change", "hold_change"),
            *_verbs("assets", "place_hold"),
        ),
    ),
    RoleSpec(
        "ot_security",
        _("OT security"),
        _("Keeps zones, endpoints and networks, and may stop reading."),
        (
            *_READ,
            *_TALK,
            *_CHECK,
            *_verbs("assets", "add_zone", "change_zone", "place_hold", "lift_hold", "change_asset"),
            *_verbs("operations", "add_endpoint", "change_endpoint", "view_networkrule", "add_networkrule"),
            *_verbs("operations", "confirm_networkrule", "view_readingstop", "stop_reading"),
            *_verbs("changes", "assess_change", "hold_change", "verify_change"),
            *_verbs("audit", "view_entry"),
        ),
        risk="high",
    ),
    RoleSpec(
        "compliance",
        _("Compliance"),
        _("Reads everything, changes nothing, exports evidence."),
        (
            *_READ,
            *_verbs("audit", "view_entry", "export_entry"),
            *_verbs("evidence", "view_export", "add_export"),
            *_verbs("access", "view_grant", "view_role"),
            *_verbs("operations", "view_networkrule", "view_readingstop"),
        ),
    ),
    RoleSpec(
        "contractor",
        _("Contractor"),
        _("Sees what the work needs and nothing else, for at most ninety days."),
        (
            *_verbs("assets", "view_asset", "view_location", "view_baseline", "view_hold"),
            *_verbs("changes", "view_change", "view_checkrun", "implement_change", "hold_change"),
            *_verbs("operations", "view_signal", "view_proberun"),
            *_verbs("workspace", "view_comment", "add_comment", "view_file", "add_file"),
        ),
        max_days=90,
    ),
    RoleSpec(
        "work_on_change",
        _("Work on a change"),
        _("Given by a change for exactly its assets, from start of work until it is verified."),
        (
            *_verbs("assets", "view_asset", "view_baseline", "view_hold"),
            *_verbs("operations", "view_signal", "view_proberun", "run_probe"),
        ),
    ),
    RoleSpec(
        "administrator",
        _("Administrator"),
        _("Keeps people, accounts, roles, grants and places. Approves nothing."),
        (
            *_READ,
            *_TALK,
            *_verbs(
                "people",
                "add_person",
                "change_person",
                "change_team",
                "view_user",
                "open_account",
                "close_account",
            ),
            *_verbs(
                "access",
                "view_grant",
                "give_grant",
                "revoke_grant",
                "view_role",
                "change_role",
                "manage_token",
            ),
            *_verbs(
                "assets",
                "add_location",
                "change_location",
                "add_zone",
                "change_zone",
                "add_asset",
                "change_asset",
            ),
            *_verbs("assets", "import_register", "assign_ownership", "set_regime"),
            *_verbs(
                "operations",
                "add_endpoint",
                "change_endpoint",
                "view_networkrule",
                "add_networkrule",
                "run_probe",
            ),
            *_verbs("operations", "confirm_networkrule", "view_readingstop", "stop_reading"),
            *_verbs("audit", "view_entry"),
            *_verbs("workspace", "view_job", "change_calendar"),
        ),
        risk="critical",
    ),
)


def reference() -> str:
    """The catalogue as the page docs/reference/roles.md."""
    lines = [
        "# Roles",
        "",
        "What ships. An installation may change roles; each change is a new version in the ledger.",
        "",
    ]
    for role in ROLES:
        limit = f" At most {role.max_days} days at a time." if role.max_days else ""
        lines += [f"## {role.title} (`{role.key}`)", "", f"{role.sentence} Risk: {role.risk}.{limit}", ""]
        lines += [", ".join(f"`{name}`" for name in role.permissions), ""]
    return "\n".join(lines)
