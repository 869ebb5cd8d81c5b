"""Every SELECT on dead letters."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, literal, select, tuple_

from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx
from tenant_plane.ingest.errors import DeadLetterNotFound
from tenant_plane.ingest.models import DeadLetter


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


async def recent_by_source(tx: ReadTx) -> dict[str, tuple[datetime, int]]:
    """Per source: the newest dead letter and how many there were in the last 24 hours."""
    rows = await tx.session.execute(
        select(DeadLetter.source, func.max(DeadLetter.received_at), func.count())
        .where(DeadLetter.received_at > tx.now - timedelta(hours=24))
        .group_by(DeadLetter.source)
    )
    return {source: (newest, number) for source, newest, number in rows}
