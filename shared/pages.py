"""Lists are keyset pages inside and accept three styles of parameters outside.

A cursor is the sort key of the last row seen, so a page stays stable while rows arrive. ``limit``+``offset`` and
``page``+``pageSize`` exist for clients that count; they cost the database what they skip.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.errors import FieldError, Invalid
from shared.fields import Timestamp

MAX_OFFSET = 1_000_000
Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""What fits into a bigint."""
TIME_AND_ID: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[Timestamp, UUID])
"""The sort key of most lists: an instant, and the id among those of the same instant."""
T = TypeVar("T")
K = TypeVar("K")
R = TypeVar("R")


class Page(BaseModel, Generic[T]):
    """``next_cursor`` is null on the last page. ``total`` counts all rows that the filter lets through."""

    items: Sequence[T]
    total: int
    limit: int
    offset: int = 0
    next_cursor: str | None = None


class PageQuery(BaseModel):
    """One of: ``limit``+``offset``; ``page``+``pageSize`` (from 1); ``cursor`` or ``page_token`` of the page before."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    offset: Annotated[int, Field(ge=0, le=MAX_OFFSET)] = 0
    page: Annotated[int, Field(ge=1, le=MAX_OFFSET)] | None = None
    page_size: Annotated[int | None, Field(ge=1, le=1000, alias="pageSize")] = None
    cursor: Annotated[str, Field(max_length=500)] | None = None
    page_token: Annotated[str, Field(max_length=500)] | None = None

    @property
    def size(self) -> int:
        return self.limit or self.page_size or (20 if self.page else 50)

    @property
    def skip(self) -> int:
        """Rows to skip; a cursor has already skipped them."""
        if self.after is not None:
            return 0
        return (self.page - 1) * self.size if self.page else self.offset

    @property
    def after(self) -> str | None:
        return self.cursor or self.page_token


def encode_cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(values), default=str).encode()).decode().rstrip("=")


def position(cursor: str, sort_key: TypeAdapter[K]) -> K:
    """The sort key of the last row seen; raises Invalid for a cursor of another list, or none of ours.

    It comes from outside: it must have the types of the list's sort key before SQL sees it.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return sort_key.validate_python(values, strict=False)
    except (ValueError, binascii.Error, RecursionError):
        raise Invalid(
            "This cursor is not one of ours; start again without it.",
            errors=[FieldError(field="query.cursor", message="is not a cursor of this list")],
        ) from None


def cut(rows: Sequence[R], size: int, sort_key: Callable[[R], Sequence[Any]]) -> tuple[Sequence[R], str | None]:
    """A page out of ``size + 1`` rows, and the cursor of the next one; the row too many only says that there is one."""
    if len(rows) <= size:
        return rows, None
    return rows[:size], encode_cursor(sort_key(rows[size - 1]))
