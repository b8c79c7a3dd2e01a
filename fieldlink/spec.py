"""What to read and what was read: frozen dataclasses that travel as plain JSON."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Self, cast

# Floats travel as decimal strings, so that a digest over them is the same everywhere.
Value = None | bool | int | str | list[Any]
Json = dict[str, Any]

PROTOCOLS = ("opcua", "modbus", "mqtt", "http")
SECURITY_POLICIES = ("None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
SECURITY_MODES = ("None", "Sign", "SignAndEncrypt")


class SpecError(ValueError):
    """A spec that cannot be meant: the text says which part and why."""


class ReadReason(StrEnum):
    """Why a reading is what it is. Anything but OK means: the value is unknown."""

    OK = "ok"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    DEADLINE = "deadline"
    PROTOCOL = "protocol"
    AUTH = "auth"
    TLS_UNTRUSTED = "tls_untrusted"
    CLIENT_CERT_REJECTED = "client_cert_rejected"
    NO_SUCH_POINT = "no_such_point"
    BAD_QUALITY = "bad_quality"
    UNCERTAIN_QUALITY = "uncertain_quality"
    NO_TIMESTAMP = "no_timestamp"
    TYPE = "type"
    POLICY_DENIED = "policy_denied"
    CONFIG = "config"


class Quality(StrEnum):
    """OPC UA severities; NONE where no value arrived at all."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"
    NONE = "none"


def _text_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise SpecError(f"The time {text!r} has no offset from UTC.")
    return moment.astimezone(UTC)


def _known(cls: type, data: Mapping[str, Any]) -> Json:
    """`data` as keywords of a dataclass; refuses what it does not know and what it lacks."""
    known = {f.name: f for f in fields(cls)}
    if unknown := sorted(set(data) - set(known)):
        raise SpecError(f"{cls.__name__} does not know {', '.join(unknown)}.")
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    if missing := sorted(needed - set(data)):
        raise SpecError(f"{cls.__name__} needs {', '.join(missing)}.")
    return dict(data)


def _decimal_text(value: object, name: str) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise SpecError(f"{name} must be a decimal number, not {value!r}.") from None
    if not number.is_finite():
        raise SpecError(f"{name} must be finite, not {value!r}.")
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySpec:
    """How an endpoint proves itself and how we do; files and secrets by reference only.

    `server_sha256` pins the server's certificate (hex, colons allowed). `ca`, `client_certificate`
    and `client_key` are references `file:/path`. `credential_in_clear` admits a password on a
    connection nobody encrypts (HTTP, MQTT without TLS); it is off unless somebody decided.
    """

    policy: str = "None"
    mode: str = "None"
    server_sha256: str | None = None
    ca: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    credential_in_clear: bool = False

    def __post_init__(self) -> None:
        if self.policy not in SECURITY_POLICIES:
            raise SpecError(f"Security policy must be one of {', '.join(SECURITY_POLICIES)}.")
        if self.mode not in SECURITY_MODES:
            raise SpecError(f"Security mode must be one of {', '.join(SECURITY_MODES)}.")
        if (self.policy == "None") != (self.mode == "None"):
            raise SpecError("Security policy and mode are both None or neither is.")
        if self.server_sha256 is not None:
            pin = self.server_sha256.replace(":", "").strip().lower()
            if len(pin) != 64 or set(pin) - set("0123456789abcdef"):
                raise SpecError("The pinned server certificate is a SHA-256 of 64 hex digits.")
            object.__setattr__(self, "server_sha256", pin)

    def to_json(self) -> Json:
        """The spec as a plain dict."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The spec from a plain dict; raises SpecError."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """A reachable system. `credential` is a reference, `env:NAME` or `file:/path`, never a value.

    URLs: `opc.tcp://host:port/path`, `modbus://host:502/<unit>`, `mqtt(s)://host:port`,
    `http(s)://host:port/base`. `timeout_s` bounds one attempt: connect, read and disconnect.
    """

    uid: str
    protocol: str
    url: str
    security: SecuritySpec = field(default_factory=SecuritySpec)
    credential: str | None = None
    timeout_s: float = 3.0

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise SpecError(f"Protocol must be one of {', '.join(PROTOCOLS)}.")
        if not 0 < self.timeout_s <= 600:
            raise SpecError("timeout_s must lie above 0 and not above 600 seconds.")
        if self.credential is not None and not self.credential.startswith(("env:", "file:")):
            raise SpecError("A credential is a reference: env:NAME or file:/path.")

    def to_json(self) -> Json:
        """The spec as a plain dict."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return data | {"security": self.security.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The spec from a plain dict; raises SpecError."""
        known = _known(cls, data)
        return cls(**known | {"security": SecuritySpec.from_json(known.get("security") or {})})


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSpec:
    """One addressable value. What is read becomes value * scale + offset, as a decimal string."""

    uid: str
    address: str
    datatype: str = ""
    unit: str = ""
    scale: str = "1"
    offset: str = "0"

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _decimal_text(self.scale, "scale"))
        object.__setattr__(self, "offset", _decimal_text(self.offset, "offset"))

    @property
    def is_scaled(self) -> bool:
        """True where the value read is not the value meant."""
        return Decimal(self.scale) != 1 or Decimal(self.offset) != 0

    def to_json(self) -> Json:
        """The spec as a plain dict."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The spec from a plain dict; raises SpecError."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True)
class Probe:
    """One endpoint and the points to read from it, in one session."""

    endpoint: EndpointSpec
    points: tuple[PointSpec, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(self.points))

    def to_json(self) -> Json:
        """The probe as a plain dict."""
        points = [p.to_json() for p in self.points]
        return {"endpoint": self.endpoint.to_json(), "points": points}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The probe from a plain dict; raises SpecError."""
        known = _known(cls, data)
        points = tuple(PointSpec.from_json(p) for p in known["points"])
        return cls(EndpointSpec.from_json(known["endpoint"]), points)


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """Addresses that may be read. No ports: the protocol's own; no protocols: all of them."""

    cidr: str
    ports: tuple[int, ...] = ()
    protocols: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_network(self.cidr, strict=False)
        except ValueError:
            raise SpecError(f"{self.cidr!r} is no network, such as 10.20.0.0/24.") from None
        object.__setattr__(self, "ports", tuple(self.ports))
        object.__setattr__(self, "protocols", tuple(self.protocols))
        if unknown := sorted(set(self.protocols) - set(PROTOCOLS)):
            raise SpecError(f"Unknown protocol {', '.join(unknown)} in the rule {self.cidr}.")

    def to_json(self) -> Json:
        """The rule as a plain dict."""
        return {"cidr": self.cidr, "ports": list(self.ports), "protocols": list(self.protocols)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The rule from a plain dict; raises SpecError."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one run reads. `deadline_s` is the budget in seconds from the start of the run."""

    run_uid: str
    probes: tuple[Probe, ...]
    networks: tuple[NetworkRule, ...] = ()
    allow_loopback: bool = False
    deadline_s: float = 10.0
    identify: bool = True
    read_only: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "probes", tuple(self.probes))
        object.__setattr__(self, "networks", tuple(self.networks))
        if self.read_only is not True:
            raise SpecError("A plan reads; there is no other kind.")
        if not 0 < self.deadline_s <= 3600:
            raise SpecError("deadline_s must lie above 0 and not above 3600 seconds.")

    def to_json(self) -> Json:
        """The plan as a plain dict."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        data["probes"] = [p.to_json() for p in self.probes]
        data["networks"] = [n.to_json() for n in self.networks]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The plan from a plain dict; raises SpecError."""
        known = _known(cls, data)
        known["probes"] = tuple(Probe.from_json(p) for p in known["probes"])
        known["networks"] = tuple(NetworkRule.from_json(n) for n in known.get("networks", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One observed value, or the reason why there is none. No verdict and no age: the caller's."""

    endpoint_uid: str
    point_uid: str
    address: str
    value: Value
    unit: str
    quality: Quality
    status_code: str
    source_time: datetime | None
    received_time: datetime | None
    rtt_ms: float | None
    reason: ReadReason
    attempts: int

    @property
    def is_ok(self) -> bool:
        """True only for a value read with good quality and the expected type."""
        return self.reason is ReadReason.OK

    def to_json(self) -> Json:
        """The reading as a plain dict."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        data["quality"], data["reason"] = self.quality.value, self.reason.value
        data["source_time"] = _text_time(self.source_time)
        data["received_time"] = _text_time(self.received_time)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The reading from a plain dict; raises SpecError or ValueError."""
        known = _known(cls, data)
        known["quality"] = Quality(known["quality"])
        known["reason"] = ReadReason(known["reason"])
        known["source_time"] = _time(known["source_time"])
        known["received_time"] = _time(known["received_time"])
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointIdentity:
    """Who an endpoint says it is, and at which address it was reached."""

    endpoint_uid: str
    ip: str = ""
    application_uri: str = ""
    manufacturer: str = ""
    product: str = ""
    software_version: str = ""
    server_sha256: str = ""

    def to_json(self) -> Json:
        """The identity as a plain dict."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The identity from a plain dict; raises SpecError."""
        return cls(**_known(cls, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run brought home: one reading per point, in the order of the plan."""

    run_uid: str
    readings: tuple[Reading, ...]
    identities: tuple[EndpointIdentity, ...]
    started_at: datetime
    finished_at: datetime
    worker: str

    def to_json(self) -> Json:
        """The result as a plain dict."""
        return {
            "run_uid": self.run_uid,
            "readings": [r.to_json() for r in self.readings],
            "identities": [i.to_json() for i in self.identities],
            "started_at": _text_time(self.started_at),
            "finished_at": _text_time(self.finished_at),
            "worker": self.worker,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The result from a plain dict; raises SpecError or ValueError."""
        known = _known(cls, data)
        readings: Sequence[Json] = known["readings"]
        identities: Sequence[Json] = known["identities"]
        return cls(
            run_uid=known["run_uid"],
            readings=tuple(Reading.from_json(r) for r in readings),
            identities=tuple(EndpointIdentity.from_json(i) for i in identities),
            started_at=cast(datetime, _time(known["started_at"])),
            finished_at=cast(datetime, _time(known["finished_at"])),
            worker=known["worker"],
        )
