"""The verbs of impersonations. What one allows is decided with its token (core/actors.py)."""

from sqlalchemy.dialects.postgresql import insert

from shared.contracts.impersonations import Impersonation
from shared.pages import Page
from shared.tx import ReadTx, WriteTx
from tenant_plane.core.permissions import Permission
from tenant_plane.impersonations import queries
from tenant_plane.impersonations.models import ImpersonationRow
from tenant_plane.impersonations.schemas import (
    ImpersonationBegun,
    ImpersonationEnded,
    ImpersonationQuery,
    ImpersonationRead,
)


async def note_impersonation(tx: WriteTx, told: Impersonation) -> None:
    """Bring what is known here to what the control plane says. One that has ended never begins again, in whatever
    order the two calls arrive.
    """
    tx.require(Permission.IMPERSONATIONS_MANAGE)
    values = told.model_dump(exclude={"ended_at"})
    statement = insert(ImpersonationRow).values(**values).on_conflict_do_nothing().returning(ImpersonationRow.id)
    if (await tx.session.execute(statement)).first() is not None:
        tx.record(
            ImpersonationBegun(
                impersonation_id=told.id,
                by=told.by,
                reason=told.reason,
                read_only=told.read_only,
                ends_at=told.ends_at,
            )
        )
    row = await queries.locked(tx, told.id)
    if told.ended_at is not None and row.ended_at is None:
        row.ended_at = told.ended_at
        tx.record(ImpersonationEnded(impersonation_id=told.id, by=told.by))


async def list_impersonations(tx: ReadTx, asked: ImpersonationQuery) -> Page[ImpersonationRead]:
    """Newest first."""
    tx.require(Permission.IMPERSONATIONS_READ)
    rows, cursor = await queries.page(tx, asked)
    return Page(
        items=[_read(tx, row) for row in rows],
        total=await queries.count(tx),
        limit=asked.size,
        offset=asked.skip,
        next_cursor=cursor,
    )


def _read(tx: ReadTx, row: ImpersonationRow) -> ImpersonationRead:
    return ImpersonationRead(
        id=row.id,
        by=row.by,
        reason=row.reason,
        read_only=row.read_only,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        ended_at=row.ended_at,
        is_running=row.ended_at is None and row.ends_at > tx.now,
    )
