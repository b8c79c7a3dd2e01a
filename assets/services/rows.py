"""What the services of the register share."""

from typing import Any

from django.core.exceptions import ValidationError

from plantgov.core.errors import BadInput


def checked(row: Any, *exclude: str) -> None:
    """Let the model say what is wrong, by field."""
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        raise BadInput({("" if k == "__all__" else k): v for k, v in error.message_dict.items()}) from error
