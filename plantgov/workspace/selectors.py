"""Reading what the workspace holds, within the reader's scope."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from plantgov.audit.models import Governed
from plantgov.core import slots
from plantgov.core.errors import Hidden
from plantgov.core.scope import scope_of
from plantgov.workspace.models import Calendar, Comment, File, InboxItem

MOST_PER_KIND = 8


@dataclass(frozen=True)
class Hit:
    """Something that search found."""

    kind: Any
    label: str
    detail: str
    url: str


def thing_of(user: Any, kind: str, uid: str) -> Governed:
    """A thing by kind and uid, if the user may see it; raises Hidden otherwise."""
    slot = slots.things.get(kind)
    if slot is None or not _is_uid(uid):
        raise Hidden
    found = apps.get_model(slot.model)._default_manager.visible_to(user).filter(uid=uid).first()  # type: ignore[attr-defined]
    if found is None:
        raise Hidden
    return found


def _is_uid(text: str) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def file_of(user: Any, uid: str) -> File:
    """A file of a thing that the user may see, with the right to see files there; raises Hidden otherwise."""
    row = File.objects.visible_to(user).filter(uid=uid).first()
    if row is None:
        raise Hidden
    thing_of(user, row.thing_kind, str(row.thing_uid))
    return row


def calendar_of(site_id: int) -> Calendar | None:
    """The business days of a site; None where Monday to Friday will do."""
    return Calendar.objects.filter(location_id_of_site=site_id).first()


def uid_of_site(calendar: Calendar) -> str:
    """The uid of the site that a calendar is for."""
    sites = apps.get_model(slots.things["assets.location"].model)._default_manager
    return str(sites.values_list("uid", flat=True).get(pk=calendar.location_id_of_site))


def url_of(thing: Governed) -> str:
    """The page of a thing; empty where it has none."""
    slot = slots.things.get(thing._meta.label_lower)
    return slot.url(thing) if slot else ""


def search(user: Any, text: str) -> list[Hit]:
    """Things in view whose tag, name or reference contains `text`; one query a kind."""
    words = text.strip()
    if len(words) < 2:
        return []
    return [hit for slot in slots.things if slot.search for hit in _found(user, slot, words)]


def _found(user: Any, slot: slots.Thing, words: str) -> list[Hit]:
    wanted = Q()
    for lookup in slot.search:
        wanted |= Q(**{lookup: words})
    rows = apps.get_model(slot.model)._default_manager.visible_to(user).filter(wanted)[:MOST_PER_KIND]  # type: ignore[attr-defined]
    return [
        Hit(slot.label, str(row), getattr(row, "name", "") or getattr(row, "title", ""), slot.url(row))
        for row in rows
    ]


def waiting_for(user: Any) -> list[tuple[slots.Waiting, list[slots.WaitingRow]]]:
    """Everything that waits for somebody, by kind."""
    found = [(item, item.for_user(user)) for item in slots.waiting]
    return [(item, rows) for item, rows in found if rows]


def count_waiting(user: Any) -> int:
    """How much waits for somebody."""
    return sum(len(rows) for _item, rows in waiting_for(user))


def inbox_of(user: Any) -> QuerySet[InboxItem]:
    """What somebody was told, newest first."""
    return InboxItem.objects.filter(user=user)


def comments_of(user: Any, thing: Governed) -> QuerySet[Comment]:
    """The remarks on a thing that the user can see."""
    if not scope_of(user, "workspace.view_comment"):
        return Comment.objects.none()
    return Comment.objects.filter(thing_uid=thing.uid).select_related("written_by__person")


def files_of(user: Any, thing: Governed) -> QuerySet[File]:
    """The files of a thing that the user can see."""
    if not scope_of(user, "workspace.view_file"):
        return File.objects.none()
    return File.objects.filter(thing_uid=thing.uid).select_related("added_by__person")
