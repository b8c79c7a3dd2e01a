"""Endpoints, signals, networks and the switches that stop reading."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from assets.models import Asset, Location, Zone
from fieldlink.spec import NetworkRule as AllowedNetwork
from fieldlink.spec import SpecError
from operations.models import Endpoint, NetworkRule, ReadingStop, Signal
from operations.rules import confirm_blockers
from operations.services.probes import endpoint_spec, point_spec
from plantgov.audit.services.entries import delete, write
from plantgov.core.errors import BadInput, refuse_if, require_revision
from plantgov.core.scope import require
from plantgov.people.models import User


@dataclass(frozen=True)
class EndpointDetails:
    """What an endpoint needs to be reached."""

    name: str
    protocol: str
    url: str
    timeout_s: float = 3
    security: dict[str, Any] = field(default_factory=dict)
    credential_ref: str = ""
    is_enabled: bool = True


@dataclass(frozen=True)
class SignalDetails:
    """What a signal needs to be read."""

    key: str
    address: str
    datatype: str = ""
    unit: str = ""
    name: str = ""
    scale: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)


def _checked(row: Any, spec: Any) -> None:
    """Let the model and the reader of the field say what is wrong, at once and by field."""
    errors: dict[str, list[str]] = {}
    try:
        row.full_clean()
    except ValidationError as error:
        errors = dict(error.message_dict)
    try:
        spec(row)
    except SpecError as error:
        errors.setdefault("url" if isinstance(row, Endpoint) else "address", []).append(str(error))
    if errors:
        raise BadInput(errors)


@transaction.atomic
def add_endpoint(
    details: EndpointDetails, *, location: Location, by: User, asset: Asset | None = None
) -> Endpoint:
    """Register a system that can be read."""
    row = Endpoint(location=location, asset=asset, **vars(details))
    require(by, "operations.add_endpoint", location)
    _checked(row, endpoint_spec)
    return write(row, by=by, action="operations.endpoint.added")


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint, details: EndpointDetails, *, by: User, revision: int | None = None, reason: str = ""
) -> Endpoint:
    """Change how a system is reached."""
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    require(by, "operations.change_endpoint", row)
    require_revision(row, revision)
    for name, value in vars(details).items():
        setattr(row, name, value)
    _checked(row, endpoint_spec)
    return write(row, by=by, action="operations.endpoint.changed", reason=reason)


@transaction.atomic
def accept_identity(endpoint: Endpoint, identity: dict[str, str], *, by: User) -> Endpoint:
    """Accept who the endpoint says it is: a later difference voids what it tells."""
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    require(by, "operations.change_endpoint", row)
    row.accepted_identity = identity
    if identity.get("server_sha256"):
        row.security = {**row.security, "server_sha256": identity["server_sha256"]}
    return write(row, by=by, action="operations.endpoint.identity_accepted")


@transaction.atomic
def add_signal(endpoint: Endpoint, details: SignalDetails, *, asset: Asset, by: User) -> Signal:
    """Say where a property of an asset can be read."""
    row = Signal(endpoint=endpoint, asset=asset, **vars(details))
    require(by, "operations.change_endpoint", endpoint)
    _checked(row, point_spec)
    return write(row, by=by, action="operations.signal.added", thing=endpoint)


@transaction.atomic
def change_signal(signal: Signal, details: SignalDetails, *, by: User, reason: str = "") -> Signal:
    """Change where a property can be read."""
    row = Signal.objects.select_for_update().get(pk=signal.pk)
    require(by, "operations.change_endpoint", row.endpoint)
    for name, value in vars(details).items():
        setattr(row, name, value)
    _checked(row, point_spec)
    return write(row, by=by, action="operations.signal.changed", thing=row.endpoint, reason=reason)


@transaction.atomic
def remove_signal(signal: Signal, *, by: User, reason: str) -> None:
    """Remove a signal; its history stays in the ledger."""
    row = Signal.objects.select_for_update().get(pk=signal.pk)
    require(by, "operations.change_endpoint", row.endpoint)
    delete(row, by=by, action="operations.signal.removed", reason=reason, thing=row.endpoint)


@transaction.atomic
def propose_network(site: Location, network: AllowedNetwork, *, by: User, reason: str) -> NetworkRule:
    """Propose addresses that may be read at a site; a second person puts them in force."""
    require(by, "operations.add_networkrule", site)
    row = NetworkRule(
        site=site,
        cidr=network.cidr,
        ports=list(network.ports),
        protocols=list(network.protocols),
        reason=reason,
        proposed_by=by,
    )
    _clean_network(row)
    return write(row, by=by, action="operations.network.proposed", reason=reason)


def _clean_network(row: NetworkRule) -> None:
    try:
        row.full_clean(exclude=["confirmed_by"])  # nobody has yet
    except ValidationError as error:
        raise BadInput(error.message_dict) from error


@transaction.atomic
def confirm_network(rule: NetworkRule, *, by: User) -> NetworkRule:
    """Put a proposed network in force; never by the person who proposed it."""
    row = NetworkRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    require(by, "operations.confirm_networkrule", row)
    refuse_if(confirm_blockers(row, by))
    if row.state == NetworkRule.State.PROPOSED:
        row.state, row.confirmed_by = NetworkRule.State.IN_FORCE, by
        write(row, by=by, action="operations.network.confirmed")
    return row


@transaction.atomic
def withdraw_network(rule: NetworkRule, *, by: User, reason: str) -> NetworkRule:
    """Close a network at once; closing needs one person only."""
    row = NetworkRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    require(by, "operations.add_networkrule", row)
    row.state = NetworkRule.State.WITHDRAWN
    return write(row, by=by, action="operations.network.withdrawn", reason=reason)


@transaction.atomic
def stop_reading(target: Zone | Asset, *, by: User, reason: str, at: datetime) -> ReadingStop:
    """Stop all reading from a zone or an asset, at once."""
    row = ReadingStop(reason=reason, stopped_by=by, stopped_at=at)
    if isinstance(target, Zone):
        row.zone = target
    else:
        row.asset = target
    require(by, "operations.stop_reading", target)
    try:
        with transaction.atomic():
            return write(row, by=by, action="operations.reading.stopped", reason=reason, at=at)
    except IntegrityError as error:
        raise BadInput(_("Reading is already stopped there.")) from error


@transaction.atomic
def resume_reading(stop: ReadingStop, *, by: User, reason: str, at: datetime) -> ReadingStop:
    """Allow reading again."""
    row = ReadingStop.objects.select_for_update(of=("self",)).get(pk=stop.pk)
    require(by, "operations.stop_reading", row.asset or row.zone)
    row.lifted_at, row.lifted_by = at, by
    return write(row, by=by, action="operations.reading.resumed", reason=reason, at=at)
