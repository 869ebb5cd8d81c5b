"""Every SELECT on dead letters and held payloads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, literal, select, text, tuple_

from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx
from tenant_plane.ingest.errors import DeadLetterNotFound
from tenant_plane.ingest.models import DeadLetter, HeldPayload

LOCK = text("select pg_advisory_xact_lock(hashtext('ingest ' || current_schema()))")
LOCK_SHARED = text("select pg_advisory_xact_lock_shared(hashtext('ingest ' || current_schema()))")
NOTE_HELD = text("select plane.note_held(:held)")
PUT_OFF_HELD = text("select plane.put_off_held(:until)")
NEXT = text(
    """
select id from (
    select id, received_at, sum(octet_length(payload)) over (order by received_at, id) - octet_length(payload) as before
    from (
        select id, received_at, payload from held_payloads where processed_at is null
        order by received_at, id limit :most
    ) as first
) as sized
where before < :bytes order by received_at, id
"""
)
"""The oldest payloads that together are about as large as ``bytes``, and one at least."""


async def lock_ingest(tx: WriteTx) -> None:
    """One batch of the tenant at a time, across processes."""
    await tx.session.execute(LOCK)


async def lock_holding(tx: WriteTx) -> None:
    """Beside other payloads that are put on hold; not beside a batch, nor beside the work through what is held."""
    await tx.session.execute(LOCK_SHARED)


async def note_held(tx: WriteTx, held: bool) -> None:
    """In this plane's snapshot of the tenant: whether any payload of it is held."""
    await tx.session.execute(NOTE_HELD, {"held": held})


async def put_off_held(tx: WriteTx, until: datetime) -> None:
    """No turn before that, unless the control plane says something new of the tenant."""
    await tx.session.execute(PUT_OFF_HELD, {"until": until})


async def one(tx: ReadTx, letter_id: UUID) -> DeadLetter:
    statement = select(DeadLetter).where(DeadLetter.id == letter_id).with_for_update()
    letter = (await tx.session.scalars(statement)).one_or_none()
    if letter is None:
        raise DeadLetterNotFound(letter_id)
    return letter


async def page(tx: ReadTx, page: PageQuery) -> tuple[Sequence[DeadLetter], str | None]:
    statement = select(DeadLetter).order_by(DeadLetter.received_at.desc(), DeadLetter.id.desc())
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(DeadLetter.received_at, DeadLetter.id) < tuple_(*after))
    rows = (await tx.session.scalars(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, lambda row: [row.received_at.isoformat(), row.id])


async def count(tx: ReadTx) -> int:
    return await tx.session.scalar(select(func.count()).select_from(DeadLetter)) or 0


async def held_page(tx: ReadTx, page: PageQuery) -> tuple[Sequence[Row[Any]], str | None]:
    """With the size of each payload, never the payload."""
    statement: Select[Any] = select(
        HeldPayload.id,
        HeldPayload.source,
        HeldPayload.sender,
        HeldPayload.reason,
        HeldPayload.received_at,
        HeldPayload.processed_at,
        HeldPayload.error,
        func.octet_length(HeldPayload.payload).label("size_bytes"),
    ).order_by(HeldPayload.received_at.desc(), HeldPayload.id.desc())
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_ID))
        statement = statement.where(tuple_(HeldPayload.received_at, HeldPayload.id) < tuple_(*after))
    rows = (await tx.session.execute(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, lambda row: [row.received_at.isoformat(), row.id])


async def count_all_held(tx: ReadTx) -> int:
    return await tx.session.scalar(select(func.count()).select_from(HeldPayload)) or 0


async def count_held(tx: ReadTx) -> int:
    """Those that still wait."""
    return await tx.session.scalar(select(func.count()).where(HeldPayload.processed_at.is_(None))) or 0


async def next_held(tx: WriteTx, most: int, most_bytes: int) -> Sequence[HeldPayload]:
    """The ones that came first, locked."""
    ids = (await tx.session.execute(NEXT, {"most": most, "bytes": most_bytes})).scalars().all()
    statement = (
        select(HeldPayload)
        .where(HeldPayload.id.in_(ids), HeldPayload.processed_at.is_(None))
        .order_by(HeldPayload.received_at, HeldPayload.id)
        .with_for_update()
    )
    return (await tx.session.scalars(statement)).all()


async def forget_processed(tx: WriteTx, before: datetime, most: int) -> None:
    ids = select(HeldPayload.id).where(HeldPayload.processed_at < before).limit(most)
    await tx.session.execute(delete(HeldPayload).where(HeldPayload.id.in_(ids)))


async def forget_dead_letters(tx: WriteTx, before: datetime, most: int) -> int:
    """How many went."""
    ids = select(DeadLetter.id).where(DeadLetter.received_at < before).order_by(DeadLetter.received_at).limit(most)
    gone = await tx.session.execute(delete(DeadLetter).where(DeadLetter.id.in_(ids)).returning(DeadLetter.id))
    return len(gone.all())


async def recent_by_source(tx: ReadTx) -> dict[str, tuple[datetime, int]]:
    """Per source: the newest dead letter and how many there were in the last 24 hours."""
    rows = await tx.session.execute(
        select(DeadLetter.source, func.max(DeadLetter.received_at), func.count())
        .where(DeadLetter.received_at > tx.now - timedelta(hours=24))
        .group_by(DeadLetter.source)
    )
    return {source: (newest, number) for source, newest, number in rows}
