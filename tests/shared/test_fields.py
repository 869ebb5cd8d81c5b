"""How times enter and leave, what text Postgres can store, and where a trace comes from."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.fields import Email, LongText, ShortText, Text, Timestamp, rfc3339
from shared.trace import trace_id_from

TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)
SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.parametrize(
    ("given_", "out"),
    [
        ("2026-04-01T18:00:00.123456Z", "2026-04-01T18:00:00.123Z"),
        ("2026-04-01T18:00:00+02:00", "2026-04-01T16:00:00.000Z"),
        ("2026-04-01T18:00:00", "2026-04-01T18:00:00.000Z"),
        ("2026-04-01T00:30:00-05:00", "2026-04-01T05:30:00.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_any_zone_in_utc_out(given_: Any, out: str) -> None:
    assert TIMESTAMP.dump_python(TIMESTAMP.validate_python(given_), mode="json") == out


@pytest.mark.parametrize(
    "given_", ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", None, []]
)
def test_times_that_are_none(given_: Any) -> None:
    with pytest.raises(ValidationError):
        TIMESTAMP.validate_python(given_)


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=ZONES))  # noqa: DTZ001
def test_every_time_leaves_in_one_shape(instant: datetime) -> None:
    out = rfc3339(instant)
    assert SHAPE.fullmatch(out)
    assert abs(datetime.fromisoformat(out) - instant) < timedelta(milliseconds=1)
    assert datetime.fromisoformat(out).tzinfo == UTC


@pytest.mark.parametrize("type_", [Text, ShortText, LongText])
@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800", "a\udfff"])
def test_text_that_cannot_be_stored(type_: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(type_).validate_python(text)


@pytest.mark.parametrize(
    ("text", "kept"), [("  a  ", "a"), ("x" * 300, "x" * 300), (" " + "x" * 300 + " ", "x" * 300), ("\n🙂\t", "🙂")]
)
def test_short_text_is_stripped_before_it_is_measured(text: str, kept: str) -> None:
    assert TypeAdapter(ShortText).validate_python(text) == kept


@pytest.mark.parametrize("text", ["", "   ", "x" * 301])
def test_short_text_that_is_none(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ShortText).validate_python(text)


@pytest.mark.parametrize(("text", "kept"), [(" Ana@Acme.Example ", "ana@acme.example"), ("a@b", "a@b")])
def test_addresses_are_one_whatever_their_case(text: str, kept: str) -> None:
    assert TypeAdapter(Email).validate_python(text) == kept


@pytest.mark.parametrize("text", ["", "ana", "@", "a@", "@b", "a b@c", "a@b@c", "a@\x00", "x" * 251 + "@abc"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Email).validate_python(text)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("header", [f"00-{TRACE}-00f067aa0ba902b7-01", f"cc-{TRACE}-00f067aa0ba902b7-00"])
def test_a_callers_trace_goes_on(header: str) -> None:
    assert trace_id_from(header) == TRACE


@pytest.mark.parametrize(
    "header", [None, "", TRACE, f"00-{TRACE.upper()}-00f067aa0ba902b7-01", f"00-{TRACE}-01", "x" * 10_000, "a\nb"]
)
def test_any_other_header_begins_a_new_trace(header: str | None) -> None:
    first, second = trace_id_from(header), trace_id_from(header)
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first not in {second, TRACE}
