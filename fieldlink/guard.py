"""The network guard: which address a spec means, and whether it may be read at all.

A name is resolved once; the address that passed is the one connected to, so a second answer of
the name server changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

from fieldlink.errors import ReadError
from fieldlink.spec import EndpointSpec, NetworkRule, ReadReason

Address = IPv4Address | IPv6Address

# Scheme → (its own port, whether TLS protects it), by protocol.
SCHEMES: dict[str, dict[str, tuple[int, bool]]] = {
    "opcua": {"opc.tcp": (4840, False)},
    "modbus": {"modbus": (502, False)},
    "mqtt": {"mqtt": (1883, False), "mqtts": (8883, True)},
    "http": {"http": (80, False), "https": (443, True)},
}

# Addresses at which clouds hand out machine credentials.
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
    )
)
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = tuple(ipaddress.ip_network(n) for n in ("64:ff9b::/96", "64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_LOW_32_BITS = 0xFFFFFFFF
_MOST_LOOKUPS = 32


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points, before anything is resolved."""

    scheme: str
    host: str
    port: int
    path: str
    is_tls: bool


def target_of(endpoint: EndpointSpec) -> Target:
    """The target of an endpoint's URL; raises ReadError(CONFIG)."""
    if any(c.isspace() or not c.isprintable() for c in endpoint.url):
        raise ReadError(ReadReason.CONFIG, "BadUrl")
    try:
        parts = urlsplit(endpoint.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ReadError(ReadReason.CONFIG, "BadUrl") from None
    known = SCHEMES[endpoint.protocol].get(parts.scheme)
    if known is None:
        raise ReadError(ReadReason.CONFIG, "BadScheme")
    if "@" in parts.netloc:
        raise ReadError(ReadReason.CONFIG, "CredentialInUrl")
    if not host or parts.fragment or parts.query or port == 0:
        raise ReadError(ReadReason.CONFIG, "BadUrl")
    return Target(parts.scheme, host, port or known[0], parts.path, known[1])


def protocol_of(url: str) -> str:
    """The protocol a URL's scheme belongs to; raises ReadError(CONFIG)."""
    scheme = url.partition("://")[0].lower()
    for protocol, schemes in SCHEMES.items():
        if scheme in schemes:
            return protocol
    raise ReadError(ReadReason.CONFIG, "BadScheme")


def normalised(address: Address) -> Address:
    """The IPv4 address behind ::ffff:a.b.c.d, else the address itself."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _meanings(address: Address) -> Iterator[Address]:
    """The address and every IPv4 address a tunnel or translator would make of it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in net for net in (*_NAT64, _COMPATIBLE)) and int(address) > 1:
        yield IPv4Address(int(address) & _LOW_32_BITS)


def never(address: Address) -> str:
    """Why no rule may ever admit this address; empty where a rule may."""
    for meant in _meanings(address):
        if meant.is_loopback:
            return "Loopback"
        if meant in _METADATA:
            return "Metadata"
        if meant.is_link_local:
            return "LinkLocal"
        if meant.is_multicast:
            return "Multicast"
        if meant.is_unspecified or (meant.version == 4 and meant in _THIS_NETWORK):
            return "Unspecified"
        if meant.version == 4 and meant.is_reserved:
            return "Broadcast"
    return ""


def _covers(rule: NetworkRule, address: Address, port: int, protocol: str) -> bool:
    network = ipaddress.ip_network(rule.cidr, strict=False)
    if address.version != network.version or address not in network:
        return False
    if network.version == 4 and network.prefixlen < 31 and address == network.broadcast_address:
        return False
    own_ports = tuple(own for own, _ in SCHEMES[protocol].values())
    return port in (rule.ports or own_ports) and protocol in (rule.protocols or (protocol,))


def denial(
    address: Address,
    port: int,
    protocol: str,
    *,
    rules: Iterable[NetworkRule],
    allow_loopback: bool,
) -> str:
    """Why this address may not be read; empty where it may. Default is deny."""
    address = normalised(address)
    if address.is_loopback and allow_loopback:
        return ""
    if refused := never(address):
        return refused
    if any(_covers(rule, address, port, protocol) for rule in rules):
        return ""
    return "NotInAllowedNetworks"


class Resolver:
    """Resolves each name once per run, in threads that nobody waits for at the end.

    getaddrinfo cannot be cancelled, so a hung name server costs a thread until it gives up; their
    number is bounded over all runs of the process.
    """

    _slots = threading.BoundedSemaphore(_MOST_LOOKUPS)

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Future[list[Address] | None]] = {}

    async def addresses(self, host: str, *, until: float) -> list[Address]:
        """All addresses of a host, IPv4 first; raises ReadError(DNS)."""
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass
        if host not in self._answers:
            self._answers[host] = self._ask(host)
        try:
            async with asyncio.timeout_at(until):
                found = await asyncio.shield(self._answers[host])
        except TimeoutError:
            raise ReadError(ReadReason.DNS, "ResolverTimeout") from None
        if not found:
            raise ReadError(ReadReason.DNS, "NameNotResolved")
        return sorted(found, key=lambda a: a.version)

    def _ask(self, host: str) -> asyncio.Future[list[Address] | None]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address] | None] = loop.create_future()
        slots = self._slots
        if not slots.acquire(blocking=False):
            raise ReadError(ReadReason.DNS, "ResolverBusy")

        def deliver(found: list[Address] | None) -> None:
            if not answer.done():
                answer.set_result(found)

        def look_up() -> None:
            try:
                found = _look_up(host)
            finally:
                slots.release()
            if not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(deliver, found)
                except RuntimeError:
                    return  # the run ended while the name server was thinking

        threading.Thread(target=look_up, name="fieldlink-resolve", daemon=True).start()
        return answer


def _look_up(host: str) -> list[Address] | None:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        return None
    return [ipaddress.ip_address(row[4][0]) for row in rows]


async def admitted(
    endpoint: EndpointSpec,
    target: Target,
    *,
    resolver: Resolver,
    rules: Iterable[NetworkRule],
    allow_loopback: bool,
    until: float,
) -> Address:
    """The one address to connect to; raises ReadError(DNS | POLICY_DENIED)."""
    rules = tuple(rules)
    denied = ""
    for address in await resolver.addresses(target.host, until=until):
        denied = denial(address, target.port, endpoint.protocol, rules=rules, allow_loopback=allow_loopback)
        if not denied:
            return normalised(address)
    raise ReadError(ReadReason.POLICY_DENIED, denied)
