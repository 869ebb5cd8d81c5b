"""Field types that every schema shares: how times leave and enter, and text that Postgres can store."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as in ``2026-04-01T18:00:00.123Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar, seen from another zone
        raise ValueError("lies outside of the calendar") from None


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode text") from None
    return value


Timestamp = Annotated[
    datetime,
    AfterValidator(_in_utc),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Any zone in, UTC out; a time without a zone is read as UTC."""

Text = Annotated[str, AfterValidator(_storable)]
# Constraints stand before the validator: behind it, pydantic would measure a text before stripping it.
ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), AfterValidator(_storable)
]
ReasonText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), AfterValidator(_storable)
]
LongText = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_storable)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=254),
    AfterValidator(_storable),
    Field(examples=["ana.ruiz@acme.example"]),
]
