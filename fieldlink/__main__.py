"""`python -m fieldlink URL ADDRESS…`: read some points once and say what came back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from fieldlink.connectors import check_point
from fieldlink.errors import AddressError, ReadError
from fieldlink.guard import protocol_of, target_of
from fieldlink.runner import run
from fieldlink.spec import (
    EndpointSpec,
    NetworkRule,
    Plan,
    PointSpec,
    Probe,
    Reading,
    SecuritySpec,
    SpecError,
)

DONE, ANSWER_IS_NO, COULD_NOT_RUN = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    args = argparse.ArgumentParser(prog="python -m fieldlink", description=__doc__)
    args.add_argument("url", help="opc.tcp://, modbus://, mqtt(s):// or http(s)://")
    args.add_argument("address", nargs="+", help="an address, or address::datatype")
    args.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args.add_argument("--deadline", type=float, default=5.0, metavar="S", help="budget in seconds")
    args.add_argument("--allow-loopback", action="store_true", help="admit 127.0.0.0/8 and ::1")
    args.add_argument("--network", action="append", default=[], metavar="CIDR", help="admit this")
    args.add_argument("--credential", help="env:FIELDLINK_NAME or file:/path")
    args.add_argument("--pin", help="SHA-256 of the server's certificate")
    return args


def plan_of(args: argparse.Namespace) -> Plan:
    """The plan of one command line; raises SpecError, AddressError or ReadError."""
    endpoint = EndpointSpec(
        uid="endpoint",
        protocol=protocol_of(args.url),
        url=args.url,
        security=SecuritySpec(server_sha256=args.pin),
        credential=args.credential,
        timeout_s=min(600.0, max(args.deadline, 0.001)),
    )
    ports = (target_of(endpoint).port,)
    return Plan(
        run_uid="command-line",
        probes=(Probe(endpoint, tuple(_point(endpoint.protocol, a) for a in args.address)),),
        networks=tuple(NetworkRule(cidr, ports) for cidr in args.network),
        allow_loopback=args.allow_loopback,
        deadline_s=args.deadline,
    )


def _point(protocol: str, text: str) -> PointSpec:
    """`address::datatype` where the end is a datatype, else an address with `::` in it."""
    address, mark, datatype = text.rpartition("::")
    whole = PointSpec(uid=text, address=text)
    typed = PointSpec(uid=text, address=address, datatype=datatype)
    for point in (typed, whole) if mark and address and datatype else (whole,):
        try:
            check_point(protocol, point)
        except AddressError as exc:
            problem = exc
        else:
            return point
    raise problem


def _line(reading: Reading) -> str:
    when = reading.source_time.isoformat() if reading.source_time else "no source time"
    if reading.is_ok:
        return f"{reading.address}  {reading.value} {reading.unit}  {reading.quality}  {when}"
    held = "" if reading.value is None else f"  (said {reading.value})"
    return f"{reading.address}  unknown: {reading.reason.value} {reading.status_code}{held}"


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every point was read well, 1 when one was not, 2 when nothing could be asked."""
    args = parser().parse_args(argv)
    try:
        plan = plan_of(args)
    except (SpecError, AddressError, ReadError) as exc:
        sys.stderr.write(f"{exc}\n")
        return COULD_NOT_RUN
    result = run(plan)
    if args.json:
        sys.stdout.write(json.dumps(result.to_json(), indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{_line(r)}\n" for r in result.readings))
    return DONE if all(r.is_ok for r in result.readings) else ANSWER_IS_NO


if __name__ == "__main__":
    sys.exit(main())
