"""Telling people, in the portal and by mail."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from plantgov.audit.models import Governed
from plantgov.core.clock import now
from plantgov.core.queue import wake
from plantgov.people.models import User
from plantgov.workspace.models import InboxItem, Mail
from plantgov.workspace.services import leases

TASK = "workspace.send_mail"
LEASE_S = 60


def tell(  # noqa: PLR0913 - the fields of a notice
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
    """Tell people about a thing, once until it is done; each gets a mail if an address is known."""
    told = []
    for user in users:
        item, is_new = InboxItem.objects.get_or_create(
            user=user,
            kind=kind,
            thing_uid=thing.uid,
            done_at=None,
            defaults={
                "thing_kind": thing._meta.label_lower,
                "title": title[:250],
                "body": body,
                "url": url,
                "created_at": at,
                "due_at": due_at,
                "is_task": is_task,
            },
        )
        if is_new and user.email:
            mail = Mail.objects.create(item=item, queued_at=at)
            wake(TASK, str(mail.uid))
        told.append(item)
    return told


def done(thing: Governed, kind: str) -> int:
    """What people were told to do about a thing is done, by whoever did it."""
    return InboxItem.objects.filter(thing_uid=thing.uid, kind=kind, done_at=None).update(done_at=now())


def mark_read(user: User, *, at: datetime, uid: str | None = None) -> int:
    """Mark one notice, or all of them, as read."""
    rows = InboxItem.objects.filter(user=user, read_at=None)
    return (rows.filter(uid=uid) if uid else rows).update(read_at=at)


def send(uid: str) -> bool:
    """Send one mail, text and HTML; mails about one thing make one thread."""
    mail = leases.claim(Mail, uid, seconds=LEASE_S)
    if mail is None:
        return False
    item = mail.item
    if item.done_at is not None:
        return leases.finish(mail)  # nobody needs to be told any more
    try:
        _message(mail, item).send()
    except OSError as error:  # covers smtplib's errors
        mail.error = f"{type(error).__name__}: {error}"
        return leases.finish(mail, state="due" if mail.attempt < 5 else "failed", update_fields=["error"])
    return leases.finish(mail)


def _message(mail: Mail, item: InboxItem) -> EmailMultiAlternatives:
    base = settings.PLANTGOV_PUBLIC_URL.rstrip("/")
    context = {"item": item, "link": base + item.url if item.url else "", "inbox": f"{base}/inbox/"}
    thread = f"<{item.thing_uid}@plantgov>"
    message = EmailMultiAlternatives(
        subject=item.title.replace("\n", " "),
        body=render_to_string("workspace/mail.txt", context),
        to=[item.user.email],
        headers={
            "Message-ID": make_msgid(str(mail.uid), "plantgov"),
            "References": thread,
            "In-Reply-To": thread,
        },
    )
    message.attach_alternative(render_to_string("workspace/mail.html", context), "text/html")
    return message


def sweep() -> int:
    """Wake mails whose wake-up was lost."""
    leases.reap(Mail)
    overdue = now() - timedelta(seconds=10)
    due = list(Mail.objects.filter(state="due", queued_at__lt=overdue).order_by("pk")[:50])
    for mail in due:
        wake(TASK, str(mail.uid))
    return len(due)
