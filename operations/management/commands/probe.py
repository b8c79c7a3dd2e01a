"""Read addresses of one system now, from the command line."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from fieldlink.runner import run
from fieldlink.spec import EndpointSpec, NetworkRule, Plan, PointSpec, Probe, Reading, SpecError
from operations.models import NetworkRule as Rule

PROTOCOL_OF = {
    "opc.tcp": "opcua",
    "modbus": "modbus",
    "mqtt": "mqtt",
    "mqtts": "mqtt",
    "http": "http",
    "https": "http",
}


class Command(BaseCommand):
    help = "Read ADDRESSes from the system at URL. Exit codes: 0 all read, 1 some unknown, 2 could not run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="such as opc.tcp://10.20.0.5:4840 or modbus://10.20.0.6:502/1")
        parser.add_argument("address", nargs="+", help="such as ns=2;s=Mode or holding:100:uint16")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        parser.add_argument("--deadline", type=float, default=10, metavar="S", help="seconds for everything")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            plan = self._plan(options)
        except SpecError as error:
            self.stderr.write(str(error))
            raise SystemExit(2) from error
        readings = run(plan).readings
        if options["json"]:
            self.stdout.write(json.dumps({"readings": [_as_json(r) for r in readings]}))
        else:
            for reading in readings:
                self.stdout.write(
                    f"{reading.address}  {reading.value}  {reading.unit}  {reading.quality}  {reading.reason}"
                )
        raise SystemExit(0 if all(r.is_ok for r in readings) else 1)

    def _plan(self, options: dict[str, Any]) -> Plan:
        protocol = PROTOCOL_OF.get(options["url"].split("://")[0])
        if protocol is None:
            raise SpecError(f"The URL must begin with one of {', '.join(PROTOCOL_OF)}.")
        rules = Rule.objects.filter(state=Rule.State.IN_FORCE)
        return Plan(
            run_uid="probe",
            probes=(
                Probe(
                    EndpointSpec(uid="probe", protocol=protocol, url=options["url"]),
                    _points(options["address"]),
                ),
            ),
            networks=tuple(NetworkRule(r.cidr, tuple(r.ports), tuple(r.protocols)) for r in rules),
            allow_loopback=settings.PLANTGOV_ALLOW_LOOPBACK,
            deadline_s=options["deadline"],
        )


def _points(addresses: list[str]) -> tuple[PointSpec, ...]:
    return tuple(PointSpec(uid=str(number), address=address) for number, address in enumerate(addresses))


def _as_json(reading: Reading) -> dict[str, Any]:
    data = reading.to_json()
    return {
        key: data[key]
        for key in ("address", "value", "unit", "quality", "source_time", "received_time", "reason")
    }
