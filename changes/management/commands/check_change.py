"""Run the gate of a change from the command line."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from changes.models import Change, CheckRun
from changes.selectors.facts import Dossier
from changes.services import gates
from changes.services.offers import phase_of
from changes.services.signatures import gate_of
from changes.states import Phase
from operations.models import ProbeRun
from operations.services import probes
from plantgov.core.clock import now
from plantgov.core.errors import Refused
from plantgov.core.verdict import Reason
from plantgov.people.services.accounts import system_account

OPEN, SHUT, NOT_RUN = 0, 1, 2
WAIT_S = 45.0


class Command(BaseCommand):
    help = "Run the gate of change REF. Exit codes: 0 the gate is open, 1 it is shut, 2 it could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", metavar="REF", help="such as CHG-2026-0042")
        parser.add_argument("--phase", choices=Phase.values, help="default: the phase that the change is in")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        change = Change.objects.select_related("location").filter(reference=options["reference"]).first()
        if change is None:
            self.stderr.write(f"There is no change {options['reference']}.")
            raise SystemExit(NOT_RUN)
        phase = Phase(options["phase"] or phase_of(Dossier(change, now())))
        try:
            run = _run(change, phase)
        except Refused as refused:
            self.stderr.write(str(refused))
            raise SystemExit(NOT_RUN) from refused
        blockers = gate_of(Dossier(change, now()), phase, at=now()).blockers if run.state == "done" else []
        answer = _as_json(change, run, [str(reason) for reason in blockers])
        self.stdout.write(json.dumps(answer) if options["json"] else _as_text(answer))
        if run.state != CheckRun.State.DONE:
            raise SystemExit(NOT_RUN)
        raise SystemExit(SHUT if blockers else OPEN)


def _run(change: Change, phase: Phase) -> CheckRun:
    """Ask for a run and do what a worker would; a worker that is quicker is waited for."""
    run = gates.request_run(change.pk, phase, by=system_account("console"))
    until = time.monotonic() + WAIT_S
    while run.state == CheckRun.State.DUE and time.monotonic() < until:
        if run.read_again_at is not None and run.read_again_at <= now():
            gates.sweep()
            run.refresh_from_db()
        if (
            run.probe_run is None
            or run.probe_run.state != ProbeRun.State.DUE
            or not probes.execute(run.probe_run.uid)
        ):
            time.sleep(0.2)
        gates.evaluate(run.uid)
        run = CheckRun.objects.select_related("probe_run").get(pk=run.pk)
    return run


def _as_json(change: Change, run: CheckRun, blockers: list[str]) -> dict[str, Any]:
    return {
        "change": change.reference,
        "phase": run.phase,
        "run": str(run.uid),
        "state": run.state,
        "verdict": run.verdict or "unknown",
        "is_open": run.state == CheckRun.State.DONE and not blockers,
        "blockers": blockers,
        "valid_until": run.valid_until.isoformat() if run.valid_until else None,
        "digest": run.results_digest,
        "results": [
            {
                "asset": row.asset.tag if row.asset else "",
                "key": row.key,
                "label": row.label,
                "verdict": row.verdict,
                "severity": row.severity,
                "source": row.source,
                "expected": row.expected,
                "observed": row.observed,
                "unit": row.unit,
                "source_time": row.source_time.isoformat() if row.source_time else None,
                "received_time": row.received_time.isoformat() if row.received_time else None,
                "reason": str(Reason(row.reason_code, row.reason_params)),
            }
            for row in run.results.select_related("asset")
        ],
    }


def _as_text(answer: dict[str, Any]) -> str:
    rows = [
        f"{one['verdict']:<14} {one['severity']:<9} {one['source']:<9} {one['asset']:<14} {one['label']}: {one['reason']}"
        for one in answer["results"]
    ]
    word = (
        "open"
        if answer["is_open"]
        else "shut"
        if answer["state"] == "done"
        else f"unknown ({answer['state']})"
    )
    return "\n".join([f"{answer['change']} {answer['phase']}: the gate is {word}", *rows])
