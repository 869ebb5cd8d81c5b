"""Every SELECT on the audit log; how they are made stands in shared/audit/queries.py."""

from collections.abc import Sequence

from shared.audit import queries
from shared.audit.queries import AnyRow
from shared.pages import PageQuery
from shared.tx import ReadTx
from tenant_plane.audit.models import AuditRow
from tenant_plane.audit.schemas import AuditFilter


async def page(tx: ReadTx, wanted: AuditFilter, asked: PageQuery) -> tuple[Sequence[AnyRow], str | None]:
    return await queries.page(tx, AuditRow, wanted, asked)


async def count(tx: ReadTx, wanted: AuditFilter) -> int:
    return await queries.count(tx, AuditRow, wanted)


async def newest(tx: ReadTx) -> int:
    return await queries.head_seq(tx, AuditRow)


async def batch(tx: ReadTx, wanted: AuditFilter, *, after: int, until: int, limit: int) -> Sequence[AnyRow]:
    return await queries.batch(tx, AuditRow, wanted, after=after, until=until, limit=limit)
