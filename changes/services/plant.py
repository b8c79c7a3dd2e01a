"""What a change does on the floors below: authorisation, access for the work, baselines, snapshots."""

from collections.abc import Iterable
from typing import Any

from access.services import just_in_time
from assets.services import baselines, holds
from changes.models import CheckRun, Snapshot
from changes.selectors.facts import Dossier
from changes.selectors.specs import SNAPSHOT_KEYS, digest
from changes.states import Role
from operations.selectors import readings_of
from plantgov.audit.services.entries import write
from plantgov.people.models import Person, Signature, User

BASELINE_FIELDS = ("firmware", "program_name", "program_fingerprint", "change_counter")


def open_work(dossier: Dossier, *, by: User) -> None:
    """Authorise the change on each of its assets and give its implementers access for exactly this work."""
    change = dossier.change
    for asset in sorted(
        dossier.assets, key=lambda one: one.pk
    ):  # one order, so that two starts never deadlock
        holds.authorise(asset, change_uid=change.uid, reference=change.reference, by=by, at=dossier.at)
    give_access(dossier, Person.objects.filter(pk__in=dossier.acts.get(Role.IMPLEMENTER, {})), by=by)


def give_access(dossier: Dossier, people: Iterable[Person], *, by: User) -> None:
    """Give these people access to exactly the assets of a running change."""
    change = dossier.change
    just_in_time.open_for_change(
        change.uid, change.reference, people=list(people), assets=dossier.assets, from_at=dossier.at, by=by
    )


def end_work(dossier: Dossier, *, by: User) -> None:
    """End both, when the work is verified, backed out or given up."""
    holds.end_authorisations(dossier.change.uid, by=by, at=dossier.at)
    just_in_time.close_for_change(dossier.change.uid, by=by, at=dossier.at)


def snapshot(dossier: Dossier, kind: str, run: CheckRun | None, *, by: User) -> Snapshot:
    """Keep what a run read of each asset; what could not be read is kept as missing."""
    change, values = dossier.change, values_of(dossier, run)
    row = change.snapshots.filter(kind=kind).first() or Snapshot(change=change, kind=kind)
    row.check_run, row.values, row.digest, row.taken_at = run, values, digest(values), dossier.at
    return write(row, by=by, action=f"changes.snapshot.{kind}", at=dossier.at, thing=change)


def values_of(dossier: Dossier, run: CheckRun | None) -> dict[str, dict[str, Any]]:
    """Asset uid → signal → value, of what was read well in a run; what people read counts too."""
    found: dict[str, dict[str, Any]] = {str(asset.uid): {} for asset in dossier.assets}
    if run is None:
        return found
    uids = {asset.pk: str(asset.uid) for asset in dossier.assets}
    for spec, result in zip(run.specs, run.results.all(), strict=True):
        if result.source == "manual" and result.observed is not None and result.asset_id in uids:
            found[uids[result.asset_id]][spec["signal_key"]] = result.observed
    for row in readings_of(run.probe_run).values() if run.probe_run else ():
        if row.is_known and row.key in SNAPSHOT_KEYS and row.asset_id in uids:
            found[uids[row.asset_id]][row.key] = row.value
    return found


def adopt_baselines(dossier: Dossier, left: Snapshot, *, signature: Signature, by: User) -> None:
    """Make the verified as-left configuration the approved one, where a configuration was read."""
    for asset in sorted(dossier.assets, key=lambda one: one.pk):
        values = left.values.get(str(asset.uid), {})
        known: dict[str, Any] = {
            name: str(values[name]) for name in BASELINE_FIELDS if values.get(name) is not None
        }
        if known.keys() & {"firmware", "program_fingerprint"}:
            baselines.adopt(
                asset,
                baselines.Configuration(**known),
                by=by,
                at=dossier.at,
                signature=signature,
                change=baselines.ThroughChange(dossier.change.uid, dossier.change.reference),
            )
