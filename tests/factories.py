"""A small plant with its people, made through the services, so that no impossible state is tested.

One enterprise with one site and two areas; personas by the keys of their roles, and a stranger without any.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from access.models import Role as AccessRole
from access.services import grants
from assets.models import Asset, Location
from assets.services import assets as register
from assets.services import baselines, locations
from changes.models import Change, CheckRun
from changes.selectors.facts import Dossier
from changes.services import assessment, decisions, drafts, gates, work
from changes.services.drafts import AssetPlan, ChangeDetails
from changes.services.signatures import Signing
from changes.states import Phase
from fieldlink.spec import Plan, Quality, Reading, ReadReason, Result
from operations.models import Endpoint, ProbeRun, Signal
from operations.services import endpoints
from plantgov.audit.services.entries import write
from plantgov.core.clock import now
from plantgov.people.models import Qualification, User
from plantgov.people.services import accounts
from plantgov.people.services.signing import Reauthentication

ROLES = (
    "engineer",
    "manager",
    "approver",
    "shift_lead",
    "operator",
    "ot_security",
    "compliance",
    "contractor",
    "administrator",
)
PROGRAM = "a" * 64
NEW_PROGRAM = "b" * 64
# What a healthy filler says while it runs as approved.
HEALTHY: dict[str, Any] = {
    "mode": "RUN",
    "run_state": "RUN",
    "major_fault": False,
    "program_name": "Filler_R12",
    "program_fingerprint": PROGRAM,
    "change_counter": 42,
    "firmware": "35.013",
    "serial": "7A1C0F12",
    "forces": 0,
    "bypasses": [],
    "heartbeat": 1001,
}


@dataclass
class Plant:
    """Places, people and equipment of a test."""

    enterprise: Location
    site: Location
    packaging: Location
    utilities: Location
    people: dict[str, User]
    controllers: list[Asset] = field(default_factory=list)

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["people"][name]
        except KeyError as error:
            raise AttributeError(name) from error

    @property
    def filler(self) -> Asset:
        """The first controller."""
        return self.controllers[0]


def make_plant(*, profile: str = "standard", mode: str = "enforce", controllers: int = 1) -> Plant:
    """A site with two areas, its people, and controllers that can be read over OPC UA."""
    at = now() - timedelta(days=1)
    top = locations.Place("Nordhavn", "enterprise", "Europe/Stockholm", profile, mode)
    enterprise = locations.found_enterprise(top, by=accounts.INSTALLER)
    administrator = person("administrator", "Dana Petrescu")
    grants.bootstrap(administrator, enterprise, by=accounts.INSTALLER, at=at)
    site = locations.add_location(locations.Place("Karlstad", "site"), parent=enterprise, by=administrator)
    areas = [
        locations.add_location(locations.Place(name, "area"), parent=site, by=again(administrator))
        for name in ("Packaging", "Utilities")
    ]
    plant = Plant(enterprise, site, areas[0], areas[1], {"administrator": administrator})
    for key in ROLES:
        if key != "administrator":
            plant.people[key] = persona(plant, key, at=at)
    plant.people["stranger"] = person("stranger", "Nobody Known")
    plant.people["administrator"] = again(administrator)
    for number in range(1, controllers + 1):
        plant.controllers.append(make_controller(plant, number))
    return plant


def person(username: str, name: str, *, password: str | None = None) -> User:
    """Somebody with an account and no right."""
    details = accounts.PersonDetails(name=name, email=f"{username}@example.org")
    return accounts.open_account(
        accounts.add_person(details, by=accounts.INSTALLER),
        username=username,
        password=password,
        by=accounts.INSTALLER,
    )


def again(user: User) -> User:
    """The account as a new request has it, with no scope remembered."""
    return User.objects.select_related("person").get(pk=user.pk)


def persona(
    plant: Plant, key: str, *, username: str = "", at: datetime | None = None, roles: Iterable[str] = ()
) -> User:
    """Somebody with the role `key` (or with `roles`) on the site; the operator only in packaging."""
    user = person(username or key, f"{(username or key).replace('_', ' ').title()} Persson")
    start = at or now() - timedelta(hours=1)
    for name in roles or (key,):
        give(plant, user, name, plant.packaging if name == "operator" else plant.site, at=start)
    if key in ("engineer", "contractor"):
        qualify(user)
    return again(user)


def give(plant: Plant, user: User, role: str, place: Location, *, at: datetime | None = None) -> None:
    """Give a role on a place."""
    start = at or now() - timedelta(hours=1)
    limit = AccessRole.objects.get(key=role).max_days
    until = start + timedelta(days=limit - 1) if limit else None
    terms = grants.Terms(from_at=start, until_at=until, reason="For the test")
    grants.give(user, AccessRole.objects.get(key=role), place, terms, by=again(plant.administrator))


@transaction.atomic
def qualify(user: User, key: str = "plc_programming") -> None:
    """Give a qualification for a year around today."""
    today = now().date()
    row = Qualification(
        person=user.person,
        key=key,
        valid_from=today - timedelta(days=180),
        valid_until=today + timedelta(days=180),
    )
    write(row, by=accounts.INSTALLER, action="people.qualification.added", thing=user.person)


def make_controller(
    plant: Plant, number: int = 1, *, signals: Iterable[str] = tuple(HEALTHY), **details: Any
) -> Asset:
    """A controller in packaging with endpoint, signals and an approved baseline."""
    by = again(plant.people["engineer"])
    values = {
        "tag": f"FIL-PLC-{number:02d}",
        "name": f"Filler PLC {number}",
        "asset_type": "plc",
        "serial_number": HEALTHY["serial"],
        "firmware_version": HEALTHY["firmware"],
        "criticality": "high",
    }
    asset = register.add_asset(
        register.AssetDetails(**{**values, **details}), location=plant.packaging, by=by
    )
    wire(plant, asset, signals)
    approved = baselines.Configuration(
        firmware=HEALTHY["firmware"], program_name="Filler_R12", program_fingerprint=PROGRAM
    )
    baselines.adopt(asset, approved, by=again(plant.people["manager"]), at=now())
    return asset


def wire(plant: Plant, asset: Asset, signals: Iterable[str]) -> Endpoint | None:
    """Connect signals of an asset to an endpoint of its own; without signals there is none."""
    keys, by = list(signals), again(plant.people["engineer"])
    if not keys:
        return None
    details = endpoints.EndpointDetails(name=asset.tag, protocol="opcua", url="opc.tcp://10.20.0.5:4840")
    endpoint = endpoints.add_endpoint(details, location=asset.location, by=by, asset=asset)
    for key in keys:
        endpoints.add_signal(
            endpoint,
            endpoints.SignalDetails(key=key, address=f"ns=2;s={asset.tag}.{key}"),
            asset=asset,
            by=by,
        )
    return endpoint


# -- changes --------------------------------------------------------------------------------------
STANDARD_RISK = {"likelihood": 2, "consequence": 3}
SMALL_RISK = {"hurts": False, "stops": True, "one_way": False, "first_time": False}


def details_for(
    plant: Plant, *assets: Asset, expected: Iterable[dict[str, Any]] = (), **changed: Any
) -> ChangeDetails:
    """A complete change on these assets (the filler if none is named), in a window that is open now."""
    at = now()
    small = plant.enterprise.profile == "small"
    values = {
        "title": "Raise the filling rate",
        "location": plant.packaging,
        "description": "Load Filler_R13, which raises the rate to 620 bottles a minute.",
        "justification": "Orders for May.",
        "assets": [AssetPlan(asset, list(expected)) for asset in assets or (plant.filler,)],
        "steps": ["Turn the key to REM", "Download Filler_R13", "Turn the key to RUN"],
        "risk_answers": SMALL_RISK if small else STANDARD_RISK,
        "rollback_trigger": "More than two rejects a minute",
        "rollback_steps": "Download Filler_R12 from the backup",
        "rollback_max_min": 20,
        "rollback_backup": "octoplant #1182",
        "window_from": at - timedelta(hours=1),
        "window_until": at + timedelta(hours=4),
    }
    return ChangeDetails(**{**values, **changed})


def replaced(details: ChangeDetails, **changed: Any) -> ChangeDetails:
    """`details` with some of them changed."""
    return replace(details, **changed)


def make_change(plant: Plant, details: ChangeDetails | None = None, *, by: str = "engineer") -> Change:
    """A draft by the engineer, who will carry it out too."""
    user = again(plant.people[by])
    return drafts.raise_change(details or details_for(plant), by=user, implementers=[user.person])


def make_assessed(plant: Plant, details: ChangeDetails | None = None) -> Change:
    """A change that waits for its approvals."""
    change = make_change(plant, details)
    assessment.submit(change.pk, by=again(plant.people["engineer"]))
    return assess(plant, change)


def assess(plant: Plant, change: Change) -> Change:
    """Finish the assessment, by the engineer."""
    return assessment.finish(change.pk, by=again(plant.people["engineer"]))


def approve(plant: Plant, change: Change, who: str = "manager", **values: Any) -> Change:
    """Run the gate and approve."""
    gate(plant, change, Phase.APPROVE, **values)
    user = again(plant.people[who])
    return decisions.approve(change.pk, by=user, signing=signing(user, change, Phase.APPROVE))


def approve_all(plant: Plant, change: Change) -> Change:
    """Let everybody approve who has to."""
    for name in ("manager", "approver"):
        if Change.objects.get(pk=change.pk).state == "approval":
            approve(plant, change, name)
    return Change.objects.get(pk=change.pk)


def cancel(plant: Plant, change: Change) -> Change:
    """Cancel, by the manager."""
    return assessment.cancel(change.pk, by=again(plant.people["manager"]), reason="Not needed any more")


def make_scheduled(plant: Plant, details: ChangeDetails | None = None) -> Change:
    """A change approved by everybody who has to, in its window."""
    return approve_all(plant, make_assessed(plant, details))


def make_started(plant: Plant, details: ChangeDetails | None = None) -> Change:
    """A change whose work has begun, with the key in REM."""
    change = make_scheduled(plant, details)
    release(plant, change)
    gate(plant, change, Phase.START, mode="REM")
    return work.start(change.pk, by=again(plant.people["engineer"]))


def release(plant: Plant, change: Change) -> None:
    """Release the equipment, with the key in REM."""
    gate(plant, change, Phase.START, mode="REM")
    user = again(plant.people["shift_lead"])
    work.release(change.pk, by=user, signing=signing(user, change, Phase.START))


def make_done(plant: Plant, details: ChangeDetails | None = None) -> Change:
    """A change whose work is done and waits for verification."""
    change = make_started(plant, details)
    user = again(plant.people["engineer"])
    for step in change.steps.all():
        work.note_step(change.pk, step.number, by=user, state="done")
    return work.complete(change.pk, by=user, signing=signing(user, change))


def signing(user: User, change: Change, phase: str | None = None) -> Signing:
    """What `user` would send who looks at the change and its gate now, and proves who they are."""
    change = Change.objects.get(pk=change.pk)
    run = Dossier(change, now()).runs.get(phase) if phase else None
    proof = Reauthentication(user.pk, ("password",), now())
    return Signing(change.content_digest, run.results_digest if run else "", proof)


# -- the plant's answers --------------------------------------------------------------------------
def gate(plant: Plant, change: Change, phase: str, *, by: str = "shift_lead", **values: Any) -> CheckRun:
    """Run a gate on equipment that is healthy but for `values`."""
    run = gates.request_run(change.pk, phase, by=again(plant.people[by]))
    if run.probe_run:
        answer(run.probe_run, **values)
    gates.evaluate(run.uid)
    run.refresh_from_db()
    return run


def answer(
    probe: ProbeRun,
    *,
    reason: ReadReason = ReadReason.OK,
    age_s: float = 0,
    has_source_time: bool = True,
    **values: Any,
) -> None:
    """Let the plant answer a probe run: healthy but for `values`; a `ReadReason` as a value fails that point."""
    at = now()
    said = {**HEALTHY, **values}
    results = []
    for row in probe.plans:
        plan = Plan.from_json(row)
        keys = dict(
            Signal.objects.filter(endpoint__uid__in=[p.endpoint.uid for p in plan.probes]).values_list(
                "uid", "key"
            )
        )
        keys = {str(uid): key for uid, key in keys.items()}
        readings = [
            _reading(p.endpoint.uid, point, said.get(keys[point.uid]), reason, at, age_s, has_source_time)
            for p in plan.probes
            for point in p.points
        ]
        results.append(
            Result(
                run_uid=plan.run_uid,
                readings=tuple(readings),
                identities=(),
                started_at=at,
                finished_at=at,
                worker="test",
            ).to_json()
        )
    ProbeRun.objects.filter(pk=probe.pk).update(state="done", results=results)


def _reading(
    endpoint: str, point: Any, value: Any, reason: ReadReason, at: datetime, age_s: float, timed: bool
) -> Reading:
    why = value if isinstance(value, ReadReason) else reason
    is_ok = why is ReadReason.OK
    return Reading(
        endpoint_uid=endpoint,
        point_uid=point.uid,
        address=point.address,
        value=value if is_ok or (why is ReadReason.UNCERTAIN_QUALITY and value is not why) else None,
        unit="",
        quality=Quality.GOOD if is_ok else Quality.NONE,
        status_code="",
        source_time=at - timedelta(seconds=age_s) if timed and is_ok else None,
        received_time=at,
        rtt_ms=1.0,
        reason=why,
        attempts=1,
    )
