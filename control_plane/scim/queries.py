from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from control_plane.scim.models import ScimToken, ScimUserRow
from shared.tx import ReadTx, WriteTx

USE_NOTED_AFTER = timedelta(minutes=1)


async def token_of(tx: ReadTx, tenant_id: str) -> ScimToken | None:
    return (await tx.session.execute(select(ScimToken).where(ScimToken.tenant_id == tenant_id))).scalar_one_or_none()


async def tenant_of_token(tx: ReadTx, token_hash: bytes) -> str | None:
    statement = select(ScimToken.tenant_id).where(ScimToken.token_hash == token_hash)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def note_use(tx: WriteTx, tenant_id: str) -> None:
    """Once a minute at most: a directory sends thousands of requests in a row."""
    is_stale = or_(ScimToken.last_used_at.is_(None), ScimToken.last_used_at < tx.now - USE_NOTED_AFTER)
    await tx.session.execute(
        update(ScimToken).where(ScimToken.tenant_id == tenant_id, is_stale).values(last_used_at=tx.now)
    )


async def note_refusal(tx: WriteTx, tenant_id: str, said: str) -> None:
    """The same one once a minute at most."""
    is_news = or_(ScimToken.last_refusal.is_distinct_from(said), ScimToken.last_refused_at < tx.now - USE_NOTED_AFTER)
    await tx.session.execute(
        update(ScimToken)
        .where(ScimToken.tenant_id == tenant_id, is_news)
        .values(last_refused_at=tx.now, last_refusal=said)
    )


async def rows_of(tx: ReadTx, tenant_id: str, user_ids: Collection[UUID]) -> dict[UUID, ScimUserRow]:
    statement = select(ScimUserRow).where(ScimUserRow.tenant_id == tenant_id, ScimUserRow.user_id.in_(user_ids))
    return {row.user_id: row for row in (await tx.session.execute(statement)).scalars()}


async def lock_row(tx: WriteTx, tenant_id: str, user_id: UUID) -> None:
    """So that two patches of one user follow each other."""
    statement = select(ScimUserRow.user_id).where(ScimUserRow.tenant_id == tenant_id, ScimUserRow.user_id == user_id)
    await tx.session.execute(statement.with_for_update())


async def ids_by_user_name(tx: ReadTx, tenant_id: str, user_name: str) -> Sequence[UUID]:
    """``user_name`` in lower case; at most one."""
    statement = select(ScimUserRow.user_id).where(
        ScimUserRow.tenant_id == tenant_id, ScimUserRow.user_name == user_name
    )
    return (await tx.session.execute(statement)).scalars().all()


async def ids_by_external_id(tx: ReadTx, tenant_id: str, external_id: str, limit: int) -> Sequence[UUID]:
    statement = (
        select(ScimUserRow.user_id)
        .where(ScimUserRow.tenant_id == tenant_id, ScimUserRow.external_id == external_id)
        .order_by(ScimUserRow.user_id)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).scalars().all()
