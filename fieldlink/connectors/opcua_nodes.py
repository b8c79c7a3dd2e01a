"""OPC UA addresses, status codes and values.

    address = [ "ns=" index ";" | "nsu=" URI ";" ] ( "i=" number | "s=" text | "g=" GUID | "b=" base64 )

`nsu=` is safer than `ns=`: indexes may change when a server is restarted with other modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from asyncua import ua
from asyncua.ua.uaerrors import UaError

from fieldlink.errors import AddressError, ReadError
from fieldlink.sheet import Observation
from fieldlink.spec import PointSpec, Quality, ReadReason
from fieldlink.values import PLAIN_TYPES, conforms, float_text

_TYPES = {kind.name.lower(): kind for kind in ua.VariantType} | {
    "uint8": ua.VariantType.Byte,
    "int8": ua.VariantType.SByte,
    "float32": ua.VariantType.Float,
    "float64": ua.VariantType.Double,
}
# "float" and "string" are plain types: any number, any text.
_EXACT = {name: kind for name, kind in _TYPES.items() if name not in PLAIN_TYPES and name != "null"}

_NO_POINT = {
    "BadNodeIdUnknown",
    "BadNodeIdInvalid",
    "BadAttributeIdInvalid",
    "BadIndexRangeInvalid",
    "BadIndexRangeNoData",
    "BadNotFound",
}
_AUTH = {
    "BadUserAccessDenied",
    "BadIdentityTokenInvalid",
    "BadIdentityTokenRejected",
    "BadUserSignatureInvalid",
    "BadNotReadable",
    "BadSecurityModeInsufficient",
}
_BUSY = {
    "BadTcpServerTooBusy",
    "BadTooManySessions",
    "BadMaxConnectionsReached",
    "BadServerHalted",
    "BadShutdown",
    "BadTcpNotEnoughResources",
    "BadConnectionRejected",
    "BadConnectionClosed",
}
_MISCONFIGURED = {
    "BadSecurityPolicyRejected",
    "BadSecurityModeRejected",
    "BadTcpEndpointUrlInvalid",
}
_FIRST_REAL_YEAR = 1602  # the null time of OPC UA is 1601-01-01


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node id, and the URI of its namespace where the address names it by URI."""

    node: ua.NodeId
    uri: str = ""

    def in_namespaces(self, namespaces: list[str]) -> ua.NodeId:
        """The node id with its index in this server's namespaces."""
        if not self.uri:
            return self.node
        return ua.NodeId(self.node.Identifier, ua.Int16(namespaces.index(self.uri)))


def parse(point: PointSpec) -> NodeAddress:
    """The address of a point; raises AddressError."""
    datatype = point.datatype.lower().removesuffix("[]")
    if datatype not in _EXACT and datatype not in PLAIN_TYPES:
        known = ", ".join(kind.name for kind in _EXACT.values())
        raise AddressError(f"{point.datatype!r} is no OPC UA datatype: {known}.")
    try:
        node = ua.NodeId.from_string(point.address.strip())
    except (UaError, ValueError, TypeError, AttributeError):
        node = None
    uri = getattr(node, "NamespaceUri", None) or ""
    if node is None or getattr(node, "ServerIndex", None) or not _is_sane(node):
        raise AddressError(
            f"{point.address!r} is no node id, such as ns=2;s=Line1.Speed, "
            "nsu=urn:vendor:machine;s=Speed or i=2258."
        )
    return NodeAddress(node, uri)


def _is_sane(node: ua.NodeId) -> bool:
    if not 0 <= node.NamespaceIndex <= 65_535:
        return False
    number = node.Identifier
    return not isinstance(number, int) or 0 <= number < 2**32


def reason_of(code: int) -> tuple[ReadReason, str]:
    """What a bad status code means for a connection, with its name."""
    name = status_name(code)
    if name in _AUTH:
        return ReadReason.AUTH, name
    if name == "BadSecurityChecksFailed" or name.startswith("BadCertificate"):
        return ReadReason.CLIENT_CERT_REJECTED, name
    if name in ("BadTimeout", "BadRequestTimeout"):
        return ReadReason.TIMEOUT, name
    if name in _BUSY:
        return ReadReason.REFUSED, name
    if name in _MISCONFIGURED:
        return ReadReason.CONFIG, name
    return ReadReason.PROTOCOL, name


def status_name(code: int) -> str:
    """The name of a status code, without its info bits; its number where it has none."""
    name, _ = ua.status_codes.get_name_and_doc(code & 0xFFFF0000)
    return name if name.isidentifier() and not name.startswith("Unknown") else f"0x{code:08X}"


def moment(time: datetime | None) -> datetime | None:
    """A source time as UTC, or None where the server sent none or its null time."""
    if time is None or time.year < _FIRST_REAL_YEAR:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def observed(value: ua.DataValue, point: PointSpec, *, rtt_ms: float) -> Observation:
    """What a data value says about a point; raises ReadError(TYPE)."""
    status = value.StatusCode or ua.StatusCode()
    name, source_time = status_name(status.value), moment(value.SourceTimestamp)
    if status.is_bad():
        reason, quality = _bad(name)
        return Observation(None, quality, name, source_time, rtt_ms, reason)
    quality = Quality.GOOD if status.is_good() else Quality.UNCERTAIN
    held = value.Value or ua.Variant()
    plain = _plain(held)
    if plain is not None and not _is_of_type(held, plain, point.datatype.lower()):
        raise ReadError(ReadReason.TYPE, "WrongType")
    return Observation(plain, quality, name, source_time, rtt_ms)


def _bad(name: str) -> tuple[ReadReason, Quality]:
    if name in _NO_POINT:
        return ReadReason.NO_SUCH_POINT, Quality.NONE
    if name in _AUTH:
        return ReadReason.AUTH, Quality.NONE
    return ReadReason.BAD_QUALITY, Quality.BAD


def _is_of_type(held: ua.Variant, plain: Any, datatype: str) -> bool:
    is_list = isinstance(plain, list)
    if datatype in PLAIN_TYPES:
        return conforms(plain, datatype)
    base = datatype.removesuffix("[]")
    if is_list != (base != datatype):
        return False
    if base in PLAIN_TYPES:
        return all(conforms(item, base) for item in plain)
    return bool(held.VariantType == _EXACT[base])


def _plain(held: ua.Variant) -> Any:
    """The value without OPC UA's own types; a Float keeps its 32 bits."""
    return _unwrapped(held.Value, is_single=held.VariantType == ua.VariantType.Float)


def _unwrapped(value: Any, *, is_single: bool) -> Any:
    match value:
        case list():
            return [_unwrapped(item, is_single=is_single) for item in value]
        case float() if is_single:
            return Decimal(float_text(value, single=True))
        case ua.LocalizedText():
            return value.Text
        case ua.QualifiedName():
            return value.Name
        case ua.NodeId():
            return value.to_string()
        case ua.StatusCode():
            return status_name(value.value)
        case _:
            return value
