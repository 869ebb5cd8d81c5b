"""An export as a stream of lines: batches of rows, each from a short transaction of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from shared.audit.chain import Check, Head, last_line_of, line_of

MEDIA_TYPE = "application/x-ndjson"
HEADERS = {"content-disposition": 'attachment; filename="audit.jsonl"'}
ROWS_IN_A_BATCH = 500
Batch = Callable[[int, int], Awaitable[Sequence[Any]]]
"""Rows behind a number, oldest first, at most so many."""


async def lines(batch: Batch) -> AsyncIterator[str]:
    """JSON lines; the last one tells how many there are and the head, so that a stream that broke off is seen."""
    check = Check()
    while rows := await batch(check.head.seq, ROWS_IN_A_BATCH):
        for row in rows:
            if row.seq > check.head.seq + 1:
                check.first_missing = check.first_missing or check.head.seq + 1
            check.head = Head(row.seq, row.hash)
            check.count += 1
        yield "".join(line_of(row._mapping) for row in rows)
    yield last_line_of(check)
