"""The policies that ship with PlantGov, as data. A new wording here is published as a new version."""

from typing import Any

CONTROLLERS = ["plc", "pac", "safety_controller", "rtu", "dcs_controller"]


def _phases(**severities: str) -> dict[str, dict[str, Any]]:
    ages = {"approve": 600, "start": 60, "resume": 60, "verify": 60, "back_out": 60}
    return {phase: {"severity": severity, "max_age_s": ages[phase]} for phase, severity in severities.items()}


def _check(
    key: str, label: str, kind: str, signals: list[str], phases: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "key": key,
        "label": label,
        "kind": kind,
        "signals": signals,
        "phases": phases,
        "expected": None,
        **more,
    }


B, W = "blocking", "warning"
_EVERYWHERE = {"approve": B, "start": B, "resume": B, "verify": B, "back_out": B}
_CONFIGURATION = {"approve": B, "start": B, "verify": B, "back_out": B}


def _identity(**more: Any) -> dict[str, Any]:
    return _check(
        "identity",
        "Serial number equals the register",
        "equals",
        ["serial"],
        _phases(**_EVERYWHERE),
        expected="@asset.serial_number",
        age_from="received",
        **more,
    )


def _program(severity: str, **more: Any) -> dict[str, Any]:
    phases = _phases(approve=severity, start=severity, verify=W, back_out=B)
    phases["verify"] |= {"kind": "record", "expected": "@declared"}
    phases["back_out"] |= {"expected": "@as_found.program_fingerprint"}
    return _check(
        "program",
        "Program equals the approved baseline",
        "equals",
        ["program_fingerprint"],
        phases,
        expected="@baseline.program_fingerprint",
        age_from="received",
        **more,
    )


def _firmware(severity: str, **more: Any) -> dict[str, Any]:
    phases = _phases(approve=severity, start=severity, verify=severity, back_out=B)
    phases["back_out"] |= {"expected": "@as_found.firmware"}
    return _check(
        "firmware",
        "Firmware equals the approved baseline",
        "equals",
        ["firmware"],
        phases,
        expected="@baseline.firmware",
        age_from="received",
        **more,
    )


def _heartbeat(**more: Any) -> dict[str, Any]:
    return _check(
        "heartbeat",
        "The device is alive and its values are fresh",
        "age",
        ["heartbeat", "run_state", "mode"],
        _phases(**_EVERYWHERE),
        **more,
    )


def _mode() -> dict[str, Any]:
    phases = _phases(approve=W, start=B, resume=B, verify=B, back_out=B)
    for phase in ("verify", "back_out"):
        phases[phase]["expected"] = ["RUN"]
    return _check(
        "mode", "Position of the key switch", "allow_list", ["mode"], phases, expected=["REM", "PROG"]
    )


CONTROLLER_CHECKS = [
    _identity(),
    _heartbeat(),
    _program(B),
    _firmware(B),
    _check(
        "bypasses",
        "No bypass that the change does not list",
        "allow_list",
        ["bypasses", "bypass_count"],
        _phases(**_EVERYWHERE),
        expected=[],
    ),
    _check(
        "forces",
        "No forces",
        "count",
        ["forces"],
        _phases(approve=B, start=B, verify=B, back_out=B),
        expected=0,
    ),
    _mode(),
    _check(
        "run_state",
        "The controller runs",
        "equals",
        ["run_state"],
        _phases(approve=W, verify=B, back_out=B),
        expected="RUN",
        is_optional=True,
    ),
    _check(
        "major_fault",
        "No major fault",
        "equals",
        ["major_fault"],
        _phases(approve=W, start=B, verify=B, back_out=B),
        expected=False,
        is_optional=True,
    ),
]
ASSET_CHECKS = [
    _identity(is_optional=True),
    _heartbeat(is_optional=True),
    _program(W, is_optional=True),
    _firmware(W, is_optional=True),
]


def _approval(label: str, permission: str, count: int = 1) -> dict[str, Any]:
    return {"label": label, "permission": f"changes.{permission}", "count": count}


def _stage(order: int, name: str, *requirements: dict[str, Any]) -> dict[str, Any]:
    return {"order": order, "name": name, "requirements": list(requirements)}


POLICIES: dict[str, tuple[str, dict[str, Any]]] = {
    "small": (
        "Small site: two people suffice",
        {
            "applies": {"profiles": ["small"], "risks": ["low", "medium"]},
            "stages": [_stage(1, "Approval", _approval("Approver", "approve_change"))],
            "manual": "missing",
            "manual_max_age_s": 3600,
            "release_valid_s": 3600,
            "approval_max_age_d": 30,
        },
    ),
    "small-high-risk": (
        "Small site, high risk: two approvals",
        {
            "applies": {"profiles": ["small"], "risks": ["high"]},
            "stages": [_stage(1, "Approval", _approval("Approver", "approve_change", 2))],
            "manual": "missing",
            "manual_max_age_s": 3600,
            "release_valid_s": 1800,
            "approval_max_age_d": 14,
        },
    ),
    "standard": (
        "Standard site: manager, then second approver",
        {
            "applies": {"profiles": ["standard", "regulated"]},
            "stages": [
                _stage(1, "Manager", _approval("Manager", "approve_change")),
                _stage(2, "Second approver", _approval("Second approver", "countersign_change")),
            ],
            "manual": "no_signals",
            "manual_max_age_s": 1800,
            "release_valid_s": 1800,
            "approval_max_age_d": 30,
        },
    ),
    "controllers": (
        "Controllers: identity, program, bypasses, forces, key switch",
        {"applies": {"asset_types": CONTROLLERS}, "checks": CONTROLLER_CHECKS},
    ),
    "controllers-standard": (
        "Controllers at standard sites: qualified people",
        {
            "applies": {"profiles": ["standard", "regulated"], "asset_types": CONTROLLERS},
            "qualifications": ["plc_programming"],
        },
    ),
    "assets": (
        "Every asset: identity, life and configuration where they can be read",
        {"applies": {}, "checks": ASSET_CHECKS},
    ),
}
