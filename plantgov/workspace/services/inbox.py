"""Telling people, in the portal and by mail."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from plantgov.audit.models import Governed
from plantgov.core.clock import now
from plantgov.core.queue import wake
from plantgov.people.models import User
from plantgov.workspace.models import InboxItem, Mail
from plantgov.workspace.services import leases

log = structlog.get_logger(__name__)
TASK = "workspace.send_mail"
LEASE_S = 60
TIMEOUT_S = 20
MAX_TRIES = 12  # some seven hours


@transaction.atomic
def tell(  # noqa: PLR0913 - a notice has this many parts
    users: Iterable[User],
    *,
    kind: str,
    thing: Governed,
    title: str,
    at: datetime,
    body: str = "",
    url: str = "",
    due_at: datetime | None = None,
    is_task: bool = False,
) -> list[InboxItem]:
    """Tell people about a thing; each gets a mail if an address is known.

    A task is told once until it is done; a notice takes the place of an earlier one of its kind.
    """
    told = []
    for user in users:
        fresh = InboxItem(
            user=user,
            kind=kind,
            thing_kind=thing._meta.label_lower,
            thing_uid=thing.uid,
            title=title[:250],
            body=body,
            url=url,
            created_at=at,
            due_at=due_at,
            is_task=is_task,
        )
        told.append(_told(fresh))
    return told


def _told(fresh: InboxItem) -> InboxItem:
    same = InboxItem.objects.filter(user=fresh.user, kind=fresh.kind, thing_uid=fresh.thing_uid, done_at=None)
    if fresh.is_task:
        known = same.first()
        if known is not None:
            same.update(title=fresh.title, due_at=fresh.due_at, url=fresh.url)
            return known
    else:
        same.update(done_at=fresh.created_at)
    # Two who tell at the same moment: the constraint lets one through, and the other finds it told.
    InboxItem.objects.bulk_create([fresh], ignore_conflicts=True)
    item = same.get()
    if item.uid == fresh.uid and address_of(item.user):
        mail = Mail.objects.create(item=item, queued_at=fresh.created_at)
        wake(TASK, str(mail.uid))
    return item


def address_of(user: User) -> str:
    """Where mails to an account go; empty for one that is closed or has no address."""
    if not user.is_active:
        return ""
    return user.email or (user.person.email if user.person else "")


def unread(user: User) -> int:
    """How many notices and tasks somebody has not looked at and nobody has done."""
    return InboxItem.objects.filter(user=user, read_at=None, done_at=None).count()


def done(thing: Governed, kind: str) -> int:
    """What people were told to do about a thing is done, by whoever did it."""
    return InboxItem.objects.filter(thing_uid=thing.uid, kind=kind, done_at=None).update(done_at=now())


def mark_read(user: User, *, at: datetime, uid: str | None = None) -> int:
    """Mark one notice, or all of them, as read."""
    rows = InboxItem.objects.filter(user=user, read_at=None)
    return (rows.filter(uid=uid) if uid else rows).update(read_at=at)


def send(uid: str) -> bool:
    """Send one mail, text and HTML; mails about one thing make one thread. What fails is tried again later."""
    mail = leases.claim(Mail, uid, seconds=LEASE_S)
    if mail is None:
        return False
    address = address_of(mail.item.user)
    if mail.item.done_at is not None or not address:
        return leases.finish(mail)  # nobody needs to be told any more
    try:
        _message(mail, address).send()
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors; ValueError is an unusable address
        return _later(mail, f"{type(error).__name__}: {error}")
    return leases.finish(mail)


def _later(mail: Mail, error: str) -> bool:
    mail.error = error[:2000]
    mail.not_before = now() + timedelta(seconds=leases.pause_s(mail.attempt))
    state = Mail.State.DUE if mail.attempt < MAX_TRIES else Mail.State.FAILED
    log.warning("mail_failed", mail=str(mail.uid), attempt=mail.attempt, state=state)
    return leases.finish(mail, state=state, update_fields=["error", "not_before"])


def _message(mail: Mail, address: str) -> EmailMultiAlternatives:
    item, base = mail.item, settings.PLANTGOV_PUBLIC_URL.rstrip("/")
    host = urlsplit(base).hostname or "plantgov"
    context = {
        "item": item,
        "link": base + item.url if item.url else "",
        "inbox": f"{base}{reverse('inbox')}",
    }
    thread = f"<{item.thing_uid}@{host}>"
    message = EmailMultiAlternatives(
        subject=" ".join(item.title.split()),
        body=render_to_string("workspace/mail.txt", context),
        to=[address],
        connection=get_connection(timeout=TIMEOUT_S),
        headers={
            "Message-ID": f"<{mail.uid}@{host}>",
            "References": thread,
            "In-Reply-To": thread,
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("workspace/mail.html", context), "text/html")
    return message


def sweep() -> int:
    """Wake mails whose wake-up was lost or whose pause is over."""
    leases.reap(Mail, attempts=MAX_TRIES)
    at = now()
    rows = Mail.objects.filter(state="due", queued_at__lt=at - timedelta(seconds=10))
    due = list(rows.exclude(not_before__gt=at).order_by("pk")[:50])
    for mail in due:
        wake(TASK, str(mail.uid))
    return len(due)
