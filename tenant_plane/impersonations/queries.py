from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, tuple_

from shared.pages import TIME_AND_ID, PageQuery, cut, position
from shared.tx import ReadTx, WriteTx
from tenant_plane.impersonations.models import ImpersonationRow


async def locked(tx: WriteTx, impersonation_id: UUID) -> ImpersonationRow:
    statement = select(ImpersonationRow).where(ImpersonationRow.id == impersonation_id).with_for_update()
    return (await tx.session.execute(statement)).scalar_one()


async def page(tx: ReadTx, asked: PageQuery) -> tuple[Sequence[ImpersonationRow], str | None]:
    """Newest first."""
    statement = select(ImpersonationRow)
    if asked.after is not None:
        key = tuple_(ImpersonationRow.starts_at, ImpersonationRow.id)
        statement = statement.where(key < position(asked.after, TIME_AND_ID))
    statement = statement.order_by(ImpersonationRow.starts_at.desc(), ImpersonationRow.id.desc())
    rows = (await tx.session.execute(statement.offset(asked.skip).limit(asked.size + 1))).scalars().all()
    return cut(rows, asked.size, lambda row: (row.starts_at, row.id))


async def count(tx: ReadTx) -> int:
    return (await tx.session.execute(select(func.count()).select_from(ImpersonationRow))).scalar_one()
