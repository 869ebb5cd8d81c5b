"""Reading an audit log: pages, counts, and a walk through all of it. ``table`` is the plane's own.

Every page is short whatever the filter: equal columns are read along an index that has ``seq`` behind them; for a
range the log is walked from its end, in the index ``audit_log_walk``, which has what ranges are about. So a page first
finds its numbers, and then reads these rows alone. What a search for words does stands below.
"""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Result,
    Row,
    Select,
    Text,
    any_,
    cast,
    false,
    func,
    inspect,
    literal,
    literal_column,
    or_,
    select,
    text,
)

from shared.audit.entries import MOST_COUNTED, AuditFilter
from shared.audit.table import AuditColumns
from shared.pages import Number, PageQuery, cut, position
from shared.tx import ReadTx

SORT_KEY = TypeAdapter(tuple[Number])
WORD = re.compile(r"[^\W_]+")
WORDS: ColumnElement[Any] = literal_column(
    "to_tsvector('simple', regexp_replace(actor_name || ' ' || action || ' ' || target || ' ' || coalesce(address, '')"
    " || ' ' || trace_id || ' ' || left(details::text, 10000), '[^[:alnum:]]+', ' ', 'g'))"
)
"""Letter for letter the expression of the index ``audit_log_words``."""
LAST_CHARACTER = "\U0010ffff"
# A plan made for any value would be right for a rare actor and wrong for the one who does everything.
FOR_THESE_VALUES = text("set local plan_cache_mode = force_custom_plan")
ALONG_THE_WORDS = text(
    "select set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'off', true),"
    " set_config('work_mem', '32MB', true)"
)
NEAR = 10
"""A word is first looked for in the newest entries, ten times as many as fit on the page: most words are there."""
Conditions = Sequence[ColumnElement[bool]]
AuditTable = type[AuditColumns]
AnyRow = Row[Any]


def conditions(table: AuditTable, wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actor is not None:
        found.append(or_(table.actor_name == wanted.actor, table.actor_id == wanted.actor))
    if wanted.action is not None:
        action = table.action.collate("C")
        found += [action >= wanted.action, action < wanted.action + LAST_CHARACTER]
    if wanted.target is not None:
        found.append(table.target == wanted.target)
    if wanted.result is not None:
        found.append(table.result == wanted.result)
    if wanted.since is not None:
        found.append(table.at >= wanted.since)
    if wanted.until is not None:
        found.append(table.at < wanted.until)
    if wanted.q is not None:
        found.append(_words(wanted.q))
    return found


def _words(q: str) -> ColumnElement[bool]:
    words = WORD.findall(q)
    if not words:
        return false()
    return WORDS.op("@@")(func.to_tsquery("simple", " & ".join(f"{word}:*" for word in words)))


async def page(
    tx: ReadTx, table: AuditTable, wanted: AuditFilter, asked: PageQuery, *, only: Conditions = ()
) -> tuple[Sequence[AnyRow], str | None]:
    """Rows with all columns of ``table``, newest first; ``only`` says what the caller may see of it."""
    await tx.session.execute(FOR_THESE_VALUES)
    where = [*conditions(table, wanted), *only]
    after = None if asked.after is None else position(asked.after, SORT_KEY)[0]
    if after is not None:
        where.append(table.seq < after)
    numbers = select(table.seq).where(*where).order_by(table.seq.desc()).offset(asked.skip).limit(asked.size + 1)
    rows: Sequence[AnyRow] = ()
    if wanted.q is not None and asked.skip == 0:
        newest = select(func.max(table.seq)).scalar_subquery() if after is None else literal(after)
        near = numbers.where(table.seq > newest - NEAR * (asked.size + 1))
        rows = (await tx.session.execute(_rows(table, near))).all()
    if len(rows) <= asked.size:
        rows = (await _executed(tx, wanted, _rows(table, numbers))).all()
    return cut(rows, asked.size, lambda row: [row.seq])


def _rows(table: AuditTable, numbers: Select[Any]) -> Select[Any]:
    """As an array, so that the rows come along the primary key and are not sorted again."""
    found = func.array(numbers.scalar_subquery(), type_=ARRAY(BigInteger))
    return select(*inspect(table).columns).where(table.seq == any_(found)).order_by(table.seq.desc())


async def _executed(tx: ReadTx, wanted: AuditFilter, statement: Select[Any]) -> Result[Any]:
    """Postgres does not know that a word is an old one, and would walk back to it along the whole log."""
    if wanted.q is not None:
        await tx.session.execute(ALONG_THE_WORDS)
    found: Result[Any] = await tx.session.execute(statement)
    return found


async def count(tx: ReadTx, table: AuditTable, wanted: AuditFilter, *, only: Conditions = ()) -> int:
    """Numbers have no gaps, so that the newest one counts all; with conditions no more than MOST_COUNTED + 1."""
    where = [*conditions(table, wanted), *only]
    if not where:
        return await head_seq(tx, table)
    await tx.session.execute(FOR_THESE_VALUES)
    some = select(table.seq).where(*where).limit(MOST_COUNTED + 1).subquery()
    return int((await _executed(tx, wanted, select(func.count()).select_from(some))).scalar_one())


async def head_seq(tx: ReadTx, table: AuditTable) -> int:
    return await tx.session.scalar(select(func.max(table.seq))) or 0


async def batch(
    tx: ReadTx,
    table: AuditTable,
    wanted: AuditFilter,
    *,
    after: int,
    until: int,
    limit: int,
    only: Conditions = (),
) -> Sequence[AnyRow]:
    """Oldest first, with ``details`` as the text that the hash covers."""
    await tx.session.execute(FOR_THESE_VALUES)
    columns = [
        cast(column, Text).label("details") if column.name == "details" else column for column in inspect(table).columns
    ]
    statement: Select[Any] = (
        select(*columns)
        .where(table.seq > after, table.seq <= until, *conditions(table, wanted), *only)
        .order_by(table.seq)
        .limit(limit)
    )
    rows: Sequence[AnyRow] = (await tx.session.execute(statement)).all()
    return rows
