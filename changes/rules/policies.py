"""What policies say, and what several of them say together: the union, where the strictest wins.

The body of a policy version is JSON: `applies` (profiles, asset_types, criticalities, risks; an empty list means
any), `stages` (order, name, requirements: label, permission, count), `checks` (see `Template`), `manual`,
`manual_max_age_s`, `qualifications`, `release_valid_s` and `approval_max_age_d`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SEVERITIES = ("shadow", "warning", "blocking")
MANUAL = ("missing", "no_signals", "never")  # when a person may read what no signal tells; strictest last
LIVE_KINDS = ("equals", "range", "allow_list", "count", "age", "record")
Body = Mapping[str, Any]


@dataclass(frozen=True)
class AssetFacts:
    """What policies ask of an asset."""

    asset_type: str
    criticality: str


@dataclass(frozen=True)
class PhaseRule:
    """How a check counts in one phase; `expected` and `kind` there stand in for the template's."""

    severity: str
    max_age_s: int
    expected: Any = None
    kind: str = ""

    def stricter(self, other: "PhaseRule") -> "PhaseRule":
        """Both rules together."""
        severity = max(self.severity, other.severity, key=SEVERITIES.index)
        return replace(self, severity=severity, max_age_s=min(self.max_age_s, other.max_age_s))


@dataclass(frozen=True)
class Template:
    """A check as a policy states it.

    `signals` are tried in order. `expected` is a constant or a reference: `@asset.<field>`, `@baseline.<field>`,
    `@as_found.<signal>`, `@declared`. `age_from` is `source` where a fresh value carries a fresh time, and
    `received` for what rarely changes, so that its own time is rightly old.
    """

    key: str
    label: str
    kind: str
    signals: tuple[str, ...]
    expected: Any
    phases: Mapping[str, PhaseRule]
    unit: str = ""
    age_from: str = "source"
    is_waivable: bool = False
    is_optional: bool = False  # asked only of assets that have the signal

    @classmethod
    def from_json(cls, row: Body) -> "Template":
        """The template from a policy's body."""
        phases = {phase: PhaseRule(**rule) for phase, rule in row["phases"].items()}
        return cls(**{**row, "signals": tuple(row["signals"]), "phases": phases})

    def stricter(self, other: "Template") -> "Template":
        """Both templates together, for two policies that state the same check."""
        phases = dict(self.phases)
        for phase, rule in other.phases.items():
            phases[phase] = phases[phase].stricter(rule) if phase in phases else rule
        return replace(
            self,
            phases=phases,
            is_waivable=self.is_waivable and other.is_waivable,
            is_optional=self.is_optional and other.is_optional,
        )


@dataclass(frozen=True)
class Need:
    """One requirement of a stage."""

    stage: int
    stage_name: str
    label: str
    permission: str
    count: int


def matches(body: Body, *, profile: str, risk: str, assets: Iterable[AssetFacts]) -> bool:
    """Whether a policy attaches to a change. An unrated risk attaches the policies of every risk."""
    applies = body.get("applies", {})
    fits_profile = not applies.get("profiles") or profile in applies["profiles"]
    fits_risk = not applies.get("risks") or not risk or risk in applies["risks"]
    return fits_profile and fits_risk and any(covers(body, asset) for asset in assets)


def covers(body: Body, asset: AssetFacts) -> bool:
    """Whether a policy speaks about an asset of this kind."""
    applies = body.get("applies", {})
    types, criticalities = applies.get("asset_types"), applies.get("criticalities")
    return (not types or asset.asset_type in types) and (
        not criticalities or asset.criticality in criticalities
    )


def needs_of(bodies: Iterable[Body]) -> list[Need]:
    """The approvals that all policies together ask for: per stage and permission the highest count."""
    found: dict[tuple[int, str], Need] = {}
    for body in bodies:
        for stage in body.get("stages", []):
            for row in stage["requirements"]:
                need = Need(stage["order"], stage["name"], row["label"], row["permission"], row["count"])
                known = found.get((need.stage, need.permission))
                if known is None or need.count > known.count:
                    found[need.stage, need.permission] = need
    return [found[key] for key in sorted(found)]


def templates_of(bodies: Iterable[Body], asset: AssetFacts) -> list[Template]:
    """The checks that all policies together ask for on an asset. Same key, other expectation: both count."""
    found: dict[str, Template] = {}
    for body in bodies:
        for row in body.get("checks", []) if covers(body, asset) else []:
            template = Template.from_json(row)
            key = template.key
            while key in found and not _same_question(found[key], template):
                key += "+"
            template = replace(template, key=key)
            found[key] = found[key].stricter(template) if key in found else template
    return list(found.values())


def _same_question(one: Template, other: Template) -> bool:
    return (one.kind, one.signals, one.expected) == (other.kind, other.signals, other.expected)


def manual_rule(bodies: Iterable[Body]) -> str:
    """When a person may read what no signal tells: the strictest word of all policies, never if none says."""
    words = [body["manual"] for body in bodies if body.get("manual")]
    return max(words, key=MANUAL.index) if words else "never"


def strictest(bodies: Sequence[Body], name: str, default: int) -> int:
    """The smallest number that any policy gives for `name`."""
    return min((int(body[name]) for body in bodies if body.get(name) is not None), default=default)


def qualifications_of(bodies: Iterable[Body]) -> list[str]:
    """Every qualification that any policy asks of who carries out the work."""
    return sorted({key for body in bodies for key in body.get("qualifications", [])})
