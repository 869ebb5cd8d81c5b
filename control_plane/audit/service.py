"""The verbs of the audit log. Nothing here writes it: the transaction that makes a change also appends its entry.

A tenant's administrator sees the entries that were marked for this tenant; a super-admin sees all.
"""

from collections.abc import Sequence
from typing import Any

from control_plane.audit import queries
from control_plane.audit.schemas import AuditExported, ControlAuditEntry, ControlAuditFilter, ControlAuditQuery
from control_plane.core.permissions import Permission
from shared.pages import Page
from shared.tx import ReadTx, WriteTx


async def list_audit_log(tx: ReadTx, wanted: ControlAuditQuery) -> Page[ControlAuditEntry]:
    tx.require(Permission.AUDIT_READ)
    rows, cursor = await queries.page(tx, wanted, wanted, _visible_to(tx))
    return Page(
        items=[ControlAuditEntry.of(row) for row in rows],
        total=await queries.count(tx, wanted, _visible_to(tx)),
        limit=wanted.size,
        offset=wanted.skip,
        next_cursor=cursor,
    )


async def begin_export(tx: WriteTx, wanted: ControlAuditFilter) -> None:
    """The export stands in the log before its first line leaves."""
    tx.require(Permission.AUDIT_READ)
    told = wanted.model_dump(mode="json", exclude_none=True)
    tx.record(AuditExported(filter=told, tenant_id=_visible_to(tx)))


async def get_newest(tx: ReadTx) -> int:
    """The number of the newest entry."""
    tx.require(Permission.AUDIT_READ)
    return await queries.newest(tx)


async def read_batch(tx: ReadTx, wanted: ControlAuditFilter, *, after: int, until: int, limit: int) -> Sequence[Any]:
    """Rows for an export, oldest first, with ``details`` as text."""
    tx.require(Permission.AUDIT_READ)
    return await queries.batch(tx, wanted, _visible_to(tx), after=after, until=until, limit=limit)


def _visible_to(tx: ReadTx) -> str | None:
    return tx.actor.tenant.id if tx.actor.tenant is not None else None
