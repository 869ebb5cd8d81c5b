"""Every SELECT on API keys."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import func, literal, select, tuple_

from shared.fields import Text, Timestamp
from shared.pages import PageQuery, cut, position
from shared.tx import ReadTx
from tenant_plane.access.errors import ApiKeyNotFound
from tenant_plane.access.models import ApiKey
from tenant_plane.access.schemas import Scope
from tenant_plane.usage.rules import Limit

TIME_AND_KEY: TypeAdapter[tuple[datetime, Text]] = TypeAdapter(tuple[Timestamp, Text])


async def one(tx: ReadTx, key_id: str) -> ApiKey:
    key = (await tx.session.scalars(select(ApiKey).where(ApiKey.id == key_id).with_for_update())).one_or_none()
    if key is None:
        raise ApiKeyNotFound(key_id)
    return key


async def page(tx: ReadTx, page: PageQuery, made_by: str | None) -> tuple[Sequence[ApiKey], str | None]:
    statement = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    if made_by is not None:
        statement = statement.where(ApiKey.created_by == made_by)
    if page.after:
        after = (literal(value) for value in position(page.after, TIME_AND_KEY))
        statement = statement.where(tuple_(ApiKey.created_at, ApiKey.id) < tuple_(*after))
    rows = (await tx.session.scalars(statement.offset(page.skip).limit(page.size + 1))).all()
    return cut(rows, page.size, lambda row: [row.created_at.isoformat(), row.id])


async def count(tx: ReadTx, made_by: str | None) -> int:
    statement = select(func.count()).select_from(ApiKey)
    if made_by is not None:
        statement = statement.where(ApiKey.created_by == made_by)
    return await tx.session.scalar(statement) or 0


async def count_active(tx: ReadTx, limit: Limit) -> int:
    """Those that count against this limit: integrations, or all other keys."""
    ends = ApiKey.expires_at.is_(None) | (ApiKey.expires_at > tx.now)
    sends = ApiKey.scope == Scope.INGESTION
    counted = sends if limit is Limit.INTEGRATIONS else ~sends
    return await tx.session.scalar(select(func.count()).where(ApiKey.revoked_at.is_(None), ends, counted)) or 0
