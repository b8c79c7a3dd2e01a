"""Remarks on things."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from plantgov.audit.models import Governed
from plantgov.audit.services.entries import write
from plantgov.core.errors import BadInput
from plantgov.core.scope import require
from plantgov.people.models import User
from plantgov.workspace.models import Comment

MAX_LENGTH = 10_000


@transaction.atomic
def add_comment(thing: Governed, body: str, *, by: User, at: datetime) -> Comment:
    """Say something about a thing; it stands in the thing's history."""
    require(by, "workspace.add_comment", thing)
    text = body.strip()
    if not text or len(text) > MAX_LENGTH:
        raise BadInput({"body": [_("Write between 1 and %(most)d characters.") % {"most": MAX_LENGTH}]})
    comment = Comment(
        thing_kind=thing._meta.label_lower,
        thing_uid=thing.uid,
        body=text,
        written_by=by,
        written_at=at,
        location_ids=sorted(thing.scope_location_ids()),
    )
    return write(comment, by=by, action="workspace.comment.added", at=at, thing=thing)
