"""What the services of the register share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from plantgov.audit.services.entries import Acting, Draft, append, state_of
from plantgov.core.errors import BadInput


def checked(row: Any, *exclude: str) -> None:
    """Let the model say what is wrong, by field."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        raise BadInput({("" if k == "__all__" else k): v for k, v in error.message_dict.items()}) from error


def insert_all(
    rows: Sequence[Any], things: Sequence[Any], *, action: str, by: Acting, at: datetime, reason: str = ""
) -> None:
    """Insert governed rows of one model, each with its entry in the history of its own thing."""
    for row in rows:
        row.revision = 1
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, batch_size=1000)
    append(
        [
            Draft(row, thing, action, by, at, None, state_of(row), reason)
            for row, thing in zip(rows, things, strict=True)
        ]
    )


def next_ids(table: str, count: int) -> list[int]:
    """Ids for rows that refer to each other before they are written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
        )
        return [pk for (pk,) in cursor.fetchall()]
