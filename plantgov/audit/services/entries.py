"""Writing governed rows and the ledger entries about them: one act, one transaction."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

import rfc8785
import structlog
from django.db import connection, models

from plantgov.audit.models import Entry, Governed, PersonalValue, ThingCounter
from plantgov.core.clock import new_uid, now

SCHEMA_VERSION = 1
MAX_JSON_INTEGER = 2**53  # beyond it, JSON readers lose digits (RFC 8785, section 3.2.2.3)
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Actor:
    """Who acts, as the ledger writes it down."""

    label: str
    uid: UUID | None = None
    person_uid: UUID | None = None

    def ledger_actor(self) -> "Actor":
        """Itself, so that an actor can stand where an account is asked for."""
        return self


class Acting(Protocol):
    """Anything that can act: accounts, and actors themselves."""

    def ledger_actor(self) -> Actor:
        """Who this is, for the ledger."""


@dataclass(frozen=True)
class Authority:
    """By what right: the role and rule that allowed it, and for whom a delegate acted."""

    role: str = ""
    rule: str = ""
    acting_for: Acting | None = None


@dataclass
class Draft:
    """An entry before it has its number and its bytes."""

    row: models.Model
    thing: models.Model
    action: str
    by: Acting
    at: datetime
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = ""
    authority: Authority = field(default_factory=Authority)


def plain(value: Any) -> Any:  # noqa: C901, PLR0911 - one line a type
    """A value as canonical JSON may hold it: no floats, times in UTC with a Z."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) < MAX_JSON_INTEGER else str(value)
        case str():
            return str(value)
        case float() | Decimal():
            return format(Decimal(str(value)), "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"{value.total_seconds():.0f} s"
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case bytes() | memoryview():
            return bytes(value).hex()
        case _:
            return str(value)


def state_of(row: models.Model) -> dict[str, Any]:
    """Every recorded field of `row` with its plain value."""
    return {f.name: _field_value(row, f) for f in _recorded_fields(type(row))}


def loaded_state_of(row: models.Model) -> dict[str, Any] | None:
    """The same as it was when the row was read from the database; None for a new row."""
    loaded = getattr(row, "_loaded", None)
    if loaded is None:
        return None
    by_column = dict(zip(*loaded, strict=True))
    return {
        f.name: plain(by_column[f.attname]) for f in _recorded_fields(type(row)) if f.attname in by_column
    }


def _recorded_fields(model: type[models.Model]) -> list[models.Field]:
    hidden = {
        "id",
        "uid",
        "revision",
        *getattr(model, "ledger_hidden", ()),
        *getattr(model, "ledger_ignored", ()),
    }
    return [f for f in model._meta.concrete_fields if f.name not in hidden]


def _field_value(row: models.Model, f: models.Field) -> Any:
    return plain(getattr(row, f.attname))


def write(
    row: Row,
    *,
    by: Acting,
    action: str,
    reason: str = "",
    at: datetime | None = None,
    thing: models.Model | None = None,
    authority: Authority | None = None,
) -> Row:
    """Save a governed row, raise its revision and record the entry about it. Saves nothing if nothing changed.

    `thing` is the thing in whose history the entry stands, when that is not the row itself. Raises
    RuntimeError outside a transaction.
    """
    return write_all([row], by=by, action=action, reason=reason, at=at, thing=thing, authority=authority)[0]


def write_all(
    rows: Sequence[Row],
    *,
    by: Acting,
    action: str,
    reason: str = "",
    at: datetime | None = None,
    thing: models.Model | None = None,
    authority: Authority | None = None,
) -> list[Row]:
    """Save many governed rows of one model with an entry for each, in a handful of statements."""
    _require_transaction()
    at = at or now()
    drafts: list[Draft] = []
    new: list[Any] = []
    changed: list[Any] = []
    for row in rows:
        before, after = loaded_state_of(row), state_of(row)
        if before == after:
            continue
        fresh = row._state.adding
        (new if fresh else changed).append(row)
        if not fresh and before is not None:
            names = [name for name in after if after[name] != before.get(name)]
            before, after = {n: before.get(n) for n in names}, {n: after[n] for n in names}
        drafts.append(
            Draft(
                row,
                thing or row,
                action,
                by,
                at,
                None if fresh else before,
                after,
                reason,
                authority or Authority(),
            )
        )
    _save(new, changed)
    append(drafts)
    return list(rows)


def delete(
    row: models.Model, *, by: Acting, action: str, reason: str = "", thing: models.Model | None = None
) -> None:
    """Delete a governed row and record what it was."""
    _require_transaction()
    draft = Draft(row, thing or row, action, by, now(), before=state_of(row), reason=reason)
    key = row.pk
    row.delete()
    row.pk = key
    append([draft])


def record(
    thing: models.Model,
    *,
    by: Acting,
    action: str,
    facts: dict[str, Any] | None = None,
    reason: str = "",
    at: datetime | None = None,
    authority: Authority | None = None,
) -> Entry:
    """Record something that happened to `thing` without a write to its row (a sign-in, an export, a refusal)."""
    _require_transaction()
    draft = Draft(
        thing, thing, action, by, at or now(), None, plain(facts or {}), reason, authority or Authority()
    )
    return append([draft])[0]


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError(
            "A governed row is written inside a transaction only: wrap the service in transaction.atomic()."
        )


def _save(new: list[Any], changed: list[Any]) -> None:
    for row in [*new, *changed]:
        if isinstance(row, Governed):
            row.revision += 1
    if len(new) == 1:
        new[0].save(force_insert=True)
    elif new:
        type(new[0])._default_manager.bulk_create(new, batch_size=1000)
    for row in changed:
        row.save(force_update=True)
    for row in [*new, *changed]:
        fields = row._meta.concrete_fields
        row._loaded = ([f.attname for f in fields], [getattr(row, f.attname) for f in fields])


def append(drafts: Sequence[Draft]) -> list[Entry]:
    """Number, canonicalise, hash and insert entries."""
    if not drafts:
        return []
    numbers = _numbers([_uid_of(draft.thing) for draft in drafts])
    personal: list[PersonalValue] = []
    entries = [_entry(draft, number, personal) for draft, number in zip(drafts, numbers, strict=True)]
    Entry.objects.bulk_create(entries, batch_size=1000)
    if personal:
        PersonalValue.objects.bulk_create(personal, batch_size=1000)
    return entries


def _uid_of(thing: models.Model) -> UUID:
    return thing.uid  # type: ignore[attr-defined]


def _numbers(uids: list[UUID]) -> list[int]:
    """The next number of each thing; locks the counters of these things only, in one order."""
    wanted: dict[UUID, int] = {}
    for uid in uids:
        wanted[uid] = wanted.get(uid, 0) + 1
    ordered = sorted(wanted)
    table = ThingCounter._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS c (thing_uid, last_seq) SELECT * FROM unnest(%s::uuid[], %s::bigint[]) "  # noqa: S608 - our own table's name
            "ON CONFLICT (thing_uid) DO UPDATE SET last_seq = c.last_seq + EXCLUDED.last_seq "
            "RETURNING thing_uid, last_seq",
            [ordered, [wanted[uid] for uid in ordered]],
        )
        following = {uid: last - wanted[uid] + 1 for uid, last in cursor.fetchall()}
    numbers = []
    for uid in uids:
        numbers.append(following[uid])
        following[uid] += 1
    return numbers


def _entry(draft: Draft, number: int, personal: list[PersonalValue]) -> Entry:
    uid = new_uid()
    hidden = set(getattr(draft.row, "ledger_personal", ()))
    commitments: dict[str, dict[str, str]] = {}
    sides = {}
    for side, state in (("before", draft.before), ("after", draft.after)):
        sides[side] = _commit(state, hidden, (uid, side), commitments, personal)
    actor = draft.by.ledger_actor()
    principal = draft.authority.acting_for.ledger_actor() if draft.authority.acting_for else None
    entry = Entry(
        uid=uid,
        schema_version=SCHEMA_VERSION,
        at=draft.at,
        action=draft.action,
        actor_uid=actor.uid,
        actor_label=actor.label,
        person_uid=actor.person_uid,
        acting_for_uid=principal.uid if principal else None,
        acting_for_label=principal.label if principal else "",
        role=draft.authority.role,
        rule=draft.authority.rule,
        reason=draft.reason,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
        channel=str(structlog.contextvars.get_contextvars().get("channel", ""))[:20],
        thing_kind=draft.thing._meta.label_lower,
        thing_uid=_uid_of(draft.thing),
        thing_label=str(draft.thing),
        thing_seq=number,
        row_table=draft.row._meta.db_table,
        row_key=str(draft.row.pk),
        location_ids=sorted(draft.thing.scope_location_ids()) if isinstance(draft.thing, Governed) else [],
        commitments=commitments,
        **sides,
    )
    entry.canonical = canonical_bytes(entry)
    entry.leaf_hash = hashlib.sha256(b"\x00" + entry.canonical).digest()
    return entry


def _commit(
    state: dict[str, Any] | None,
    hidden: set[str],
    where: tuple[UUID, str],
    commitments: dict[str, dict[str, str]],
    personal: list[PersonalValue],
) -> dict[str, Any] | None:
    """Replace personal values by salted commitments; the values go to a table that may be erased."""
    if state is None or hidden.isdisjoint(state):
        return state
    entry_uid, side = where
    shown = dict(state)
    for name in sorted(hidden & set(state)):
        salt = secrets.token_bytes(16)
        personal.append(
            PersonalValue(entry_uid=entry_uid, side=side, field=name, salt=salt, value=state[name])
        )
        digest = hashlib.sha256(salt + rfc8785.dumps(state[name])).hexdigest()
        commitments.setdefault(side, {})[name] = digest
        shown[name] = f"commitment {digest[:12]}"
    return shown


def canonical_bytes(entry: Entry) -> bytes:
    """The exact bytes of an entry (RFC 8785): what its leaf hash is made of."""
    return rfc8785.dumps(
        {
            "v": entry.schema_version,
            "uid": str(entry.uid),
            "at": plain(entry.at),
            "action": entry.action,
            "actor": {
                "uid": plain(entry.actor_uid),
                "label": entry.actor_label,
                "person": plain(entry.person_uid),
            },
            "acting_for": {"uid": plain(entry.acting_for_uid), "label": entry.acting_for_label},
            "role": entry.role,
            "rule": entry.rule,
            "reason": entry.reason,
            "request_id": entry.request_id,
            "channel": entry.channel,
            "thing": {
                "kind": entry.thing_kind,
                "uid": plain(entry.thing_uid),
                "label": entry.thing_label,
                "seq": entry.thing_seq,
            },
            "row": {"table": entry.row_table, "key": entry.row_key},
            "locations": entry.location_ids,
            "before": entry.before,
            "after": entry.after,
            "commitments": entry.commitments,
        }
    )


def history_of(thing: models.Model) -> Iterable[Entry]:
    """The entries about a thing, oldest first."""
    return Entry.objects.filter(thing_uid=_uid_of(thing)).order_by("thing_seq")
