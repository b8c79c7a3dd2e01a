"""What has to be checked in a phase: policies, register, baselines and declared states, resolved and frozen."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import rfc8785

from assets.models import Asset
from assets.selectors import current_baselines
from changes.models import ChangeAsset, Snapshot
from changes.rules.checks import CheckSpec
from changes.rules.policies import PhaseRule, Template, manual_rule, strictest, templates_of
from changes.selectors.facts import Dossier, asset_facts
from operations.models import Signal
from operations.selectors import signals_of
from plantgov.audit.services.entries import plain
from plantgov.core import slots

INTERNAL_MAX_AGE_S = 600
# Read along with what is checked, so that as-found and as-left tell more than the checks alone.
SNAPSHOT_KEYS = (
    "program_fingerprint",
    "program_name",
    "change_counter",
    "firmware",
    "serial",
    "mode",
    "run_state",
    "major_fault",
    "forces",
    "bypasses",
    "bypass_count",
)
OFFLINE = "reachable"


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON (RFC 8785) of a plain value."""
    return hashlib.sha256(rfc8785.dumps(plain(value))).hexdigest()


def spec_digest(specs: Iterable[CheckSpec]) -> str:
    """The digest of a frozen set of checks; their labels are translated, so they stand outside it."""
    return digest([{k: v for k, v in spec.to_json().items() if k != "label"} for spec in specs])


def specs_of(dossier: Dossier, phase: str) -> list[CheckSpec]:
    """Every check of `phase`, internal ones first."""
    signals = by_asset(signals_of(dossier.assets))
    resolver = _Resolver(dossier, phase)
    found = [_internal(check.key, str(check.label)) for check in slots.gate_checks]
    for row in dossier.covered:
        found += resolver.of_asset(row, signals.get(row.asset_id, {}))
    return found


def by_asset(signals: Iterable[Signal]) -> dict[int, dict[str, Signal]]:
    """Signals by asset and key."""
    found: dict[int, dict[str, Signal]] = defaultdict(dict)
    for signal in signals:
        found[signal.asset_id][signal.key] = signal
    return found


def signals_to_read(specs: Sequence[CheckSpec], signals: Iterable[Signal]) -> list[Signal]:
    """The signals that the checks need, and those that snapshots keep."""
    needed = {spec.signal_uid for spec in specs if spec.signal_uid}
    return [signal for signal in signals if str(signal.uid) in needed or signal.key in SNAPSHOT_KEYS]


def _internal(key: str, label: str) -> CheckSpec:
    return CheckSpec(key, label, "internal", "internal", "blocking", INTERNAL_MAX_AGE_S)


class _Resolver:
    """Fills the templates of one change and phase with what is known of each asset."""

    def __init__(self, dossier: Dossier, phase: str) -> None:
        self.phase = phase
        self.bodies = dossier.bodies
        self.baselines = current_baselines(dossier.assets)
        self.manual = manual_rule(self.bodies)
        self.manual_age_s = strictest(self.bodies, "manual_max_age_s", 3600)
        snapshot = dossier.change.snapshots.filter(kind=Snapshot.Kind.AS_FOUND).first()
        self.as_found: dict[str, dict[str, Any]] = snapshot.values if snapshot else {}

    def of_asset(self, row: ChangeAsset, signals: dict[str, Signal]) -> list[CheckSpec]:
        """The checks of one asset. One that is declared dead must prove to be, and is asked nothing else live."""
        [facts] = asset_facts([row.asset])
        found = []
        for template in templates_of(self.bodies, facts):
            rule = template.phases.get(self.phase)
            signal = next((signals[key] for key in template.signals if key in signals), None)
            if rule is not None and (signal is not None or not template.is_optional):
                found.append(self._spec(row, template, rule, signal, bool(signals)))
        if _declared(row, self.phase, (OFFLINE,)) is False:
            return [_offline(row.asset, self.phase), *(_without_reading(spec) for spec in found)]
        return found

    def _spec(
        self, row: ChangeAsset, template: Template, rule: PhaseRule, signal: Signal | None, has_signals: bool
    ) -> CheckSpec:
        asset = row.asset
        expected, source = self._expected(row, template, rule)
        declared = source == "declared"
        kind = rule.kind or template.kind
        by_hand = signal is None and (
            self.manual == "missing" or (self.manual == "no_signals" and not has_signals)
        )
        return CheckSpec(
            key=template.key,
            label=template.label,
            kind="equals" if declared and kind == "record" else kind,
            source="manual" if by_hand else "live",
            severity="blocking" if declared else rule.severity,
            max_age_s=self.manual_age_s if by_hand else rule.max_age_s,
            asset_uid=str(asset.uid),
            asset_tag=asset.tag,
            signal_uid=str(signal.uid) if signal else "",
            signal_key=signal.key if signal else template.signals[0],
            expected=expected,
            expected_from=source,
            unit=template.unit or (signal.unit if signal else ""),
            age_from=template.age_from,
            is_waivable=template.is_waivable,
        )

    def _expected(self, row: ChangeAsset, template: Template, rule: PhaseRule) -> tuple[Any, str]:
        declared = _declared(row, self.phase, (template.key, *template.signals))
        if declared is not None:
            return declared, "declared"
        expected = template.expected if rule.expected is None else rule.expected
        if not (isinstance(expected, str) and expected.startswith("@")):
            return expected, "policy"
        if expected == "@declared":
            return None, "nothing declared"
        thing, _, name = expected[1:].partition(".")
        return self._looked_up(row.asset, thing, name), expected[1:]

    def _looked_up(self, asset: Asset, thing: str, name: str) -> Any:
        if thing == "as_found":
            return self.as_found.get(str(asset.uid), {}).get(name)
        source = asset if thing == "asset" else self.baselines.get(asset.pk)
        return getattr(source, name, None) or None


def _declared(row: ChangeAsset, phase: str, keys: Sequence[str]) -> Any:
    for one in row.expected:
        if one.get("key") in keys and phase in one.get("phases", ()):
            return one.get("value")
    return None


def _offline(asset: Asset, phase: str) -> CheckSpec:
    return CheckSpec(
        key=OFFLINE,
        label="Does not answer, as declared",
        kind="offline",
        source="live",
        severity="blocking",
        max_age_s=600 if phase == "approve" else 60,
        asset_uid=str(asset.uid),
        asset_tag=asset.tag,
        signal_key=OFFLINE,
        expected=False,
        expected_from="declared",
    )


def _without_reading(spec: CheckSpec) -> CheckSpec:
    return CheckSpec(**{**spec.to_json(), "kind": "declared_off"})
