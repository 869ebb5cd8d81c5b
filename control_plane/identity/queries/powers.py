"""Signing keys and impersonations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_

from control_plane.identity.models import ImpersonationRow, SigningKeyRow
from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx


async def unretired_keys(tx: ReadTx) -> Sequence[SigningKeyRow]:
    statement = (
        select(SigningKeyRow)
        .where(or_(SigningKeyRow.retire_at.is_(None), SigningKeyRow.retire_at > tx.now))
        .order_by(SigningKeyRow.active_from, SigningKeyRow.kid)
    )
    return (await tx.session.execute(statement)).scalars().all()


async def delete_keys_retired_before(tx: WriteTx, moment: datetime) -> None:
    await tx.session.execute(delete(SigningKeyRow).where(SigningKeyRow.retire_at < moment))


async def one_impersonation(tx: ReadTx, impersonation_id: UUID) -> ImpersonationRow | None:
    statement = select(ImpersonationRow).where(ImpersonationRow.id == impersonation_id)
    return (await tx.session.execute(statement)).scalar_one_or_none()


async def locked_impersonation(tx: WriteTx, tenant_id: str, impersonation_id: UUID) -> ImpersonationRow | None:
    statement = select(ImpersonationRow).where(
        ImpersonationRow.tenant_id == tenant_id, ImpersonationRow.id == impersonation_id
    )
    return (await tx.session.execute(statement.with_for_update())).scalar_one_or_none()


async def page_of_impersonations(
    tx: ReadTx, tenant_id: str, asked: PageQuery
) -> tuple[Sequence[ImpersonationRow], str | None, int]:
    """Newest first; the next cursor; and how many there are."""
    statement = select(ImpersonationRow).where(ImpersonationRow.tenant_id == tenant_id)
    if asked.after is not None:
        key = tuple_(ImpersonationRow.starts_at, ImpersonationRow.id)
        statement = statement.where(key < position(asked.after, TIME_AND_ID))
    statement = statement.order_by(ImpersonationRow.starts_at.desc(), ImpersonationRow.id.desc())
    rows = (await tx.session.execute(statement.offset(asked.skip).limit(asked.size + 1))).scalars().all()
    shown, cursor = cut(rows, asked.size, lambda row: (row.starts_at, row.id))
    counted = select(func.count()).select_from(ImpersonationRow).where(ImpersonationRow.tenant_id == tenant_id)
    return shown, cursor, (await tx.session.execute(counted)).scalar_one()


async def untold_ends(tx: ReadTx, limit: int) -> Sequence[ImpersonationRow]:
    """Ended before their time, and the plane may not know it; after their time their tokens have ended anyway."""
    statement = (
        select(ImpersonationRow)
        .where(
            ImpersonationRow.told_at.is_(None),
            ImpersonationRow.ended_at.is_not(None),
            ImpersonationRow.ends_at > tx.now,
        )
        .order_by(ImpersonationRow.ends_at)
        .limit(limit)
    )
    return (await tx.session.execute(statement)).scalars().all()
