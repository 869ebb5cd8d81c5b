"""A cursor comes from outside: what it decodes to must have the types of the list's sort key before SQL sees it."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.errors import FieldError, Invalid
from shared.pages import decode_cursor

K = TypeVar("K")


def position(cursor: str, sort_key: TypeAdapter[K], width: int) -> K:
    """The sort key of the last row seen; raises Invalid for a cursor of another list."""
    try:
        return sort_key.validate_python(decode_cursor(cursor, width), strict=False)
    except ValidationError:
        raise Invalid(
            "This cursor is not one of ours; start again without it.",
            errors=[FieldError(field="query.cursor", message="is not a cursor of this list")],
        ) from None
