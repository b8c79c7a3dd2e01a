"""Pure rules about what may be read, and what a reading says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from fieldlink.spec import ReadReason
from plantgov.core.verdict import Reason, ReasonKind

READ_SENTENCES: dict[str, ReasonKind] = {
    reason: ReasonKind(f"read_{reason}", sentence)
    for reason, sentence in {
        ReadReason.OK: _("Read with good quality."),
        ReadReason.DNS: _("The name of {endpoint} could not be resolved."),
        ReadReason.REFUSED: _("{endpoint} refused the connection: is the service running?"),
        ReadReason.UNREACHABLE: _("There is no way to {endpoint} from the worker."),
        ReadReason.TIMEOUT: _("{endpoint} did not answer in time."),
        ReadReason.DEADLINE: _("{endpoint} had not answered when the time for the whole reading was up."),
        ReadReason.PROTOCOL: _("{endpoint} answered something that its protocol does not know."),
        ReadReason.AUTH: _("{endpoint} does not accept the credential."),
        ReadReason.TLS_UNTRUSTED: _("{endpoint} shows a certificate that is not the accepted one."),
        ReadReason.CLIENT_CERT_REJECTED: _("{endpoint} does not trust the worker's certificate."),
        ReadReason.NO_SUCH_POINT: _("{endpoint} has no such address."),
        ReadReason.BAD_QUALITY: _("{endpoint} marks the value as bad."),
        ReadReason.UNCERTAIN_QUALITY: _("{endpoint} marks the value as uncertain."),
        ReadReason.NO_TIMESTAMP: _("{endpoint} does not say when the value was taken."),
        ReadReason.TYPE: _("{endpoint} sent a value of another type than the signal declares."),
        ReadReason.POLICY_DENIED: _("{endpoint} lies outside the networks that may be read at this site."),
        ReadReason.CONFIG: _("The settings of {endpoint} do not work: look at its address and security."),
    }.items()
}
READING_STOPPED = ReasonKind("reading_stopped", _("Reading from {where} is switched off: {why}"))
ENDPOINT_OFF = ReasonKind("endpoint_off", _("{endpoint} is switched off in the register of endpoints."))
NO_SIGNAL = ReasonKind("no_signal", _("{asset} has no signal for “{key}”. Add one to its endpoint."))
SAME_PERSON = ReasonKind(
    "network_same_person", _("{name} proposed this network. Somebody else has to confirm it.")
)


@dataclass(frozen=True)
class Observed:
    """What is known of one signal after a run; without a value `reason` tells why."""

    signal_uid: str
    key: str
    asset_id: int
    endpoint: str
    value: Any
    unit: str
    quality: str
    source_time: datetime | None
    received_time: datetime | None
    code: str
    reason: Reason | None

    @property
    def is_known(self) -> bool:
        """Whether the value may be used at all."""
        return self.code == ReadReason.OK


def reading_blockers(endpoint: Any, stops: list[Any]) -> list[Reason]:
    """Why nothing may be read from `endpoint` now: it is off, or a stop covers it."""
    reasons = [] if endpoint.is_enabled else [ENDPOINT_OFF(endpoint=endpoint.name)]
    return reasons + [READING_STOPPED(where=str(stop.zone or stop.asset), why=stop.reason) for stop in stops]


def confirm_blockers(rule: Any, by: Any) -> list[Reason]:
    """Why `by` may not confirm this network: the same person proposed it."""
    same = rule.proposed_by.person_id is not None and rule.proposed_by.person_id == by.person_id
    return [SAME_PERSON(name=str(rule.proposed_by))] if same or rule.proposed_by_id == by.pk else []
