"""Every SELECT on the audit log; how they are made stands in shared/audit/queries.py.

``visible_to`` is the tenant whose entries the caller may see, None for all.
"""

from collections.abc import Sequence

from control_plane.audit.models import AuditRow
from control_plane.audit.schemas import ControlAuditFilter
from shared.audit import queries
from shared.audit.queries import AnyRow, Conditions
from shared.pages import PageQuery
from shared.tx import ReadTx


def _only(wanted: ControlAuditFilter, visible_to: str | None) -> Conditions:
    return [AuditRow.tenant_id == tenant_id for tenant_id in (visible_to, wanted.tenant_id) if tenant_id is not None]


async def page(
    tx: ReadTx, wanted: ControlAuditFilter, asked: PageQuery, visible_to: str | None
) -> tuple[Sequence[AnyRow], str | None]:
    return await queries.page(tx, AuditRow, wanted, asked, only=_only(wanted, visible_to))


async def count(tx: ReadTx, wanted: ControlAuditFilter, visible_to: str | None) -> int:
    return await queries.count(tx, AuditRow, wanted, only=_only(wanted, visible_to))


async def newest(tx: ReadTx) -> int:
    return await queries.head_seq(tx, AuditRow)


async def batch(
    tx: ReadTx, wanted: ControlAuditFilter, visible_to: str | None, *, after: int, until: int, limit: int
) -> Sequence[AnyRow]:
    only = _only(wanted, visible_to)
    return await queries.batch(tx, AuditRow, wanted, after=after, until=until, limit=limit, only=only)
