"""Every SELECT on API keys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, literal, select, tuple_

from shared.errors import Invalid
from shared.pages import PageQuery, decode_cursor, encode_cursor
from shared.tx import ReadTx
from tenant_plane.access.errors import ApiKeyNotFound
from tenant_plane.access.models import ApiKey


async def one(tx: ReadTx, key_id: str) -> ApiKey:
    key = (await tx.session.scalars(select(ApiKey).where(ApiKey.id == key_id).with_for_update())).one_or_none()
    if key is None:
        raise ApiKeyNotFound(key_id)
    return key


async def page(tx: ReadTx, page: PageQuery) -> tuple[Sequence[ApiKey], str | None]:
    statement = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    if page.after:
        created_at, key_id = decode_cursor(page.after, 2)
        try:
            key = tuple_(literal(datetime.fromisoformat(str(created_at))), literal(str(key_id)))
        except ValueError:
            raise Invalid("This cursor is not one of ours; start again without it.") from None
        statement = statement.where(tuple_(ApiKey.created_at, ApiKey.id) < key)
    rows = (await tx.session.scalars(statement.offset(page.skip).limit(page.size + 1))).all()
    if len(rows) <= page.size:
        return rows, None
    last = rows[page.size - 1]
    return rows[: page.size], encode_cursor([last.created_at.isoformat(), last.id])


async def count(tx: ReadTx) -> int:
    return await tx.session.scalar(select(func.count()).select_from(ApiKey)) or 0
