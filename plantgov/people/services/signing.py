"""Proving again who one is, and signing."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import Authority, plain, record, write
from plantgov.core.clock import now
from plantgov.core.errors import Refused, refuse_if
from plantgov.core.verdict import ReasonKind
from plantgov.people.models import Person, Signature, User

MAX_AGE = timedelta(minutes=5)
MAX_FAILURES = 5
LOCK_SECONDS = 300
WRONG = ReasonKind("reauthentication_failed", _("The password or the code is not right. Nothing was signed."))
LOCKED = ReasonKind(
    "reauthentication_locked",
    _("Too many wrong attempts to sign. Wait {minutes} minutes, then try again; your account stays open."),
)
NEEDS_FACTOR = ReasonKind(
    "second_factor_missing",
    _("Signing needs a second factor and you have none. Set one up under Account, then sign."),
)
TOO_OLD = ReasonKind(
    "reauthentication_old", _("You proved who you are more than {minutes} minutes ago. Do it again.")
)
NO_PERSON = ReasonKind("signer_no_person", _("Only a person can sign; this account belongs to a program."))


@dataclass(frozen=True)
class Reauthentication:
    """Proof, made at `at`, that the person at the screen is the account's owner."""

    user_id: int
    methods: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Statement:
    """What is signed: the meaning, the sentence shown, and digests of the content and evidence on the screen."""

    meaning: str
    sentence: str
    content_digest: str
    evidence_digest: str = ""
    authority: Authority = field(default_factory=Authority)


def reauthenticate(user: User, *, password: str, code: str = "") -> Reauthentication:
    """Check the password and, where the account has one or the installation asks for it, the second factor.

    Raises `Refused` for a wrong secret, a missing factor and after too many attempts.
    """
    key = f"signing-failures:{user.pk}"
    if cache.get(key, 0) >= MAX_FAILURES:
        raise Refused(LOCKED(minutes=LOCK_SECONDS // 60))
    has_factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    if not has_factor and settings.PLANTGOV_SIGN_SECOND_FACTOR == "required":
        raise Refused(NEEDS_FACTOR())
    if not user.check_password(password) or (has_factor and not _code_is_right(user, code)):
        cache.add(key, 0, LOCK_SECONDS)
        cache.incr(key)
        with transaction.atomic():
            record(user, by=user, action="people.signing.refused")
        raise Refused(WRONG())
    cache.delete(key)
    return Reauthentication(user.pk, ("password", "totp") if has_factor else ("password",), now())


def _code_is_right(user: User, code: str) -> bool:
    for authenticator in Authenticator.objects.filter(
        user=user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    ):
        kind = TOTP if authenticator.type == Authenticator.Type.TOTP else RecoveryCodes
        if kind(authenticator).validate_code(code.replace(" ", "")):
            return True
    return False


@transaction.atomic
def sign(
    thing: Governed, statement: Statement, *, by: User, reauthentication: Reauthentication, at: datetime
) -> Signature:
    """Write the signature of `by` on `thing`; the payload repeats everything that was signed."""
    person = by.person
    refuse_if(_blockers(by, person, reauthentication, at))
    assert person is not None  # noqa: S101 - told to the type checker; the line above refused it
    payload = rfc8785.dumps(plain(_payload(thing, statement, by, person, reauthentication, at)))
    signature = Signature(
        signer=by,
        person=person,
        meaning=statement.meaning,
        statement=statement.sentence,
        printed_name=person.name,
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        thing_label=str(thing),
        content_digest=statement.content_digest,
        evidence_digest=statement.evidence_digest,
        role=statement.authority.role,
        rule=statement.authority.rule,
        acting_for=getattr(statement.authority.acting_for, "person", None),
        reauthenticated_by=list(reauthentication.methods),
        reauthenticated_at=reauthentication.at,
        signed_at=at,
        payload=payload,
        payload_digest=hashlib.sha256(payload).hexdigest(),
        location_ids=sorted(thing.scope_location_ids()),
    )
    action = f"people.signed.{statement.meaning}"
    return write(signature, by=by, action=action, at=at, thing=thing, authority=statement.authority)


def _blockers(by: User, person: Person | None, proof: Reauthentication, at: datetime) -> list[Any]:
    reasons = []
    if person is None:
        reasons.append(NO_PERSON())
    if proof.user_id != by.pk or not timedelta(seconds=-5) <= at - proof.at <= MAX_AGE:
        reasons.append(TOO_OLD(minutes=int(MAX_AGE.total_seconds() // 60)))
    return reasons


def _payload(
    thing: Governed, statement: Statement, by: User, person: Person, proof: Reauthentication, at: datetime
) -> dict[str, Any]:
    return {
        "v": 1,
        "thing": {"kind": thing._meta.label_lower, "uid": thing.uid, "label": str(thing)},
        "content_digest": statement.content_digest,
        "evidence_digest": statement.evidence_digest,
        "meaning": statement.meaning,
        "statement": statement.sentence,
        "printed_name": person.name,
        "person": person.uid,
        "account": by.uid,
        "role": statement.authority.role,
        "rule": statement.authority.rule,
        "reauthenticated_by": list(proof.methods),
        "reauthenticated_at": proof.at,
        "signed_at": at,
    }
