"""OPC UA with security: what is trusted, what is sent, and to whom."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions

from fieldlink.connectors import opcua_security
from fieldlink.spec import EndpointIdentity, Reading, ReadReason, SecuritySpec
from tests.fieldlink.certificates import Issued, issue
from tests.fieldlink.plants import NODES, in_thread, opcua_server, port_of, read

pytestmark = pytest.mark.enable_socket
R = ReadReason
NODE = f"nsu={NODES};s=Speed"


@dataclass
class _Secured:
    url: str
    server: Issued
    reader: Issued
    rogue: Issued
    seen: list[tuple[str | None, str | None]]


class _Users:
    def __init__(self) -> None:
        self.seen: list[tuple[str | None, str | None]] = []

    def get_user(self, iserver, username=None, password=None, certificate=None) -> User | None:
        self.seen.append((username, password))
        known = username is None or (username, password) == ("reader", "s3cret")
        return User(role=UserRole.User) if known else None


@asynccontextmanager
async def _secured_plant(folder: Path) -> AsyncIterator[_Secured]:
    issued = {name: issue(folder, name) for name in ("server", "reader", "rogue")}
    users, trusted = _Users(), folder / "trusted"
    trusted.mkdir()
    (trusted / "reader.pem").write_bytes(issued["reader"].certificate.read_bytes())
    server: Server = await opcua_server(user_manager=users)
    policies = ua.SecurityPolicyType
    server.set_security_policy(
        [policies.NoSecurity, policies.Basic256Sha256_SignAndEncrypt, policies.Basic256Sha256_Sign]
    )
    await server.set_application_uri("urn:test:server")
    await server.load_certificate(str(issued["server"].certificate))
    await server.load_private_key(str(issued["server"].key))
    store = TrustStore([trusted], [])
    await store.load()
    options = CertificateValidatorOptions.TRUSTED_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
    server.set_certificate_validator(CertificateValidator(options, store))
    async with server:
        yield _Secured(f"opc.tcp://127.0.0.1:{port_of(server)}/plant", **issued, seen=users.seen)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Secured]:
    folder = tmp_path_factory.mktemp("certificates")
    with in_thread(lambda: _secured_plant(folder)) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    opcua_security._by_pin.clear()


def _read(
    plant: _Secured,
    *,
    mode: str = "SignAndEncrypt",
    policy: str = "Basic256Sha256",
    own: Issued | None = None,
    pin: str | None = None,
    credential: str | None = None,
) -> tuple[Reading, tuple[EndpointIdentity, ...]]:
    own = own or plant.reader
    security = SecuritySpec(
        policy=policy,
        mode=mode,
        server_sha256=pin,
        client_certificate=f"file:{own.certificate}",
        client_key=f"file:{own.key}",
    )
    result = asyncio.run(read(plant.url, NODE, security=security, credential=credential))
    return result.readings[0], result.identities


@pytest.mark.parametrize("mode", ["Sign", "SignAndEncrypt"])
def test_a_pinned_server_is_read(plant: _Secured, mode: str) -> None:
    for _ in range(2):  # the second time without asking for the certificate
        got, (who,) = _read(plant, mode=mode, pin=plant.server.sha256)
        assert (got.reason, got.value) == (R.OK, "1.5")
        assert (who.server_sha256, who.application_uri) == (plant.server.sha256, "urn:test:server")


def test_another_certificate_than_the_pinned_is_untrusted(plant: _Secured) -> None:
    got, _ = _read(plant, pin=plant.rogue.sha256)
    assert (got.reason, got.status_code) == (R.TLS_UNTRUSTED, "ServerCertificateNotPinned")


def test_a_server_that_changed_its_certificate_since_is_untrusted(plant: _Secured) -> None:
    opcua_security._by_pin[plant.rogue.sha256] = plant.rogue.der
    got, _ = _read(plant, pin=plant.rogue.sha256)
    assert got.reason == R.TLS_UNTRUSTED


@pytest.mark.parametrize("policy", ["None", "Basic256Sha256"])
def test_without_a_pin_neither_security_nor_password_is_used(
    plant: _Secured, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINK_PLC", "reader:s3cret")
    before = len(plant.seen)
    mode = "None" if policy == "None" else "Sign"
    got, _ = _read(plant, policy=policy, mode=mode, credential="env:FIELDLINK_PLC")
    assert (got.reason, got.status_code) == (R.CONFIG, "ServerCertificateNotPinned")
    assert len(plant.seen) == before


def test_a_client_certificate_the_server_does_not_trust_is_named(plant: _Secured) -> None:
    got, _ = _read(plant, pin=plant.server.sha256, own=plant.rogue)
    assert got.reason == R.CLIENT_CERT_REJECTED


def test_a_policy_the_server_does_not_offer_is_a_matter_of_configuration(plant: _Secured) -> None:
    got, _ = _read(plant, pin=plant.server.sha256, policy="Aes256Sha256RsaPss")
    assert (got.reason, got.status_code) == (R.CONFIG, "PolicyNotOffered")


@pytest.mark.parametrize(("password", "reason"), [("s3cret", R.OK), ("wrong", R.AUTH)])
def test_the_password_decides(
    plant: _Secured, password: str, reason: ReadReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINK_PLC", f"reader:{password}")
    got, _ = _read(plant, pin=plant.server.sha256, credential="env:FIELDLINK_PLC")
    assert got.reason == reason
    assert plant.seen[-1] == ("reader", password)


def test_a_password_over_no_security_goes_encrypted_and_to_the_pinned_server_only(
    plant: _Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDLINK_PLC", "reader:s3cret")
    before = len(plant.seen)
    got, _ = _read(plant, policy="None", mode="None", pin=plant.rogue.sha256, credential="env:FIELDLINK_PLC")
    assert got.reason == R.TLS_UNTRUSTED
    assert len(plant.seen) == before
    got, _ = _read(plant, policy="None", mode="None", pin=plant.server.sha256, credential="env:FIELDLINK_PLC")
    assert (got.reason, got.status_code) in {(R.OK, "Good"), (R.CONFIG, "CredentialInClear")}


def test_a_missing_key_is_a_matter_of_configuration(plant: _Secured, tmp_path: Path) -> None:
    lost = Issued(plant.reader.certificate, tmp_path / "gone.key", plant.reader.cert, plant.reader.private)
    got, _ = _read(plant, pin=plant.server.sha256, own=lost)
    assert (got.reason, got.status_code) == (R.CONFIG, "CertificateMissing")


def test_the_first_certificate_of_a_chain_is_the_servers(plant: _Secured) -> None:
    assert opcua_security.first_certificate(plant.server.der + plant.rogue.der) == plant.server.der
    assert opcua_security.first_certificate(b"\x30") == b"\x30"
