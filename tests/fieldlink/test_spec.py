"""Specs and readings travel as plain JSON, and say no to what cannot be meant."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from fieldlink.spec import (
    EndpointIdentity,
    EndpointSpec,
    NetworkRule,
    Plan,
    PointSpec,
    Probe,
    Quality,
    Reading,
    ReadReason,
    Result,
    SecuritySpec,
    SpecError,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1)))
SECURITY = SecuritySpec(
    policy="Basic256Sha256",
    mode="Sign",
    server_sha256="AB:" * 31 + "CD",
    client_certificate="file:/etc/reader.pem",
    client_key="file:/etc/reader-key.pem",
)
ENDPOINT = EndpointSpec(
    uid="e", protocol="opcua", url="opc.tcp://plc", security=SECURITY, credential="env:FIELDLINK_PLC"
)
READING = Reading(
    endpoint_uid="e",
    point_uid="p",
    address="ns=2;s=a",
    value=["1.5", True, None, 3],
    unit="bar",
    quality=Quality.GOOD,
    status_code="Good",
    source_time=NOW,
    received_time=None,
    rtt_ms=1.25,
    reason=ReadReason.OK,
    attempts=1,
)


def test_a_plan_survives_json() -> None:
    points = (PointSpec(uid="p", address="ns=2;s=a", scale=0.1, offset=-3), PointSpec(uid="q", address="i=1"))
    plan = Plan(
        run_uid="r",
        probes=(Probe(ENDPOINT, points),),
        networks=(NetworkRule("10.0.0.0/8", (4840,), ("opcua",)),),
        deadline_s=2.5,
    )
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert points[0].scale == "0.1"


def test_a_result_survives_json_with_times_in_utc() -> None:
    who = EndpointIdentity(endpoint_uid="e", ip="10.0.0.5", product="X")
    result = Result(
        run_uid="r", readings=(READING,), identities=(who,), started_at=NOW, finished_at=NOW, worker="w"
    )
    again = Result.from_json(json.loads(json.dumps(result.to_json())))
    assert again == result
    assert again.started_at.tzinfo is UTC
    assert result.to_json()["readings"][0]["source_time"] == "2026-03-01T11:00:00+00:00"


def test_a_pin_is_kept_in_one_spelling() -> None:
    assert SECURITY.server_sha256 == "ab" * 31 + "cd"


@pytest.mark.parametrize(
    "make",
    [
        lambda: SecuritySpec(policy="Basic128Rsa15", mode="Sign"),
        lambda: SecuritySpec(policy="Basic256Sha256"),
        lambda: SecuritySpec(mode="Sign"),
        lambda: SecuritySpec(server_sha256="abc"),
        lambda: EndpointSpec(uid="e", protocol="s7", url="s7://plc"),
        lambda: EndpointSpec(uid="e", protocol="modbus", url="modbus://plc", credential="s3cret"),
        lambda: EndpointSpec(uid="e", protocol="modbus", url="modbus://plc", timeout_s=0),
        lambda: PointSpec(uid="p", address="a", scale="x"),
        lambda: PointSpec(uid="p", address="a", offset="NaN"),
        lambda: Plan(run_uid="r", probes=(), read_only=False),
        lambda: Plan(run_uid="r", probes=(), deadline_s=0),
        lambda: NetworkRule("10.0.0.0/8", (), ("telnet",)),
        lambda: PointSpec.from_json({"uid": "p"}),
        lambda: PointSpec.from_json({"uid": "p", "address": "a", "colour": "red"}),
        lambda: Reading.from_json(READING.to_json() | {"source_time": "2026-03-01T12:00:00"}),
    ],
)
def test_what_cannot_be_meant_is_refused(make) -> None:
    with pytest.raises(SpecError):
        make()


def test_only_ok_is_ok() -> None:
    assert [r for r in ReadReason if Reading.from_json(READING.to_json() | {"reason": r.value}).is_ok] == [
        ReadReason.OK
    ]
