"""Three styles of pages, and cursors that come from outside."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.errors import Invalid
from shared.pages import TIME_AND_ID, PageQuery, cut, encode_cursor, position

ROW = UUID("01a212e8-8323-71c8-bcda-f95b377e5059")


@pytest.mark.parametrize(
    ("given_", "size", "skip", "after"),
    [
        ({}, 50, 0, None),
        ({"limit": 5}, 5, 0, None),
        ({"limit": 5, "offset": 7}, 5, 7, None),
        ({"page": 1}, 20, 0, None),
        ({"page": 3}, 20, 40, None),
        ({"page": 3, "pageSize": 10}, 10, 20, None),
        ({"page": 3, "page_size": 10}, 10, 20, None),
        ({"pageSize": 10}, 10, 0, None),
        ({"cursor": "x"}, 50, 0, "x"),
        ({"page_token": "x", "limit": 2}, 2, 0, "x"),
        ({"cursor": "x", "offset": 9}, 50, 0, "x"),
        ({"cursor": ""}, 50, 0, ""),
    ],
)
def test_styles_of_pages(given_: dict[str, Any], size: int, skip: int, after: str | None) -> None:
    query = PageQuery.model_validate(given_)
    assert (query.size, query.skip, query.after or None) == (size, skip, after or None)


@pytest.mark.parametrize(
    "given_",
    [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"offset": 1_000_001}, {"page": 0}, {"pageSize": 1001}, {"x": 1}],
)
def test_pages_that_are_none(given_: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PageQuery.model_validate(given_)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_sort_key_survives_the_way_out_and_in(instant: datetime, row: UUID) -> None:
    assert position(encode_cursor([instant.isoformat(), row]), TIME_AND_ID) == (instant, row)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: encode_cursor([raw.hex(), 1])))
def test_anything_else_is_refused_in_one_way(cursor: str) -> None:
    with pytest.raises(Invalid) as refusal:
        position(cursor, TIME_AND_ID)
    assert [error.field for error in refusal.value.errors or []] == ["query.cursor"]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid):
        position(encode_cursor([1, 2, 3]), TIME_AND_ID)
    with pytest.raises(Invalid):
        position(encode_cursor([datetime.now(UTC), ROW]), TypeAdapter(tuple[int]))


def test_the_row_too_many_says_that_there_is_a_next_page() -> None:
    assert cut([1, 2, 3], 3, lambda row: [row]) == ([1, 2, 3], None)
    assert cut([], 3, lambda row: [row]) == ([], None)
    rows, cursor = cut([1, 2, 3, 4], 3, lambda row: [row])
    assert (rows, position(cursor or "", TypeAdapter(tuple[int]))) == ([1, 2, 3], (3,))
